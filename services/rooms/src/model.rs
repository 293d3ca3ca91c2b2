//! What the service speaks of: types that are valid whenever they exist.

mod change;
mod membership;
mod page;
mod permission;
mod room;
mod text;
mod user_list;

pub use change::{Change, Decision, MembershipChange, RoomEvent, Seq};
pub use membership::{Membership, Role};
pub use page::{DirectoryPosition, ListPosition, MemberPosition, NamePrefix, PageSize};
pub use permission::{Permission, Permissions, permissions};
pub use room::{DirectPair, Room, RoomForm, RoomKind, RoomVersion, RoomView};
pub use text::{NameKey, RoomName, RoomTopic, TextRule};
pub use user_list::{Life, ListProgress, ListVersion, RoomEntry, UserRoomChange, UserRoomChangeKind, UserRoomChanges};
