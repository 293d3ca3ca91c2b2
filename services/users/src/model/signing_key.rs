//! What access tokens are signed with.

use std::fmt;

use loquat_ids::Timestamp;

/// A key pair that signs access tokens, or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SigningKey {
    /// 1, 2, 3 …: the highest signs.
    pub(crate) generation: i32,
    /// What the header's `kid` says.
    pub(crate) key_id: String,
    /// The private half.
    pub(crate) private: PrivateKey,
    /// The Ed25519 public key.
    pub(crate) public: [u8; 32],
    /// When it was made.
    pub(crate) create_time: Timestamp,
}

/// A private key as PKCS#8 (RFC 5958).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PrivateKey(Vec<u8>);

impl PrivateKey {
    /// Takes the PKCS#8 bytes.
    pub(crate) const fn from_pkcs8(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the PKCS#8 bytes.
    pub(crate) fn as_pkcs8(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PrivateKey(…)")
    }
}
