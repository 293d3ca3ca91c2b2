//! Access tokens: what is in them and what they are verified with.

use std::{collections::HashMap, time::Duration};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use loquat_ids::{SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::{SignedIn, fault::RpcFault};

/// What an access token says (RFC 7519): an EdDSA JWT whose header names its key in `kid`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// Whose it is.
    pub sub: UserId,
    /// The session that it is of.
    pub sid: SessionId,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
}

/// A key that access tokens are verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    /// The header's `kid`.
    pub key_id: String,
    /// The Ed25519 public key.
    pub ed25519: [u8; 32],
}

/// All that access tokens are verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet {
    /// What `iss` must say.
    pub issuer: String,
    /// What `aud` must say.
    pub audience: String,
    /// The keys.
    pub keys: Vec<VerifyingKey>,
}

/// A key set made ready for verifying.
pub(crate) struct Keys {
    validation: Validation,
    by_id: HashMap<String, DecodingKey>,
}

/// What a token that holds says.
pub(crate) struct Verified {
    pub(crate) signed_in: SignedIn,
    /// How long the token lives, from its issue to its end.
    pub(crate) life: Duration,
}

/// Why a token is refused.
pub(crate) enum Refusal {
    /// For good.
    Fault(RpcFault),
    /// Its key is not known: it may be a new one.
    UnknownKey,
}

impl Keys {
    pub(crate) fn new(set: &KeySet) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&set.issuer]);
        validation.set_audience(&[&set.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Time is judged below, by the injected clock.
        validation.validate_exp = false;
        let by_id = set.keys.iter().map(|key| (key.key_id.clone(), DecodingKey::from_ed_der(&key.ed25519))).collect();
        Self { validation, by_id }
    }

    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<Verified, Refusal> {
        let invalid = || Refusal::Fault(RpcFault::TokenInvalid);
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid())?;
        let key = self.by_id.get(header.kid.as_deref().unwrap_or_default()).ok_or(Refusal::UnknownKey)?;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation).map_err(|_| invalid())?.claims;
        if claims.exp <= now.as_seconds() {
            return Err(Refusal::Fault(RpcFault::TokenExpired));
        }
        let life = Duration::from_secs(u64::try_from(claims.exp.saturating_sub(claims.iat)).unwrap_or_default());
        Ok(Verified { signed_in: SignedIn { user_id: claims.sub, session_id: claims.sid }, life })
    }
}
