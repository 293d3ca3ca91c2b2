//! What may be wrong with a store of room logs.

use std::fmt;

use loquat_ids::{EventId, RoomId};

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogDamage {
    /// The room. Nothing for what is no one room's.
    pub room: Option<RoomId>,
    /// The place in its log. Nothing for what has none.
    pub seq: Option<u64>,
    /// What is wrong.
    pub fault: LogFault,
}

impl LogDamage {
    pub(super) const fn of_store(fault: LogFault) -> Self {
        Self { room: None, seq: None, fault }
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogFault {
    /// The database's own check of its file found something.
    #[error("the database is damaged: {0}")]
    Database(String),
    /// One of the two indexes that fence the writers is not there, or not unique.
    #[error("the unique index {0} is not there")]
    IndexMissing(&'static str),
    /// Positions by which scans go on are above those that the database gives out, as after a move to another server: what is
    /// written from now on would not be found by scans.
    #[error("positions of events reach {reached}, and the database gives out {next} next")]
    PositionsAhead {
        /// The highest there is.
        reached: i64,
        /// What the next event gets.
        next: i64,
    },
    /// Places have no event.
    #[error("there is no event from here to {through}")]
    Hole {
        /// The last of them.
        through: u64,
    },
    /// Two events have one place.
    #[error("two events have this place")]
    PlaceTwice,
    /// Two events have one key, so that a request was written twice.
    #[error("two events have the key {0}")]
    KeyTwice(String),
    /// Two events have one id.
    #[error("two events have the id {0}")]
    EventTwice(EventId),
    /// An event is of before the one ahead of it.
    #[error("its time is before that of the event ahead of it")]
    TimeFalls,
    /// An event cannot be read.
    #[error("the event cannot be read: {0}")]
    Unreadable(String),
    /// An event is not filed under the class that its change is of, so that reads miss it.
    #[error("it is filed under class {found}, and is of class {expected}")]
    ClassDiffers {
        /// What stands there.
        found: i16,
        /// What should.
        expected: i16,
    },
    /// A log begins with something else than the room, or the room begins in its middle.
    #[error("the room begins elsewhere than at 1")]
    BeginsWrongly,
    /// The versions of the room that the rooms service decided do not follow each other.
    #[error("version {found} of the room follows version {after}")]
    VersionSkipped {
        /// The version before.
        after: u64,
        /// The version here.
        found: u64,
    },
    /// An event tells of more or fewer members than there are by then.
    #[error("it says that the room has {told} members, and it has {counted}")]
    MemberCountDiffers {
        /// What the event says.
        told: u64,
        /// How many there are by the events up to here.
        counted: u64,
    },
    /// What has become of a message is not kept, although the room is folded so far.
    #[error("what has become of the message is not kept, and the room is folded to {folded_to}")]
    FoldMissing {
        /// How far the room is folded.
        folded_to: u64,
    },
    /// What is kept of a message lacks a change, although the room is folded so far.
    #[error("what is kept of the message lacks the change at {change}, and the room is folded to {folded_to}")]
    FoldBehind {
        /// The place of the change.
        change: u64,
        /// How far the room is folded.
        folded_to: u64,
    },
    /// What is kept of a message is not what the log makes of it.
    #[error("what is kept of the message is not what the log says")]
    FoldDiffers,
    /// Something is kept of a message that is not there.
    #[error("something is kept of a message, and there is no message here")]
    FoldWithoutMessage,
    /// What is kept of a message cannot be read.
    #[error("what is kept of the message cannot be read: {0}")]
    FoldUnreadable(String),
    /// A room is folded to a place that its log has not got.
    #[error("the room is folded to {folded_to}, and its log ends at {head}")]
    FoldedBeyondHead {
        /// How far the room is folded.
        folded_to: u64,
        /// Where the log ends.
        head: u64,
    },
    /// What a deleted message said still stands in the log.
    #[error("it still says what was deleted at {deletion}")]
    BlankMissing {
        /// The place of the deletion.
        deletion: u64,
    },
    /// An event was erased, and no deletion says so.
    #[error("it was erased, and its message is not deleted")]
    BlankWithoutDeletion,
    /// There is more wrong with this log than is listed.
    #[error("{0} more are wrong in this log")]
    More(u64),
}

impl LogFault {
    /// Returns the name that programs know it by. It never changes.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Database(_) => "database_damaged",
            Self::IndexMissing(_) => "index_missing",
            Self::PositionsAhead { .. } => "log_positions_ahead",
            Self::Hole { .. } => "log_hole",
            Self::PlaceTwice => "log_place_twice",
            Self::KeyTwice(_) => "log_key_twice",
            Self::EventTwice(_) => "log_event_twice",
            Self::TimeFalls => "log_time_falls",
            Self::Unreadable(_) => "log_unreadable",
            Self::ClassDiffers { .. } => "log_class_differs",
            Self::BeginsWrongly => "log_begins_wrongly",
            Self::VersionSkipped { .. } => "log_version_skipped",
            Self::MemberCountDiffers { .. } => "log_member_count_differs",
            Self::FoldMissing { .. } => "fold_missing",
            Self::FoldBehind { .. } => "fold_behind",
            Self::FoldDiffers => "fold_differs",
            Self::FoldWithoutMessage => "fold_without_message",
            Self::FoldUnreadable(_) => "fold_unreadable",
            Self::FoldedBeyondHead { .. } => "fold_beyond_head",
            Self::BlankMissing { .. } => "blank_missing",
            Self::BlankWithoutDeletion => "blank_without_deletion",
            Self::More(_) => "log_more",
        }
    }

    /// Tells whether the log itself says how it must be.
    #[must_use]
    pub const fn is_mendable(&self) -> bool {
        matches!(self, Self::IndexMissing(_) | Self::PositionsAhead { .. } | Self::ClassDiffers { .. })
            || self.is_of_folds()
    }

    /// Tells whether it is in what is made of the log, and made again from it.
    pub(super) const fn is_of_folds(&self) -> bool {
        matches!(
            self,
            Self::FoldMissing { .. }
                | Self::FoldBehind { .. }
                | Self::FoldDiffers
                | Self::FoldWithoutMessage
                | Self::FoldUnreadable(_)
                | Self::FoldedBeyondHead { .. }
                | Self::BlankMissing { .. }
        )
    }
}

impl fmt::Display for LogDamage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(formatter)
    }
}
