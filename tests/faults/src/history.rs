//! The history of a run: everything that clients asked and were told, in the order in which the harness saw it.
//!
//! A history is a file of JSON lines, one [`Record`] each, the first of them a [`Run`]. It is append-only and written by one
//! process, so that its times are of one monotonic clock and the order of its lines is the order of those times. It speaks
//! of users, rooms, calls and streams by small numbers ([`User`], [`Room`], [`Op`], [`StreamId`]); a number is declared
//! before it is used ([`Entry::User`], [`Entry::Room`], [`Entry::Invoke`], [`Entry::Open`]).
//!
//! What a recorder must keep to, so that the checker may draw conclusions:
//! - An invocation is written before the call's first byte can leave, an answer after its last byte came.
//! - The opening of a stream is written before its request can leave, too.
//! - Every invocation is answered by exactly one [`Entry::Ok`] or [`Entry::Fail`], or by none where the run ended first.
//! - Items of a stream are written in the order in which the stream said them.
//! - A later attempt at the same command is an invocation of its own, with the same `request`.
//! - Texts of sends and edits are never the same in two commands of a run.
//! - Before a restore ([`Entry::Restored`]) all calls are answered or given up as unknown, and all streams have ended.

mod call;
mod file;
mod names;
mod record;
mod stream;

pub use call::{Action, Answer, Around, Failure, Invoke, MessageSeen, Outcome, Reaction, Reply, Written};
pub use file::{HistoryError, HistoryFile, Records, Source, Writer};
pub use names::{BackupId, FaultId, Id, Op, Room, StreamId, User};
pub use record::{
    BackupBegun, Entry, FaultBegin, FaultEnd, Mark, PresenceSeen, PresenceTruth, Record, Restored, RoomDeclared, Run,
    Tally, UserDeclared,
};
pub use stream::{
    Change, ChangeKind, ClosedReason, CursorOpen, End, EndReason, Head, Hidden, Item, Membership, Open, Place,
    ResetReason, RoomClosed, RoomReset, Watch,
};
