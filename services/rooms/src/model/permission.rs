//! Who may do what in a room: one table, [`permissions`].

use std::fmt;

use super::{Role, RoomKind};

/// What one may do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read the history, the members and the live events.
    ReadRoom,
    /// Send messages and show that one is typing.
    SendMessage,
    /// Enter the room.
    JoinRoom,
    /// Change name and topic.
    UpdateRoom,
    /// End the membership of somebody else.
    RemoveMember,
    /// Pin a message and unpin it.
    PinMessage,
}

impl fmt::Display for Permission {
    /// Writes the name that the contract's enum has, without its prefix.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ReadRoom => "READ_ROOM",
            Self::SendMessage => "SEND_MESSAGE",
            Self::JoinRoom => "JOIN_ROOM",
            Self::UpdateRoom => "UPDATE_ROOM",
            Self::RemoveMember => "REMOVE_MEMBER",
            Self::PinMessage => "PIN_MESSAGE",
        })
    }
}

/// What somebody may do in one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions(&'static [Permission]);

impl Permissions {
    /// Tells whether a permission is among them.
    #[must_use]
    pub fn allow(self, permission: Permission) -> bool {
        self.0.contains(&permission)
    }

    /// Tells whether the room exists at all to who holds these: it does where they allow anything.
    #[must_use]
    pub const fn show_room(self) -> bool {
        !self.0.is_empty()
    }
}

/// Decides what somebody may do in a room, by what it is to the room (`None`: no member) and what kind of room it is.
#[must_use]
pub const fn permissions(role: Option<Role>, kind: RoomKind) -> Permissions {
    use Permission::{JoinRoom, PinMessage, ReadRoom, RemoveMember, SendMessage, UpdateRoom};
    Permissions(match (role, kind) {
        (None, RoomKind::Public) => &[JoinRoom],
        (None, RoomKind::Private | RoomKind::Direct) => &[],
        (Some(_), RoomKind::Direct) => &[ReadRoom, SendMessage, PinMessage],
        (Some(Role::Owner), RoomKind::Public) => {
            &[ReadRoom, SendMessage, PinMessage, JoinRoom, UpdateRoom, RemoveMember]
        }
        (Some(Role::Owner), RoomKind::Private) => &[ReadRoom, SendMessage, PinMessage, UpdateRoom, RemoveMember],
        (Some(Role::Member), RoomKind::Public) => &[ReadRoom, SendMessage, PinMessage, JoinRoom],
        (Some(Role::Member), RoomKind::Private) => &[ReadRoom, SendMessage, PinMessage],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [RoomKind; 3] = [RoomKind::Public, RoomKind::Private, RoomKind::Direct];

    #[test]
    fn only_a_public_room_exists_to_others() {
        for kind in KINDS {
            assert_eq!(permissions(None, kind).show_room(), kind == RoomKind::Public, "{kind:?}");
        }
    }

    #[test]
    fn every_member_reads_sends_and_pins_and_nobody_else_does() {
        for permission in [Permission::ReadRoom, Permission::SendMessage, Permission::PinMessage] {
            for kind in KINDS {
                assert!(!permissions(None, kind).allow(permission));
                assert!(permissions(Some(Role::Member), kind).allow(permission));
                assert!(permissions(Some(Role::Owner), kind).allow(permission));
            }
        }
    }

    #[test]
    fn the_owner_alone_changes_settings_and_removes_members_and_nobody_does_in_a_direct_room() {
        for permission in [Permission::UpdateRoom, Permission::RemoveMember] {
            for kind in KINDS {
                assert!(!permissions(None, kind).allow(permission));
                assert!(!permissions(Some(Role::Member), kind).allow(permission));
                let owner = permissions(Some(Role::Owner), kind).allow(permission);
                assert_eq!(owner, kind != RoomKind::Direct, "{kind:?}");
            }
        }
    }
}
