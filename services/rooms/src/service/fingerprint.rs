//! What a request asked for, as a hash by which a repeat is told from another request under the same id.

use hmac::Mac as _;

use super::{NewRoom, keyed::keyed};
use crate::ports::{ContentHash, StoreKey};

/// Hashes what a new room was to be. The people are folded: in which order and how often one is named makes no
/// difference to the room.
pub(super) fn fingerprint(key: &StoreKey, new: &NewRoom) -> ContentHash {
    let mut users: Vec<_> = new.user_ids.iter().map(|user| user.as_uuid()).collect();
    users.sort_unstable();
    users.dedup();
    let users: Vec<u8> = users.iter().flat_map(|user| *user.as_bytes()).collect();
    let parts: [&[u8]; 4] =
        [&[u8::from(new.is_public)], new.name.as_str().as_bytes(), new.topic.as_str().as_bytes(), &users];
    ContentHash(keyed(key, "create-room", &parts).finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use loquat_ids::UserId;
    use uuid::Uuid;

    use super::*;
    use crate::model::{RoomName, RoomTopic};

    fn new_room(name: &str, topic: &str, users: &[u128]) -> NewRoom {
        NewRoom {
            request_id: "request-1".parse().expect("an id"),
            is_public: true,
            name: RoomName::parse(name).expect("a name"),
            topic: RoomTopic::parse(topic).expect("a topic"),
            user_ids: users.iter().map(|user| UserId::from_uuid(Uuid::from_u128(*user))).collect(),
        }
    }

    #[test]
    fn other_content_hashes_otherwise_and_folded_content_the_same() {
        let key = StoreKey([7; 32]);
        let hash = |new: &NewRoom| fingerprint(&key, new);
        let room = new_room("ab", "c", &[1, 2]);
        assert_eq!(hash(&room), hash(&new_room("ab", "c", &[2, 1, 2])));
        assert_ne!(hash(&room), hash(&new_room("a", "bc", &[1, 2])));
        assert_ne!(hash(&room), hash(&new_room("ab", "c", &[1])));
        assert_ne!(hash(&room), hash(&NewRoom { is_public: false, ..room.clone() }));
        assert_ne!(hash(&room), fingerprint(&StoreKey([8; 32]), &room));
    }
}
