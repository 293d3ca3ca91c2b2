//! What becomes of sessions when the store is put back to an earlier state.

use anyhow::Context as _;
use loquat_runtime::Secret;

use crate::store::SqlStore;

/// Signs everybody out: forgets all sessions, their refresh tokens, and the keys that signed their access tokens. Returns how
/// many sessions there were. Only while no process uses the database: a process reads its keys once.
///
/// A store that was put back knows neither the sessions that have ended since nor the refresh tokens that were spent since:
/// both would hold again, for whoever has them. And a token that was issued since is unknown to it. So none holds, and nobody
/// is taken for a thief: whoever comes with an old token is asked to sign in.
///
/// # Errors
///
/// Where the database cannot be opened, is newer than this program, or does not answer.
pub async fn sign_everybody_out(database_url: &Secret) -> anyhow::Result<u64> {
    let mut store = SqlStore::open(database_url.reveal()).await.context("the database of accounts")?;
    let sessions = store.sign_everybody_out().await.context("the sessions cannot be ended")?;
    store.close().await?;
    Ok(sessions)
}
