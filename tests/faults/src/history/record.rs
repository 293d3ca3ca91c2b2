//! One line of a history.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Answer, BackupId, End, Failure, FaultId, Head, Hidden, Id, Invoke, Item, Open, Room, RoomClosed, RoomReset,
    StreamId, User, Watch,
};

/// Something that happened, and when the harness saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Microseconds since the run began, by the monotonic clock of the harness. It never falls from line to line.
    pub at: u64,
    /// What happened.
    pub is: Entry,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The run began. Always the first record.
    Run(Run),
    /// A number stands for a person from here on.
    User(UserDeclared),
    /// A number stands for a room from here on.
    Room(RoomDeclared),
    /// A client calls.
    Invoke(Invoke),
    /// A call was answered.
    Ok(Answer),
    /// A call was refused, or came to nothing known.
    Fail(Failure),
    /// A client opens a stream, or asks with Sync.
    Open(Open),
    /// A client changes what a stream watches: written once the stream said that the change is applied.
    Watch(Watch),
    /// A stream said an event.
    Item(Item),
    /// A stream said which numbers it does not tell.
    Hidden(Hidden),
    /// A stream said that a room must be loaded afresh.
    Reset(RoomReset),
    /// A stream said that it no longer tells of a room.
    Closed(RoomClosed),
    /// A stream, or an answer of Sync, said where a room's log stands.
    Head(Head),
    /// A stream ended.
    End(End),
    /// A fault begins.
    FaultBegin(FaultBegin),
    /// A fault is over: what it did is undone.
    FaultEnd(FaultEnd),
    /// A backup, or a copy of the data folders, begins.
    BackupBegun(BackupBegun),
    /// It is complete.
    BackupEnded {
        /// Which.
        backup: BackupId,
    },
    /// All processes are down and the stores were put back to a backup: another life of the logs begins.
    Restored(Restored),
    /// A person's devices came or went, and have been so from here on.
    PresenceTruth(PresenceTruth),
    /// Somebody was told of somebody's presence.
    PresenceSeen(PresenceSeen),
    /// A moment that the checker has to know.
    Mark(Mark),
    /// Something counted outside of calls and streams, such as a process's metric. Values of one name are added up.
    Tally(Tally),
}

/// How the run was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The version of this format: [`Run::FORMAT`].
    pub format: u32,
    /// From which everything random of the run comes.
    pub seed: u64,
    /// `embedded` or `distributed`.
    pub shape: String,
    /// `sqlite`, `postgres` or `mongodb`.
    pub store: String,
    /// Everything else that was chosen, by name.
    pub settings: BTreeMap<String, String>,
}

impl Run {
    /// The version of the format that this code writes and reads.
    pub const FORMAT: u32 = 1;
}

/// A number stands for a person. One that the harness learns of only from the server is declared as well, when it is first
/// seen: that it never asked for anything is the checker's business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserDeclared {
    /// The number.
    pub user: User,
    /// The person's id.
    pub id: Id,
}

/// A number stands for a room, which the harness made before it wrote this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomDeclared {
    /// The number.
    pub room: Room,
    /// The room's id.
    pub id: Id,
    /// Whose it is.
    pub owner: User,
    /// Who is in it from the start, the owner included.
    pub members: Vec<User>,
    /// Whether what happened while a person was out stays hidden from that person after its return.
    pub is_private: bool,
}

/// A fault begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultBegin {
    /// The fault.
    pub fault: FaultId,
    /// What kind of fault, such as `kill` or `delay`.
    pub kind: String,
    /// What it befalls, such as `messages-1` or `gateway-0→nats`.
    pub target: String,
}

/// A fault is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultEnd {
    /// The fault.
    pub fault: FaultId,
}

/// A backup begins. What was acknowledged before this is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupBegun {
    /// The backup.
    pub backup: BackupId,
}

/// The stores were put back. Of what was acknowledged after the backup began, what the backup does not have is lost by
/// design; what was invoked after it ended is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// To which backup.
    pub backup: BackupId,
}

/// A person's devices came or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceTruth {
    /// The person.
    pub user: User,
    /// Whether a stream of the person is open from here on.
    pub is_online: bool,
    /// Whether it vanished (its connection half-open, its client stopped) instead of closing.
    #[serde(default)]
    pub has_vanished: bool,
}

/// Somebody was told of somebody's presence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceSeen {
    /// Over which stream. Absent where it was an answer to a call that was invoked after the last record.
    #[serde(default)]
    pub stream: Option<StreamId>,
    /// Who was told.
    pub observer: User,
    /// Of whom.
    pub subject: User,
    /// Whether the subject is there: anything but offline.
    pub is_online: bool,
}

/// A moment that the checker has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The last fault is over, everything runs. Written once.
    FaultsStopped,
    /// The workload is over, and the harness gave everything the time to arrive: every stream that is still open has all of
    /// its rooms up to their heads; every room's whole log was read, from its beginning, by a stream of a member that was
    /// opened after the workload's end. Written once; what comes after it is not judged.
    Settled,
}

/// Something counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// What, such as `index_conflicts`.
    pub name: String,
    /// How many.
    pub count: u64,
}
