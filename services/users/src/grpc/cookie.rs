//! The cookie that holds a browser's refresh token, where no script can read it (RFC 6265).

use std::time::Duration;

use tonic::metadata::{AsciiMetadataValue, MetadataMap};

use crate::model::RefreshToken;

const NAME: &str = "loquat_refresh";
/// The cookie goes with the calls of this service and with no others.
const PATH: &str = "/loquat.users.v1.AuthService/";

/// Writes and reads the cookie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefreshCookie {
    lifetime: Duration,
    is_secure: bool,
}

impl RefreshCookie {
    /// Makes cookies that live so long; `is_secure` where they must go over https alone.
    pub(crate) const fn new(lifetime: Duration, is_secure: bool) -> Self {
        Self { lifetime, is_secure }
    }

    /// Adds the header that sets the cookie.
    pub(super) fn set(&self, metadata: &mut MetadataMap, token: &RefreshToken) {
        self.write(metadata, token.as_str(), self.lifetime.as_secs());
    }

    /// Adds the header that takes the cookie away.
    pub(super) fn clear(&self, metadata: &mut MetadataMap) {
        self.write(metadata, "", 0);
    }

    /// Returns the token in the cookie that came with a call. HTTP/2 may bring cookies in several headers.
    pub(super) fn read(metadata: &MetadataMap) -> Option<&str> {
        metadata
            .get_all("cookie")
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, value)| *name == NAME && !value.is_empty())
            .map(|(_, value)| value)
    }

    fn write(&self, metadata: &mut MetadataMap, value: &str, max_age: u64) {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let text = format!("{NAME}={value}; HttpOnly; SameSite=Strict; Path={PATH}; Max-Age={max_age}{secure}");
        let header = AsciiMetadataValue::try_from(text).expect("a token is base64url, and the rest is ASCII too");
        metadata.append("set-cookie", header);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &[&'static str]) -> MetadataMap {
        let mut metadata = MetadataMap::new();
        for cookie in cookies {
            metadata.append("cookie", AsciiMetadataValue::from_static(cookie));
        }
        metadata
    }

    #[test]
    fn the_cookie_is_for_no_script_and_no_other_site() {
        let token = RefreshToken::of([0; 32]);
        let mut metadata = MetadataMap::new();
        RefreshCookie::new(Duration::from_secs(60), true).set(&mut metadata, &token);
        let expected = format!(
            "loquat_refresh={}; HttpOnly; SameSite=Strict; Path=/loquat.users.v1.AuthService/; Max-Age=60; Secure",
            token.as_str()
        );
        assert_eq!(metadata.get("set-cookie").unwrap().to_str().unwrap(), expected);
    }

    #[test]
    fn without_https_it_is_not_secure() {
        let mut metadata = MetadataMap::new();
        RefreshCookie::new(Duration::from_secs(60), false).clear(&mut metadata);
        let text = metadata.get("set-cookie").unwrap().to_str().unwrap();
        assert!(text.starts_with("loquat_refresh=; ") && text.ends_with("; Max-Age=0"), "{text}");
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        assert_eq!(RefreshCookie::read(&headers(&["a=1; loquat_refresh=abc", "b=2"])), Some("abc"));
        assert_eq!(RefreshCookie::read(&headers(&["a=1", "b=2;loquat_refresh=abc"])), Some("abc"));
        assert_eq!(RefreshCookie::read(&headers(&["xloquat_refresh=abc; loquat_refresh="])), None);
        assert_eq!(RefreshCookie::read(&headers(&[])), None);
    }

    #[test]
    fn a_cookie_header_that_is_not_ascii_is_passed_over() {
        let mut metadata = headers(&["loquat_refresh=abc"]);
        let strange = http::HeaderValue::from_bytes(b"loquat_refresh=\xff").unwrap();
        let mut headers = metadata.clone().into_headers();
        headers.insert("cookie", strange);
        assert_eq!(RefreshCookie::read(&MetadataMap::from_headers(headers.clone())), None);
        headers.append("cookie", http::HeaderValue::from_static("loquat_refresh=abc"));
        metadata = MetadataMap::from_headers(headers);
        assert_eq!(RefreshCookie::read(&metadata), Some("abc"));
    }
}
