//! What may go wrong on the bus.

use crate::Subject;

/// The source of an error, as it was given.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the bus did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The server is away or did not answer in time. Try again later.
    #[error("bus is unavailable: {what}")]
    Unavailable {
        /// What did not happen.
        what: &'static str,
        /// Why, where it is known.
        #[source]
        source: Option<Cause>,
    },
    /// The payload is larger than the bus carries.
    #[error("payload of {bytes} bytes on {subject} is larger than the bus carries")]
    TooLarge {
        /// Where it was published.
        subject: Subject,
        /// How large it is.
        bytes: usize,
    },
    /// Durable consumers hear nothing of such subjects.
    #[error("{subject} is not a durable subject")]
    NotDurable {
        /// The subject or pattern.
        subject: String,
    },
    /// The id of the news is empty, too long, or not visible ASCII.
    #[error("news id must be 1 to 255 visible ascii characters")]
    NewsId,
    /// The settings cannot be used.
    #[error("bus setting {setting} cannot be used")]
    Setting {
        /// Which setting.
        setting: &'static str,
        /// Why not.
        #[source]
        source: Option<Cause>,
    },
}

impl BusError {
    pub(crate) fn unavailable(what: &'static str) -> Self {
        Self::Unavailable { what, source: None }
    }

    pub(crate) fn unavailable_because(what: &'static str, cause: impl Into<Cause>) -> Self {
        Self::Unavailable { what, source: Some(cause.into()) }
    }
}
