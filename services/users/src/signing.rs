//! Access tokens signed with Ed25519, and the randomness of refresh tokens.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use loquat_ids::{SessionId, Timestamp, UserId};
use loquat_rpc::Claims;
use sha2::{Digest as _, Sha256};

use crate::{
    error::{Error, Result},
    model::{Lifetimes, PrivateKey, RefreshToken, SigningKey},
    ports::{TokenSigner, TokenSource},
};

/// Makes a key pair of a generation. Its id is the beginning of its public half's SHA-256.
pub(crate) fn make_key(generation: i32, now: Timestamp) -> Result<SigningKey> {
    let broken = |_| Error::Broken { doing: "make a signing key", source: "no key came of it".into() };
    let pair = Ed25519KeyPair::generate().map_err(broken)?;
    let private = pair.to_pkcs8().map_err(broken)?.as_ref().to_vec();
    let public: [u8; 32] = pair.public_key().as_ref().try_into().expect("an Ed25519 public key has 32 bytes");
    let key_id = URL_SAFE_NO_PAD.encode(&Sha256::digest(public)[..12]);
    Ok(SigningKey { generation, key_id, private: PrivateKey::from_pkcs8(private), public, create_time: now })
}

/// Signs access tokens with one key.
#[derive(Debug)]
pub(crate) struct Ed25519Signer {
    key: EncodingKey,
    header: Header,
    issuer: String,
    audience: String,
    lifetimes: Lifetimes,
}

impl Ed25519Signer {
    /// Makes a signer.
    pub(crate) fn new(key: &SigningKey, issuer: String, audience: String, lifetimes: Lifetimes) -> Self {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.key_id.clone());
        Self { key: EncodingKey::from_ed_der(key.private.as_pkcs8()), header, issuer, audience, lifetimes }
    }
}

impl TokenSigner for Ed25519Signer {
    fn sign(&self, user_id: UserId, session_id: SessionId, now: Timestamp) -> Result<(String, Timestamp)> {
        let expire = now.plus(self.lifetimes.access).as_seconds();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: user_id,
            sid: session_id,
            iat: now.as_seconds(),
            exp: expire,
        };
        let token = jsonwebtoken::encode(&self.header, &claims, &self.key)
            .map_err(|error| Error::Broken { doing: "sign an access token", source: error.into() })?;
        Ok((token, Timestamp::from_micros(expire.saturating_mul(1_000_000))))
    }
}

/// Makes refresh tokens of the operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RandomTokens;

impl TokenSource for RandomTokens {
    fn fresh(&self) -> RefreshToken {
        RefreshToken::of(rand::random())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jsonwebtoken::{DecodingKey, Validation};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_token_says_who_until_when_and_is_signed_by_the_key_it_names() {
        let now = Timestamp::from_micros(1_700_000_000_900_000);
        let key = make_key(1, now).unwrap();
        let lifetimes = Lifetimes { access: Duration::from_secs(300), refresh: Duration::from_secs(3_000) };
        let signer = Ed25519Signer::new(&key, "issuer".to_owned(), "audience".to_owned(), lifetimes);
        let (user, session) = (UserId::from_uuid(Uuid::from_u128(1)), SessionId::from_uuid(Uuid::from_u128(2)));
        let (token, expire_time) = signer.sign(user, session, now).unwrap();

        assert_eq!(expire_time, Timestamp::from_micros(1_700_000_300_000_000));
        assert_eq!(jsonwebtoken::decode_header(&token).unwrap().kid, Some(key.key_id));
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.set_audience(&["audience"]);
        let public = DecodingKey::from_ed_der(&key.public);
        let claims = jsonwebtoken::decode::<Claims>(&token, &public, &validation).unwrap().claims;
        assert_eq!((claims.sub, claims.sid, claims.iss.as_str()), (user, session, "issuer"));
        assert_eq!((claims.iat, claims.exp), (1_700_000_000, 1_700_000_300));
    }

    #[test]
    fn no_two_keys_and_no_two_tokens_are_alike() {
        let now = Timestamp::from_micros(0);
        assert_ne!(make_key(1, now).unwrap().key_id, make_key(1, now).unwrap().key_id);
        assert_ne!(RandomTokens.fresh(), RandomTokens.fresh());
    }
}
