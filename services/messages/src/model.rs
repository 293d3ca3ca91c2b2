//! What the log is made of. Every value here is valid.

mod command;
mod content;
mod emoji;
mod event;
mod formatted_text;
mod ground;
mod message;
mod message_fold;
mod message_text;
mod place;
mod room;
mod room_state;
mod view;

#[cfg(test)]
pub(crate) mod fixture;

pub(crate) use command::{Command, Deed, Done, Intent, Placed, Refusal};
pub(crate) use content::{ContentHash, ContentHasher, ContentKey, DedupKey};
pub(crate) use emoji::{Emoji, EmojiUnknown};
pub(crate) use event::{Change, ChangeKind, EventClass, MessagePlace, RoomEvent, TraceContext};
pub(crate) use formatted_text::{Block, FormattedText, Inline, format};
pub(crate) use ground::{FoldedMessage, FoldedMessages, Ground, Verdict};
pub(crate) use message::Message;
pub(crate) use message_fold::{MessageFold, Reaction};
pub(crate) use message_text::MessageText;
pub(crate) use place::{Head, ResetReason, RoomCursor, ScanPosition, Seq};
pub(crate) use room::{Membership, MembershipChange, Role, Room, RoomKind, RoomVersion};
pub(crate) use room_state::RoomState;
pub(crate) use view::{SeqRange, View};
