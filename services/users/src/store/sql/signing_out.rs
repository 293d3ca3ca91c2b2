//! Ending all sessions at once.

use std::time::Duration;

use sea_orm::{EntityTrait as _, PaginatorTrait as _};

use super::{
    SqlStore,
    entities::{refresh_token, session, signing_key},
};
use crate::error::Result;

/// There may be millions, and nobody waits for an answer.
const DEADLINE: Duration = Duration::from_secs(600);

impl SqlStore {
    /// Forgets all sessions, their tokens and the keys that signed for them, and returns how many sessions there were.
    pub(crate) async fn sign_everybody_out(&mut self) -> Result<u64> {
        self.deadline = DEADLINE;
        self.within("end all sessions", async {
            let transaction = self.begin_write().await?;
            let sessions = session::Entity::find().count(&transaction).await?;
            refresh_token::Entity::delete_many().exec(&transaction).await?;
            session::Entity::delete_many().exec(&transaction).await?;
            signing_key::Entity::delete_many().exec(&transaction).await?;
            transaction.commit().await?;
            Ok(sessions)
        })
        .await
    }
}
