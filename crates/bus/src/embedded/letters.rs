//! Dead letters of one process: in a file where there is a folder, so that they outlive it; otherwise in memory.

use std::{collections::VecDeque, io};

use crate::{DeadLetter, DeadLetterLimits};

use super::letter_file::LetterFile;

/// The letters that are kept, oldest first.
#[derive(Debug)]
pub(super) struct Letters {
    limits: DeadLetterLimits,
    entries: VecDeque<Entry>,
    /// The sum of the entries' bytes.
    bytes: u64,
    place: Place,
}

/// What must be known of a letter without reading it.
#[derive(Debug)]
struct Entry {
    consumer_and_id: String,
    time: loquat_ids::Timestamp,
    bytes: u64,
}

#[derive(Debug)]
enum Place {
    Memory(VecDeque<DeadLetter>),
    File(LetterFile),
}

impl Letters {
    pub(super) fn in_memory(limits: DeadLetterLimits) -> Self {
        Self { limits, entries: VecDeque::new(), bytes: 0, place: Place::Memory(VecDeque::new()) }
    }

    /// Takes up a file with what it holds.
    pub(super) fn in_file(mut file: LetterFile, limits: DeadLetterLimits) -> io::Result<Self> {
        let held = file.open()?;
        let mut letters = Self { limits, entries: VecDeque::new(), bytes: 0, place: Place::File(file) };
        for (letter, bytes) in held {
            letters.note(&letter, bytes);
        }
        letters.drop_the_oldest()?;
        Ok(letters)
    }

    /// Tells whether letters are written to a disk, which may take its time.
    pub(super) fn are_on_disk(&self) -> bool {
        matches!(self.place, Place::File(_))
    }

    /// Keeps a letter, once. Where this fails nothing was kept.
    pub(super) fn keep(&mut self, letter: &DeadLetter) -> io::Result<()> {
        let consumer_and_id = consumer_and_id(letter);
        if self.entries.iter().any(|entry| entry.consumer_and_id == consumer_and_id) {
            return Ok(());
        }
        let bytes = match &mut self.place {
            Place::Memory(letters) => {
                letters.push_back(letter.clone());
                (letter.payload.len() + letter.error.len() + consumer_and_id.len()) as u64
            }
            Place::File(file) => file.append(letter)?,
        };
        self.note(letter, bytes);
        // It is kept; room is made another time where that fails now.
        if let Err(error) = self.drop_the_oldest() {
            tracing::warn!(%error, "old dead letters take up room");
        }
        Ok(())
    }

    /// Returns the newest, oldest first.
    pub(super) fn newest(&self, at_most: usize) -> io::Result<Vec<DeadLetter>> {
        let first = self.entries.len().saturating_sub(at_most);
        match &self.place {
            Place::Memory(letters) => Ok(letters.range(first..).cloned().collect()),
            Place::File(file) => {
                let kept = file.read()?;
                let skipped = kept.len().saturating_sub(self.entries.len().min(at_most));
                Ok(kept.into_iter().skip(skipped).map(|(letter, _)| letter).collect())
            }
        }
    }

    fn note(&mut self, letter: &DeadLetter, bytes: u64) {
        self.entries.push_back(Entry { consumer_and_id: consumer_and_id(letter), time: letter.time, bytes });
        self.bytes += bytes;
    }

    fn drop_the_oldest(&mut self) -> io::Result<()> {
        let Some(newest) = self.entries.back().map(|entry| entry.time) else { return Ok(()) };
        while self.entries.len() > 1
            && self.entries.front().is_some_and(|oldest| {
                self.entries.len() > self.limits.max_letters
                    || self.bytes > self.limits.max_bytes
                    || newest.since(oldest.time) > self.limits.max_age
            })
        {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.bytes;
            match &mut self.place {
                Place::Memory(letters) => drop(letters.pop_front()),
                Place::File(file) => file.give_up(oldest.bytes),
            }
        }
        match &mut self.place {
            Place::Memory(_) => Ok(()),
            Place::File(file) => file.compact_if_worth_it(self.bytes),
        }
    }
}

fn consumer_and_id(letter: &DeadLetter) -> String {
    // A consumer's name holds no colon.
    format!("{}:{}", letter.consumer, letter.id)
}
