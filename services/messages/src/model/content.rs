//! By what a repeat is recognised.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use loquat_ids::{EventId, RequestId, UserId};
use sha2::Sha256;

/// Names what was asked for, once and for ever within a room: one key makes one event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DedupKey(String);

impl DedupKey {
    /// `sender:request_id`.
    pub(crate) fn of_send(sender: UserId, request: &RequestId) -> Self {
        Self(format!("{sender}:{request}"))
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
    use super::*;

    #[test]
    fn parts_and_keys_are_kept_apart() {
        let hasher = ContentHasher::new(ContentKey([1; 32]));
        assert_eq!(hasher.hash(&[b"a", b"b"]), hasher.hash(&[b"a", b"b"]));
        assert_ne!(hasher.hash(&[b"ab", b""]), hasher.hash(&[b"a", b"b"]));
        assert_ne!(hasher.hash(&[b"a"]), ContentHasher::new(ContentKey([2; 32])).hash(&[b"a"]));
    }
}
