//! By what a repeat is recognised.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use loquat_ids::{EventId, RequestId, UserId};
use sha2::Sha256;

/// Names what was asked for, once and for ever within a room: one key makes one event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DedupKey(String);

impl DedupKey {
    /// `user:request_id`: whatever somebody asks for under one id is one thing.
    pub(crate) fn of_request(user: UserId, request: &RequestId) -> Self {
        Self(format!("{user}:{request}"))
    }

    /// `rooms:event_id`, for what the rooms service decided.
    pub(crate) fn of_room_change(event: EventId) -> Self {
        Self(format!("rooms:{event}"))
    }

    /// Takes a key as a store kept it.
    pub(crate) fn from_stored(key: String) -> Self {
        Self(key)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the request id of which it was made, where it was made of one.
    pub(crate) fn request_id(&self) -> Option<RequestId> {
        let (source, request) = self.0.split_once(':')?;
        source.parse::<UserId>().ok()?;
        request.parse().ok()
    }
}

/// Tells whether a repeat asks for the same thing, also after the content itself was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContentHash(pub(crate) [u8; 32]);

/// The key of a store's content hashes, made once for each store. With it unknown, a hash that outlives an erased text
/// cannot be compared with guesses.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ContentKey(pub(crate) [u8; 32]);

impl fmt::Debug for ContentKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ContentKey(…)")
    }
}

/// Makes keyed hashes (HMAC-SHA256, RFC 2104).
#[derive(Debug, Clone)]
pub(crate) struct ContentHasher(ContentKey);

impl ContentHasher {
    pub(crate) const fn new(key: ContentKey) -> Self {
        Self(key)
    }

    /// Hashes parts in order. Each is preceded by its length, so that text cannot move between parts.
    pub(crate) fn hash(&self, parts: &[&[u8]]) -> ContentHash {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0.0).expect("hmac takes keys of any length");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        ContentHash(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_key_gives_back_the_request_id_that_it_was_made_of() {
        let request: RequestId = "request-1".parse().expect("a request id");
        assert_eq!(DedupKey::of_request(UserId::from_uuid(Uuid::from_u128(1)), &request).request_id(), Some(request));
        assert_eq!(DedupKey::of_room_change(EventId::from_uuid(Uuid::from_u128(2))).request_id(), None);
    }

    #[test]
    fn parts_and_keys_are_kept_apart() {
        let hasher = ContentHasher::new(ContentKey([1; 32]));
        assert_eq!(hasher.hash(&[b"a", b"b"]), hasher.hash(&[b"a", b"b"]));
        assert_ne!(hasher.hash(&[b"ab", b""]), hasher.hash(&[b"a", b"b"]));
        assert_ne!(hasher.hash(&[b"a"]), ContentHasher::new(ContentKey([2; 32])).hash(&[b"a"]));
    }
}
