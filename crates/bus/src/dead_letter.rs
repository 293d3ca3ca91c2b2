//! What a durable consumer gave up on, kept for an operator to see.

use std::time::Duration;

use bytes::Bytes;
use loquat_ids::Timestamp;

use crate::{
    BusError, ConsumerName, Subject, TraceContext,
    bus::{check_news_id, check_payload},
};

/// How much of an error's text is kept.
pub const MAX_ERROR_BYTES: usize = 2_048;

/// News, or an event of a log, that a durable consumer could not take, with the reason.
///
/// Nothing reads it but operators: what happened is still in the log, and the consumer's position is past it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Who gave up.
    pub consumer: ConsumerName,
    /// What tells it from the consumer's other letters, the same at every attempt: the id of the news, such as
    /// `room:epoch:seq`. 1 to 255 visible ASCII characters.
    pub id: String,
    /// Where it was published.
    pub subject: Subject,
    /// What it said, whole.
    pub payload: Bytes,
    /// Why it could not be taken. Kept as one line of at most [`MAX_ERROR_BYTES`].
    pub error: String,
    /// How often it was tried.
    pub attempts: u64,
    /// When it was given up.
    pub time: Timestamp,
    /// The trace of who published it, where there was one.
    pub trace: Option<TraceContext>,
}

impl DeadLetter {
    /// Refuses what no twin keeps, and brings the error into its form.
    pub(crate) fn checked(mut self) -> Result<Self, BusError> {
        check_news_id(&self.id)?;
        check_payload(self.subject, &self.payload)?;
        self.error = one_line(&self.error);
        Ok(self)
    }
}

/// What is kept of dead letters, on every twin. Beyond it the oldest goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadLetterLimits {
    /// How many. Default 10,000.
    pub max_letters: usize,
    /// How many bytes, with what stands around payloads. Default 64 MiB.
    pub max_bytes: u64,
    /// How long. In one process it is looked at when another is buried. Default 30 days.
    pub max_age: Duration,
}

impl Default for DeadLetterLimits {
    fn default() -> Self {
        Self { max_letters: 10_000, max_bytes: 64 << 20, max_age: Duration::from_secs(30 * 24 * 60 * 60) }
    }
}

/// Headers and lists of lines hold no line breaks; whoever writes a long error says the most in its beginning.
fn one_line(error: &str) -> String {
    let mut line: String = error.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    line.truncate(line.floor_char_boundary(MAX_ERROR_BYTES));
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_becomes_one_bounded_line() {
        assert_eq!(one_line(" cannot\r\nfold\tit "), "cannot  fold it");
        let long = one_line(&"ü".repeat(MAX_ERROR_BYTES));
        assert!(long.len() <= MAX_ERROR_BYTES && long.chars().all(|char| char == 'ü'), "{long}");
    }
}
