//! Where the next page of a search begins.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{Handle, SearchPrefix};

/// The layout of the tokens. One of another version is not ours.
const VERSION: u8 = 1;
/// How many bytes of the seal a token carries.
const SEAL_BYTES: usize = 16;

/// Makes page tokens and reads them back: base64url over the version, a seal, and the last handle of the page before.
///
/// The seal (HMAC-SHA-256, cut to 128 bits) covers the search too, so that a token that was made up, or that another
/// search gave out, is refused. Replicas hold the same key, so that any of them reads what another gave out.
pub(crate) struct PageTokens {
    key: [u8; 32],
}

impl PageTokens {
    /// Derives the key from a secret that all replicas share.
    pub(crate) fn derived_from(secret: &[u8]) -> Self {
        let mut mac = keyed(secret);
        mac.update(b"loquat.users.v1 page tokens");
        Self { key: mac.finalize().into_bytes().into() }
    }

    /// Makes the token of the page after a handle.
    pub(crate) fn seal(&self, search: &SearchPrefix, last: &Handle) -> String {
        let seal = self.mac(search, last.as_str()).finalize().into_bytes();
        let mut token = vec![VERSION];
        token.extend_from_slice(&seal[..SEAL_BYTES]);
        token.extend_from_slice(last.as_str().as_bytes());
        URL_SAFE_NO_PAD.encode(token)
    }

    /// Reads the handle after which a page begins. Nothing where this search gave out no such token.
    pub(crate) fn open(&self, search: &SearchPrefix, token: &str) -> Option<Handle> {
        let token = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (version, rest) = token.split_first()?;
        if *version != VERSION {
            return None;
        }
        let (seal, handle) = rest.split_at_checked(SEAL_BYTES)?;
        let handle = Handle::parse(str::from_utf8(handle).ok()?).ok()?;
        self.mac(search, handle.as_str()).verify_truncated_left(seal).ok()?;
        Some(handle)
    }

    fn mac(&self, search: &SearchPrefix, handle: &str) -> Hmac<Sha256> {
        let mut mac = keyed(&self.key);
        // A search holds no NUL, so that the parts cannot run into each other.
        for part in [&[VERSION], search.first().as_bytes(), &[0], handle.as_bytes()] {
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for PageTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PageTokens(…)")
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(query: &str) -> SearchPrefix {
        SearchPrefix::parse(query).unwrap()
    }

    #[test]
    fn a_token_reads_back_its_handle() {
        let tokens = PageTokens::derived_from(b"secret");
        let last = Handle::parse("ada").unwrap();
        assert_eq!(tokens.open(&search("A"), &tokens.seal(&search("a"), &last)), Some(last));
    }

    #[test]
    fn tokens_made_up_or_of_another_search_are_refused() {
        let tokens = PageTokens::derived_from(b"secret");
        let last = Handle::parse("ada").unwrap();
        let token = tokens.seal(&search("a"), &last);
        assert_eq!(tokens.open(&search("ad"), &token), None, "another search's");
        assert_eq!(PageTokens::derived_from(b"other").open(&search("a"), &token), None, "another deployment's");
        for forged in
            ["", "x", "ada", &URL_SAFE_NO_PAD.encode(b"\x01ada"), &format!("{token}a"), &token[..token.len() - 2]]
        {
            assert_eq!(tokens.open(&search("a"), forged), None, "{forged}");
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        bytes[0] = 2;
        assert_eq!(tokens.open(&search("a"), &URL_SAFE_NO_PAD.encode(bytes)), None, "another version's");
    }
}
