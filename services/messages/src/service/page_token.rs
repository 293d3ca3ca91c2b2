//! Page tokens: a place and a direction, sealed, so that a token is either one of ours for this room or none.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use loquat_ids::RoomId;

use crate::{
    error::MessagesError,
    model::{ContentHasher, Seq},
};

const SEAL_BYTES: usize = 12;
const PLACE_BYTES: usize = 9;

/// Which way pages go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Older,
    Newer,
}

/// Where the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageStart {
    pub(super) direction: Direction,
    /// The message that the page before ended with: the next one lies beyond it.
    pub(super) beyond: Seq,
}

/// Makes tokens and reads them. They hold as long as the store's key: over restarts and on every node.
#[derive(Debug)]
pub(super) struct PageTokens(ContentHasher);

impl PageTokens {
    pub(super) const fn new(hasher: ContentHasher) -> Self {
        Self(hasher)
    }

    pub(super) fn write(&self, room: RoomId, start: PageStart) -> String {
        let mut token = vec![match start.direction {
            Direction::Older => 0,
            Direction::Newer => 1,
        }];
        token.extend(start.beyond.get().to_be_bytes());
        token.extend(self.seal(room, &token));
        URL_SAFE_NO_PAD.encode(token)
    }

    pub(super) fn read(&self, room: RoomId, token: &str) -> Result<PageStart, MessagesError> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| MessagesError::PageTokenInvalid)?;
        let (place, seal) = bytes.split_at_checked(PLACE_BYTES).ok_or(MessagesError::PageTokenInvalid)?;
        if seal != self.seal(room, place) {
            return Err(MessagesError::PageTokenInvalid);
        }
        let (direction, seq) = place.split_first_chunk::<1>().ok_or(MessagesError::PageTokenInvalid)?;
        let direction = if *direction == [0] { Direction::Older } else { Direction::Newer };
        let seq = seq.try_into().map(u64::from_be_bytes).map_err(|_| MessagesError::PageTokenInvalid)?;
        Ok(PageStart { direction, beyond: Seq::new(seq) })
    }

    fn seal(&self, room: RoomId, place: &[u8]) -> [u8; SEAL_BYTES] {
        let hash = self.0.hash(&[b"page token", room.as_uuid().as_bytes(), place]);
        *hash.0.first_chunk().expect("a hash is longer than a seal")
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::ContentKey;

    const ROOM: RoomId = RoomId::from_uuid(Uuid::from_u128(1));
    const START: PageStart = PageStart { direction: Direction::Newer, beyond: Seq::new(u64::MAX) };

    fn tokens() -> PageTokens {
        PageTokens::new(ContentHasher::new(ContentKey([7; 32])))
    }

    #[test]
    fn a_token_reads_back_what_it_was_written_for() {
        for start in [START, PageStart { direction: Direction::Older, beyond: Seq::new(1) }] {
            assert_eq!(tokens().read(ROOM, &tokens().write(ROOM, start)).expect("a token"), start);
        }
    }

    #[test]
    fn a_token_of_another_room_or_store_or_hand_is_none() {
        let token = tokens().write(ROOM, START);
        let other_room = RoomId::from_uuid(Uuid::from_u128(2));
        assert!(tokens().read(other_room, &token).is_err());
        assert!(PageTokens::new(ContentHasher::new(ContentKey([8; 32]))).read(ROOM, &token).is_err());
        for text in ["x", "AAAA", &token[1..], &format!("B{}", &token[1..]), "no token!", &format!("{token}AAAA")] {
            assert!(tokens().read(ROOM, text).is_err(), "{text}");
        }
    }
}
