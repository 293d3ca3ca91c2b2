//! The file of dead letters: a line of JSON for each, so that an operator can read it without us.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use loquat_ids::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{DeadLetter, TraceContext};

const FILE: &str = "dead-letters.jsonl";

/// The file, written by one process at a time.
#[derive(Debug)]
pub(super) struct LetterFile {
    path: PathBuf,
    /// How many bytes of it are whole lines. What is beyond was torn, and is cut off before the next line is written.
    length: u64,
    /// How many bytes at its beginning are no longer kept.
    given_up: u64,
}

impl LetterFile {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join(FILE), length: 0, given_up: 0 }
    }

    /// Takes up what is there: each letter with its bytes.
    pub(super) fn open(&mut self) -> io::Result<Vec<(DeadLetter, u64)>> {
        let text = self.bytes()?;
        self.length = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last as u64 + 1);
        let letters = letters(&text);
        if letters.iter().map(|(_, bytes)| bytes).sum::<u64>() != self.length {
            // A line that is none: what follows counts bytes, so it may not stay.
            self.write_anew(letters.iter().map(|(letter, _)| letter))?;
            return Ok(self::letters(&self.bytes()?));
        }
        Ok(letters)
    }

    /// Writes a letter and returns its bytes, when the disk has it. Where this fails the file holds what it held.
    pub(super) fn append(&mut self, letter: &DeadLetter) -> io::Result<u64> {
        let line = line(letter)?;
        let is_new = !self.path.exists();
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&self.path)?;
        file.set_len(self.length)?;
        file.seek(SeekFrom::Start(self.length))?;
        file.write_all(&line)?;
        file.sync_data()?;
        if is_new {
            self.sync_folder()?;
        }
        self.length += line.len() as u64;
        Ok(line.len() as u64)
    }

    /// Returns what is kept.
    pub(super) fn read(&self) -> io::Result<Vec<(DeadLetter, u64)>> {
        let text = self.bytes()?;
        let whole = usize::try_from(self.length).unwrap_or(usize::MAX).min(text.len());
        let first = usize::try_from(self.given_up).unwrap_or(usize::MAX).min(whole);
        Ok(letters(&text[first..whole]))
    }

    /// The first bytes after those given up so far are no longer kept.
    pub(super) fn give_up(&mut self, bytes: u64) {
        self.given_up += bytes;
    }

    /// Writes the file anew once much of it is no longer kept, so that this is rare.
    pub(super) fn compact_if_worth_it(&mut self, kept_bytes: u64) -> io::Result<()> {
        if self.given_up <= kept_bytes / 2 {
            return Ok(());
        }
        let kept = self.read()?;
        self.write_anew(kept.iter().map(|(letter, _)| letter))
    }

    fn write_anew<'a>(&mut self, letters: impl Iterator<Item = &'a DeadLetter>) -> io::Result<()> {
        let mut text = Vec::new();
        for letter in letters {
            text.extend(line(letter)?);
        }
        let beside = self.path.with_extension("jsonl.new");
        let mut file = File::create(&beside)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        self.sync_folder()?;
        self.length = text.len() as u64;
        self.given_up = 0;
        Ok(())
    }

    fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        match File::open(&self.path) {
            Ok(mut file) => file.read_to_end(&mut text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(text)
    }

    /// A file's name is durable only with its folder.
    fn sync_folder(&self) -> io::Result<()> {
        match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// Reads the letters that a process keeps in a folder, oldest first, also while it runs.
pub(super) fn letters_in(folder: &Path) -> io::Result<Vec<DeadLetter>> {
    let text = LetterFile::in_folder(folder).bytes()?;
    Ok(letters(&text).into_iter().map(|(letter, _)| letter).collect())
}

/// A letter as a line. A payload is base64, a moment microseconds since 1970.
#[derive(Serialize, Deserialize)]
struct Line {
    consumer: String,
    id: String,
    subject: String,
    time_micros: Timestamp,
    attempts: u64,
    error: String,
    payload: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    tracestate: String,
}

fn line(letter: &DeadLetter) -> io::Result<Vec<u8>> {
    let trace = letter.trace.clone();
    let line = Line {
        consumer: letter.consumer.to_string(),
        id: letter.id.clone(),
        subject: letter.subject.to_string(),
        time_micros: letter.time,
        attempts: letter.attempts,
        error: letter.error.clone(),
        payload: BASE64_STANDARD.encode(&letter.payload),
        traceparent: trace.as_ref().map(|trace| trace.traceparent.clone()),
        tracestate: trace.map(|trace| trace.tracestate).unwrap_or_default(),
    };
    let mut text = serde_json::to_vec(&line)?;
    text.push(b'\n');
    Ok(text)
}

/// The whole lines that are letters, each with its bytes.
fn letters(text: &[u8]) -> Vec<(DeadLetter, u64)> {
    let whole = text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    whole.filter_map(|line| Some((letter(line)?, line.len() as u64))).collect()
}

fn letter(line: &[u8]) -> Option<DeadLetter> {
    let line: Line = serde_json::from_slice(line).ok()?;
    Some(DeadLetter {
        consumer: line.consumer.parse().ok()?,
        id: line.id,
        subject: line.subject.parse().ok()?,
        payload: BASE64_STANDARD.decode(line.payload).ok()?.into(),
        error: line.error,
        attempts: line.attempts,
        time: line.time_micros,
        trace: line.traceparent.map(|traceparent| TraceContext { traceparent, tracestate: line.tracestate }),
    })
}
