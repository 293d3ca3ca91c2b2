//! Histories in files: JSON lines, written and read as streams.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use super::Record;

/// Why a history cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file cannot be read or written.
    #[error("history file")]
    File(#[from] io::Error),
    /// A line is no record.
    #[error("history line {line} is no record")]
    Line {
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Records, one after another.
pub type Records<'a> = Box<dyn Iterator<Item = Result<Record, HistoryError>> + 'a>;

/// What holds a history and can be read more than once, from the beginning each time.
pub trait Source {
    /// Begins to read.
    ///
    /// # Errors
    /// Where it cannot be opened. What cannot be read later comes as an item.
    fn records(&self) -> Result<Records<'_>, HistoryError>;
}

impl Source for [Record] {
    fn records(&self) -> Result<Records<'_>, HistoryError> {
        Ok(Box::new(self.iter().cloned().map(Ok)))
    }
}

impl Source for Vec<Record> {
    fn records(&self) -> Result<Records<'_>, HistoryError> {
        self.as_slice().records()
    }
}

/// A file that holds a history.
#[derive(Debug, Clone)]
pub struct HistoryFile {
    path: PathBuf,
}

impl HistoryFile {
    /// Names a file.
    #[must_use]
    pub fn at(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned() }
    }
}

impl Source for HistoryFile {
    fn records(&self) -> Result<Records<'_>, HistoryError> {
        Ok(Box::new(Lines::new(BufReader::with_capacity(1 << 20, File::open(&self.path)?))))
    }
}

/// Reads records line by line. Only one line is held at a time. A last line that was cut off, as by the end of the process
/// that wrote it, is left out.
struct Lines<R> {
    from: R,
    line: String,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    const fn new(from: R) -> Self {
        Self { from, line: String::new(), number: 0 }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Record, HistoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.line.clear();
            self.number += 1;
            match self.from.read_line(&mut self.line) {
                Err(error) => return Some(Err(error.into())),
                Ok(_) if !self.line.ends_with('\n') => return None,
                Ok(_) if self.line.trim().is_empty() => {}
                Ok(_) => {
                    let line = self.number;
                    let read = serde_json::from_str(&self.line);
                    return Some(read.map_err(|source| HistoryError::Line { line, source }));
                }
            }
        }
    }
}

/// Writes records, a line each. What is written is in the file after [`Writer::flush`]; lines are never cut by a flush.
#[derive(Debug)]
pub struct Writer<W: Write = File> {
    to: BufWriter<W>,
}

impl Writer {
    /// Begins a file, or goes on at the end of one.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn append(path: impl AsRef<Path>) -> Result<Self, HistoryError> {
        Ok(Self::new(File::options().create(true).append(true).open(path)?))
    }
}

impl<W: Write> Writer<W> {
    /// Writes to anything.
    pub fn new(to: W) -> Self {
        Self { to: BufWriter::with_capacity(1 << 18, to) }
    }

    /// Writes a record.
    ///
    /// # Errors
    /// Where it cannot be written. Part of the line may then be.
    pub fn write(&mut self, record: &Record) -> Result<(), HistoryError> {
        serde_json::to_writer(&mut self.to, record).map_err(io::Error::from)?;
        self.to.write_all(b"\n")?;
        Ok(())
    }

    /// Hands everything written to the system.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn flush(&mut self) -> Result<(), HistoryError> {
        Ok(self.to.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Entry, Mark};

    fn mark(at: u64) -> Record {
        Record { at, is: Entry::Mark(Mark::FaultsStopped) }
    }

    #[test]
    fn what_is_written_is_read_again_and_a_torn_last_line_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        for at in 1..=2 {
            let mut writer = Writer::append(&path).unwrap();
            writer.write(&mark(at)).unwrap();
            writer.flush().unwrap();
        }
        File::options().append(true).open(&path).unwrap().write_all(b"{\"at\":3,\"is\":{\"ma").unwrap();
        let file = HistoryFile::at(&path);
        for _ in 0..2 {
            let read: Result<Vec<_>, _> = file.records().unwrap().collect();
            assert_eq!(read.unwrap(), [mark(1), mark(2)]);
        }
    }

    #[test]
    fn a_line_that_is_no_record_is_named() {
        let text = "{\"at\":1,\"is\":{\"mark\":\"settled\"}}\n{}\n";
        let read: Vec<_> = Lines::new(text.as_bytes()).collect();
        assert!(read[0].is_ok());
        assert!(matches!(read[1], Err(HistoryError::Line { line: 2, .. })));
    }
}
