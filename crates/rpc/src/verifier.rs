//! Verifying access tokens, with what the users service publishes.

use std::{fmt, sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use backon::{BackoffBuilder as _, ExponentialBuilder};
use loquat_ids::{Clock, SessionId, Timestamp};
use loquat_proto::users::v1::{
    GetKeySetRequest, WatchRevocationsRequest, WatchRevocationsResponse, auth_service_client::AuthServiceClient,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::{
    Channel, KeySet, SignedIn, VerifyingKey,
    fault::RpcFault,
    moment,
    revocations::Revocations,
    token::{Keys, Refusal, Verified},
};

/// How long a call waits for a key that it does not know.
const KEY_WAIT: Duration = Duration::from_secs(1);
/// After how long without a batch a feed of revocations is taken for dead.
const FEED_SILENCE: Duration = Duration::from_secs(3);
/// The least time between two reads of the key set, however many tokens name unknown keys.
const KEY_SET_PAUSE: Duration = Duration::from_secs(1);
/// How often the key set is read again, so that a withdrawn key goes.
const KEY_SET_AGE: Duration = Duration::from_secs(60);

/// Verifies access tokens. Clones share one state.
#[derive(Clone)]
pub struct Verifier(Arc<State>);

struct State {
    clock: Arc<dyn Clock>,
    keys: ArcSwapOption<Keys>,
    /// Wakes whoever waits for keys.
    keys_came: Notify,
    /// Wakes the follower: a token named an unknown key.
    keys_wanted: Notify,
    revocations: Revocations,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl Verifier {
    /// Makes the verifier of the users service itself, which decides what is revoked and is told of its own decisions.
    #[must_use]
    pub fn own(keys: &KeySet, clock: Arc<dyn Clock>) -> Self {
        let verifier = Self::new(clock, Revocations::authoritative());
        verifier.set_keys(keys);
        verifier
    }

    /// Makes a verifier that follows the users service: its key set, and the sessions that end. Ends with `stop`.
    #[must_use]
    pub fn follow(users: Channel, clock: Arc<dyn Clock>, stop: CancellationToken) -> Self {
        let verifier = Self::new(clock, Revocations::told());
        tokio::spawn(stop.clone().run_until_cancelled_owned(follow_keys(verifier.clone(), users.clone())));
        tokio::spawn(stop.run_until_cancelled_owned(follow_revocations(verifier.clone(), users)));
        verifier
    }

    fn new(clock: Arc<dyn Clock>, revocations: Revocations) -> Self {
        Self(Arc::new(State {
            clock,
            keys: ArcSwapOption::empty(),
            keys_came: Notify::new(),
            keys_wanted: Notify::new(),
            revocations,
        }))
    }

    /// Takes a key set in the place of the one before.
    pub fn set_keys(&self, keys: &KeySet) {
        self.0.keys.store(Some(Arc::new(Keys::new(keys))));
        self.0.keys_came.notify_waiters();
    }

    /// Notes that a session has ended, until its last access token ends by itself.
    pub fn revoke(&self, session: SessionId, forget: Timestamp) {
        self.0.revocations.add([(session, forget)], self.0.clock.now());
    }

    /// Returns whose a token is.
    ///
    /// # Errors
    ///
    /// Says why it is refused. Waits up to a second for a key that is not known yet.
    pub async fn verify(&self, token: &str) -> Result<SignedIn, RpcFault> {
        Ok(self.verify_token(token).await?.signed_in)
    }

    pub(crate) async fn verify_token(&self, token: &str) -> Result<Verified, RpcFault> {
        if !self.0.revocations.are_known() {
            return Err(RpcFault::RevocationsUnknown);
        }
        let verified = match self.verify_with_known_keys(token) {
            Err(Refusal::UnknownKey) => self.verify_with_new_keys(token).await?,
            Err(Refusal::Fault(fault)) => return Err(fault),
            Ok(verified) => verified,
        };
        if self.0.revocations.contains(verified.signed_in.session_id) {
            return Err(RpcFault::SessionRevoked);
        }
        Ok(verified)
    }

    fn verify_with_known_keys(&self, token: &str) -> Result<Verified, Refusal> {
        let keys = self.0.keys.load();
        let keys = keys.as_ref().ok_or(Refusal::UnknownKey)?;
        keys.verify(token, self.0.clock.now())
    }

    async fn verify_with_new_keys(&self, token: &str) -> Result<Verified, RpcFault> {
        let came = self.0.keys_came.notified();
        self.0.keys_wanted.notify_one();
        // Whether they came in time is seen by looking.
        drop(timeout(KEY_WAIT, came).await);
        match self.verify_with_known_keys(token) {
            Ok(verified) => Ok(verified),
            Err(Refusal::Fault(fault)) => Err(fault),
            Err(Refusal::UnknownKey) => Err(RpcFault::TokenInvalid),
        }
    }

    /// Resolves when a session has ended, so that its streams end with it.
    pub async fn ended(&self, session: SessionId) {
        self.0.revocations.ended(session).await;
    }

    /// Returns whether a session is known to have ended.
    #[must_use]
    pub fn has_ended(&self, session: SessionId) -> bool {
        self.0.revocations.contains(session)
    }

    /// Resolves when nothing has been heard of ended sessions for as long as a token lives. One that ended since may be
    /// forgotten before anything is heard again, so that whoever stands on a session must go.
    pub async fn unvouched(&self, token_life: Duration) {
        self.0.revocations.silent_for(token_life).await;
    }

    /// Returns whether something was heard of ended sessions within the life of a token.
    #[must_use]
    pub fn vouches_within(&self, token_life: Duration) -> bool {
        self.0.revocations.are_known_within(token_life)
    }

    /// Returns whether tokens can be verified now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.keys.load().is_some() && self.0.revocations.are_known()
    }
}

/// Reads the key set at the start, each minute, and when a token names an unknown key, at most once a second.
async fn follow_keys(verifier: Verifier, users: Channel) {
    let mut client = AuthServiceClient::new(users);
    loop {
        let began = Instant::now();
        let wait = match client.get_key_set(GetKeySetRequest {}).await {
            Ok(answer) => {
                let set = answer.into_inner();
                let keys = set.keys.into_iter().filter_map(|key| {
                    Some(VerifyingKey { ed25519: key.ed25519.as_ref().try_into().ok()?, key_id: key.key_id })
                });
                let keys = KeySet { keys: keys.collect(), issuer: set.issuer, audience: set.audience };
                verifier.set_keys(&keys);
                KEY_SET_AGE
            }
            Err(refusal) => {
                tracing::warn!(%refusal, "the key set cannot be read, trying again");
                Duration::from_millis(250)
            }
        };
        if timeout(wait, verifier.0.keys_wanted.notified()).await.is_ok() {
            sleep_until(began + KEY_SET_PAUSE).await;
        }
    }
}

async fn follow_revocations(verifier: Verifier, users: Channel) {
    let backoff = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(1))
        .with_jitter()
        .without_max_times();
    let mut delays = backoff.build();
    loop {
        let has_spoken = listen(&verifier, &users).await;
        if has_spoken {
            delays = backoff.build();
        }
        tokio::time::sleep(delays.next().unwrap_or(Duration::from_secs(1))).await;
    }
}

/// Listens to one feed to its end; returns whether it said anything.
async fn listen(verifier: &Verifier, users: &Channel) -> bool {
    let mut has_spoken = false;
    let feed = AuthServiceClient::new(users.clone()).watch_revocations(WatchRevocationsRequest {}).await;
    let mut feed = match feed {
        Ok(answer) => answer.into_inner(),
        Err(refusal) => {
            tracing::warn!(%refusal, "revocations cannot be followed, trying again");
            return false;
        }
    };
    while let Ok(Ok(Some(batch))) = timeout(FEED_SILENCE, next(&mut feed)).await {
        let sessions = batch
            .sessions
            .iter()
            .filter_map(|ended| Some((ended.session_id.parse().ok()?, ended.forget_time.as_ref().map(moment)?)));
        verifier.0.revocations.add(sessions, verifier.0.clock.now());
        verifier.0.revocations.note_heard();
        has_spoken = true;
    }
    has_spoken
}

async fn next(
    feed: &mut tonic::Streaming<WatchRevocationsResponse>,
) -> Result<Option<WatchRevocationsResponse>, Status> {
    feed.message().await
}
