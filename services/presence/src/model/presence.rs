//! A person's presence, as somebody sees it.

use loquat_ids::{Timestamp, UserId};

use super::StatusText;

/// How a person looks to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appearance {
    Online,
    Away,
    DoNotDisturb,
    Offline,
    /// To itself alone.
    Invisible,
}

/// A person's presence, as somebody sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Presence {
    pub(crate) user: UserId,
    pub(crate) appearance: Appearance,
    pub(crate) status_text: StatusText,
    /// Since when it is so; of one who is offline when it was last there. Nothing where that is not known.
    pub(crate) update_time: Option<Timestamp>,
}
