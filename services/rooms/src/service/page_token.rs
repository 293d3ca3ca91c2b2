//! Page tokens: a place in a list, under a seal that only this store makes and that holds for one list only.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac as _;
use loquat_ids::{RoomId, UserId};
use uuid::Uuid;

use super::keyed::keyed;
use crate::{
    error::RoomError,
    model::{DirectoryPosition, ListPosition, MemberPosition, NameKey, NamePrefix},
    ports::StoreKey,
};

const SEAL_BYTES: usize = 16;

/// The list that a token is of. A token of one list is refused by every other.
#[derive(Debug, Clone, Copy)]
pub(super) enum List<'a> {
    /// A person's own rooms.
    Joined(UserId, &'a NamePrefix),
    /// The directory.
    Directory(&'a NamePrefix),
    /// A room's members.
    Members(RoomId),
}

impl List<'_> {
    fn seal(self, key: &StoreKey, position: &[u8]) -> hmac::Hmac<sha2::Sha256> {
        match self {
            Self::Joined(user, prefix) => {
                keyed(key, "page:joined", &[user.as_uuid().as_bytes(), prefix.as_bytes(), position])
            }
            Self::Directory(prefix) => keyed(key, "page:directory", &[prefix.as_bytes(), position]),
            Self::Members(room) => keyed(key, "page:members", &[room.as_uuid().as_bytes(), position]),
        }
    }
}

/// A place in a list, as bytes.
pub(super) trait Position: Sized {
    /// Writes it.
    fn to_bytes(&self) -> Vec<u8>;
    /// Reads it.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

impl Position for ListPosition {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_be_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(u64::from_be_bytes).map(Self)
    }
}

impl Position for MemberPosition {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_be_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(u64::from_be_bytes).map(Self)
    }
}

impl Position for DirectoryPosition {
    fn to_bytes(&self) -> Vec<u8> {
        [self.room_id.as_uuid().as_bytes(), self.name_key.as_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (room, name) = bytes.split_at_checked(16)?;
        let room_id = RoomId::from_uuid(Uuid::from_slice(room).ok()?);
        Some(Self { name_key: NameKey::from_bytes(name.to_vec()), room_id })
    }
}

/// Writes the token of a place in a list: at most 512 characters.
pub(super) fn write(key: &StoreKey, list: List<'_>, position: &impl Position) -> String {
    let mut bytes = position.to_bytes();
    let seal = list.seal(key, &bytes).finalize().into_bytes();
    bytes.extend_from_slice(&seal[..SEAL_BYTES]);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads the token of a place in a list. Empty is the list's beginning.
pub(super) fn read<P: Position>(key: &StoreKey, list: List<'_>, token: &str) -> Result<Option<P>, RoomError> {
    if token.is_empty() {
        return Ok(None);
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| RoomError::PageTokenInvalid)?;
    let at = bytes.len().checked_sub(SEAL_BYTES).ok_or(RoomError::PageTokenInvalid)?;
    let (position, seal) = bytes.split_at(at);
    list.seal(key, position).verify_truncated_left(seal).map_err(|_| RoomError::PageTokenInvalid)?;
    P::from_bytes(position).map(Some).ok_or(RoomError::PageTokenInvalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: StoreKey = StoreKey([1; 32]);

    fn room(number: u128) -> RoomId {
        RoomId::from_uuid(Uuid::from_u128(number))
    }

    fn is_refused<P: Position>(result: &Result<Option<P>, RoomError>) -> bool {
        matches!(result, Err(RoomError::PageTokenInvalid))
    }

    #[test]
    fn a_token_reads_back_in_its_own_list_alone() {
        let (all, some) = (NamePrefix::default(), NamePrefix::of("a"));
        let token = write(&KEY, List::Members(room(1)), &MemberPosition(9));
        assert_eq!(read(&KEY, List::Members(room(1)), &token).expect("ours"), Some(MemberPosition(9)));
        assert!(is_refused(&read::<MemberPosition>(&KEY, List::Members(room(2)), &token)));
        assert!(is_refused(&read::<ListPosition>(&KEY, List::Directory(&all), &token)));
        assert!(is_refused(&read::<MemberPosition>(&StoreKey([2; 32]), List::Members(room(1)), &token)));
        let user = UserId::from_uuid(Uuid::from_u128(5));
        let token = write(&KEY, List::Joined(user, &all), &ListPosition(4));
        assert!(is_refused(&read::<ListPosition>(&KEY, List::Joined(user, &some), &token)));
    }

    #[test]
    fn a_damaged_token_is_refused() {
        let list = List::Members(room(1));
        let token = write(&KEY, list, &MemberPosition(9));
        for damaged in ["x", "!", &token[1..], &format!("Q{}", &token[1..]), &"A".repeat(512)] {
            assert!(is_refused(&read::<MemberPosition>(&KEY, list, damaged)), "{damaged}");
        }
    }

    #[test]
    fn the_longest_token_fits_its_field() {
        let longest = DirectoryPosition { name_key: NameKey::of(&"𐐀".repeat(80)), room_id: room(1) };
        let all = NamePrefix::default();
        let token = write(&KEY, List::Directory(&all), &longest);
        assert!(token.len() <= 512, "{}", token.len());
        assert_eq!(read(&KEY, List::Directory(&all), &token).expect("ours"), Some(longest));
    }
}
