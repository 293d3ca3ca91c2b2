//! What the log is made of. Every value here is valid.

mod command;
mod content;
mod event;
mod formatted_text;
mod message_text;
mod place;
mod room;
mod room_state;

#[cfg(test)]
pub(crate) mod fixture;

pub(crate) use command::{Command, Placed, Refusal, Rule};
pub(crate) use content::{ContentHash, ContentHasher, ContentKey, DedupKey};
pub(crate) use event::{Change, ChangeKind, EventClass, RoomEvent, TraceContext};
pub(crate) use formatted_text::{Block, FormattedText, Inline, format};
pub(crate) use message_text::MessageText;
pub(crate) use place::{Head, ResetReason, RoomCursor, ScanPosition, Seq};
pub(crate) use room::{Membership, MembershipChange, Role, Room, RoomKind, RoomVersion};
pub(crate) use room_state::RoomState;
