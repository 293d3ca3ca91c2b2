//! Argon2id, off the executor's threads and no more at once than the machine bears.

use std::{fmt, sync::Arc, time::Duration};

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version, password_hash::phc};
use async_trait::async_trait;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    error::{Error, Result},
    model::{NewPassword, PasswordAttempt, PasswordHash},
    ports::PasswordHasher,
};

/// OWASP's parameters for Argon2id: 19 MiB, two passes, one lane (Password Storage Cheat Sheet, 2025).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How long a password waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many passwords may wait for each that is being hashed.
const WAITING_PER_RUNNING: usize = 32;

/// Hashes passwords with Argon2id.
pub(crate) struct Argon2Hasher {
    argon2: Argon2<'static>,
    /// What an attempt is measured with where there is no account or no password: nothing that anybody knows, of the
    /// same cost.
    dummy: PasswordHash,
    /// Those that run. Each holds 19 MiB and a thread.
    running: Arc<Semaphore>,
    /// Those that run or wait. At its bound the next is refused at once.
    admitted: Arc<Semaphore>,
    patience: Duration,
}

impl fmt::Debug for Argon2Hasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Argon2Hasher").field("argon2", &self.argon2).finish_non_exhaustive()
    }
}

impl Argon2Hasher {
    /// Makes a hasher with OWASP's parameters that hashes up to `concurrency` passwords at once.
    pub(crate) fn new(concurrency: usize) -> Self {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("these parameters are within Argon2's bounds");
        Self::with(params, concurrency, PATIENCE)
    }

    fn with(params: Params, concurrency: usize, patience: Duration) -> Self {
        let concurrency = concurrency.max(1);
        // The salt and the output stand for no password: finding one that gives 32 times the same byte is as hard as
        // breaking the function.
        let dummy = format!(
            "$argon2id$v=19$m={},t={},p={}$bG9xdWF0LWR1bW15LXNhbHQ$qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo",
            params.m_cost(),
            params.t_cost(),
            params.p_cost(),
        );
        Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            dummy: PasswordHash::from_phc(dummy),
            running: Arc::new(Semaphore::new(concurrency)),
            admitted: Arc::new(Semaphore::new(concurrency * (1 + WAITING_PER_RUNNING))),
            patience,
        }
    }

    /// Does a hash's work on a blocking thread when its turn comes. The turn lasts as long as the work, also where the
    /// caller has left meanwhile.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (place, turn) = self.turn().await?;
        let argon2 = self.argon2.clone();
        let outcome = tokio::task::spawn_blocking(move || {
            let outcome = work(&argon2);
            drop((turn, place));
            outcome
        });
        outcome.await.map_err(|panic| Error::Broken { doing: "hash a password", source: panic.into() })?
    }

    async fn turn(&self) -> Result<(OwnedSemaphorePermit, OwnedSemaphorePermit)> {
        let too_many = || Error::TooManySignIns { retry_after: self.patience };
        let place = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| too_many())?;
        let turn = timeout(self.patience, Arc::clone(&self.running).acquire_owned()).await.map_err(|_| too_many())?;
        Ok((place, turn.expect("the semaphore is never closed")))
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: NewPassword) -> Result<PasswordHash> {
        self.in_turn(move |argon2| {
            let hash: phc::PasswordHash = argon2
                .hash_password(password.as_bytes())
                .map_err(|error| Error::Broken { doing: "hash a password", source: error.into() })?;
            Ok(PasswordHash::from_phc(hash.to_string()))
        })
        .await
    }

    async fn is_match(&self, attempt: PasswordAttempt, hash: Option<PasswordHash>) -> Result<bool> {
        let has_password = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy.clone());
        self.in_turn(move |argon2| match argon2.verify_password(attempt.as_bytes(), hash.as_str()) {
            Ok(()) => Ok(has_password),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(Error::Broken { doing: "verify a password", source: error.into() }),
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap(concurrency: usize) -> Argon2Hasher {
        Argon2Hasher::with(Params::new(64, 1, 1, None).unwrap(), concurrency, Duration::from_millis(20))
    }

    fn password(text: &str) -> NewPassword {
        NewPassword::parse(text.to_owned()).unwrap()
    }

    fn attempt(text: &str) -> PasswordAttempt {
        PasswordAttempt::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_alone() {
        let hasher = cheap(1);
        let hash = hasher.hash(password("correct horse")).await.unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", hash.as_str());
        assert!(hasher.is_match(attempt("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.is_match(attempt("correct Horse"), Some(hash.clone())).await.unwrap());
        assert_ne!(hasher.hash(password("correct horse")).await.unwrap(), hash, "each has its salt");
    }

    #[tokio::test]
    async fn where_there_is_no_password_nothing_matches() {
        assert!(!cheap(1).is_match(attempt("correct horse"), None).await.unwrap());
    }

    #[test]
    fn the_dummy_costs_what_a_password_of_ours_costs() {
        let hasher = Argon2Hasher::new(1);
        let dummy = phc::PasswordHash::new(hasher.dummy.as_str()).unwrap();
        assert_eq!(dummy.hash.unwrap().len(), 32);
        let params = Params::try_from(&dummy).unwrap();
        let ours = hasher.argon2.params();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (ours.m_cost(), ours.t_cost(), ours.p_cost()));
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_when_to_come_again() {
        let hasher = cheap(1);
        let turn = hasher.turn().await.unwrap();
        let refused = hasher.is_match(attempt("correct horse"), None).await;
        assert!(matches!(refused, Err(Error::TooManySignIns { .. })), "{refused:?}");
        drop(turn);
        assert!(hasher.is_match(attempt("correct horse"), None).await.is_ok());
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let hasher = cheap(1);
        let all = Arc::clone(&hasher.admitted).acquire_many_owned(33).await.unwrap();
        assert!(matches!(hasher.turn().await, Err(Error::TooManySignIns { .. })));
        drop(all);
    }
}
