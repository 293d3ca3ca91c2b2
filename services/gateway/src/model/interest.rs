//! What a stream watches.

use loquat_ids::UserId;

use crate::model::Cursor;

/// All that a stream watches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interest {
    /// The rooms, with the places from which to go on. Each room once.
    pub rooms: Vec<Cursor>,
    /// The users whose presence comes. Each once.
    pub presence: Vec<UserId>,
}

/// A change of what a stream watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterestUpdate {
    /// Grows with each change.
    pub revision: u64,
    /// All that the stream shall watch from now on.
    pub interest: Interest,
}
