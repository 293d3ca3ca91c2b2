//! The keys that access tokens are signed with: made once for all replicas.

use crate::{
    error::{Error, Result},
    model::SigningKey,
    ports::KeyStore,
};

/// How many keys are published at most, as the contract says.
const MAX_KEYS: usize = 8;

/// Returns the keys, the newest first, and makes the first one where there is none.
///
/// Replicas that start on an empty store at once all offer a first key. The store takes one; all read that one back.
pub(crate) async fn ensure_signing_keys(
    store: &dyn KeyStore,
    make: impl Fn(i32) -> Result<SigningKey>,
) -> Result<Vec<SigningKey>> {
    let mut keys = store.keys().await?;
    if keys.is_empty() {
        store.offer(&make(1)?).await?;
        keys = store.keys().await?;
    }
    if keys.is_empty() {
        return Err(Error::Broken { doing: "make a signing key", source: "the store kept none".into() });
    }
    keys.truncate(MAX_KEYS);
    Ok(keys)
}
