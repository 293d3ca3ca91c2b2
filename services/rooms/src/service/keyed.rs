//! Keyed hashes (HMAC-SHA256, RFC 2104), apart by purpose.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::ports::StoreKey;

/// Hashes parts under the store's key. The purpose comes first and each part behind its length, so that no two lists of
/// parts, and no two purposes, read the same.
pub(super) fn keyed(key: &StoreKey, purpose: &str, parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes keys of any length");
    for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac
}
