//! Sessions under a clock that stands still, on a real store, with a hasher that counts what it is asked.

use std::sync::Mutex;

use async_trait::async_trait;
use loquat_ids::{FixedClock, RandomIds};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    model::{DisplayName, EndedSession, NewAccount, NewPassword, PasswordHash, SigningKey},
    ports::SessionEndListener,
    signing::{Ed25519Signer, RandomTokens, make_key},
    store::SqlStore,
};

const LIFETIMES: Lifetimes = Lifetimes { access: Duration::from_secs(300), refresh: Duration::from_secs(30 * 86_400) };

/// A password is its own hash; counts what it is asked.
#[derive(Debug, Default)]
struct OpenHasher(Mutex<Vec<Option<PasswordHash>>>);

#[async_trait]
impl PasswordHasher for OpenHasher {
    async fn hash(&self, password: NewPassword) -> Result<PasswordHash> {
        Ok(PasswordHash::from_phc(String::from_utf8(password.as_bytes().to_vec()).unwrap()))
    }

    async fn is_match(&self, attempt: PasswordAttempt, hash: Option<PasswordHash>) -> Result<bool> {
        let is_match = hash.as_ref().is_some_and(|hash| hash.as_str().as_bytes() == attempt.as_bytes());
        self.0.lock().unwrap().push(hash);
        Ok(is_match)
    }
}

#[derive(Debug)]
struct NobodyListens;

impl SessionEndListener for NobodyListens {
    fn session_ended(&self, _: &EndedSession) {}
}

struct Scene {
    clock: Arc<FixedClock>,
    hasher: Arc<OpenHasher>,
    sessions: Sessions,
    _folder: TempDir,
}

impl Scene {
    async fn with_ada() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqlStore::open(&format!("sqlite:{}", folder.path().join("users.db").display())).await.unwrap();
        let store = Arc::new(store);
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(1_800_000_000_000_000)));
        let hasher = Arc::new(OpenHasher::default());
        let key: SigningKey = make_key(1, clock.now()).unwrap();
        let feed = RevocationFeed::new(store.clone(), clock.clone(), LIFETIMES, Arc::new(NobodyListens));
        for (handle, password) in [("ada", Some("correct horse")), ("loquat", None)] {
            let user = User {
                id: UserId::from_uuid(RandomIds.fresh()),
                handle: Handle::parse(handle).unwrap(),
                display_name: DisplayName::parse(handle).unwrap(),
                create_time: clock.now(),
            };
            let password = password.map(|text| PasswordHash::from_phc(text.to_owned()));
            store.register(&NewAccount { user, password }).await.unwrap();
        }
        let sessions = Sessions {
            accounts: store.clone(),
            store,
            hasher: hasher.clone(),
            signer: Arc::new(Ed25519Signer::new(&key, "issuer".into(), "audience".into(), LIFETIMES)),
            tokens: Arc::new(RandomTokens),
            feed: Arc::new(feed),
            lifetimes: LIFETIMES,
            clock: clock.clone(),
            ids: Arc::new(RandomIds),
        };
        Self { clock, hasher, sessions, _folder: folder }
    }

    async fn sign_in(&self, handle: &str, password: &str) -> Result<IssuedTokens> {
        self.sessions.sign_in(Handle::typed(handle).as_ref(), PasswordAttempt::new(password.into()), None).await
    }

    async fn ended(&self) -> Vec<SessionId> {
        let mut watch = self.sessions.feed.watch(Duration::from_secs(1), CancellationToken::new());
        self.sessions.feed.catch_up().await.unwrap();
        watch.next().await.unwrap().unwrap().into_iter().map(|ended| ended.session_id).collect()
    }
}

#[tokio::test]
async fn every_refusal_costs_one_hash_and_says_the_same() {
    let scene = Scene::with_ada().await;
    for (handle, password) in [("ada", "wrong horse"), ("nobody", "correct horse"), ("@!", "x"), ("loquat", "")] {
        let refused = scene.sign_in(handle, password).await;
        assert!(matches!(refused, Err(Error::CredentialsWrong)), "{handle}: {refused:?}");
    }
    assert_eq!(scene.hasher.0.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn tokens_end_when_the_contract_says() {
    let scene = Scene::with_ada().await;
    let now = scene.clock.now();
    let issued = scene.sign_in("Ada", "correct horse").await.unwrap();
    assert_eq!(issued.user.handle.as_str(), "ada");
    assert_eq!(issued.access_expire_time, now.plus(Duration::from_secs(5 * 60)));
    assert_eq!(issued.refresh_expire_time, now.plus(Duration::from_secs(30 * 86_400)));
}

#[tokio::test]
async fn a_session_lasts_thirty_days_after_its_last_refresh() {
    let scene = Scene::with_ada().await;
    let first = scene.sign_in("ada", "correct horse").await.unwrap();
    scene.clock.advance(LIFETIMES.refresh - Duration::from_secs(1));
    let second = scene.sessions.refresh(first.refresh_token.as_str()).await.unwrap();
    assert_eq!(second.session_id, first.session_id);
    scene.clock.advance(LIFETIMES.refresh);
    let refused = scene.sessions.refresh(second.refresh_token.as_str()).await;
    assert!(matches!(refused, Err(Error::RefreshTokenInvalid)), "{refused:?}");
    assert_eq!(scene.ended().await, [], "nobody has swept it yet");
    scene.sessions.feed.sweep().await.unwrap();
    scene.sessions.feed.catch_up().await.unwrap();
    assert_eq!(scene.ended().await, [first.session_id]);
}

#[tokio::test]
async fn a_lost_answer_is_given_anew_for_ten_seconds() {
    let scene = Scene::with_ada().await;
    let first = scene.sign_in("ada", "correct horse").await.unwrap();
    scene.sessions.refresh(first.refresh_token.as_str()).await.unwrap();
    scene.clock.advance(Duration::from_secs(10));
    let second = scene.sessions.refresh(first.refresh_token.as_str()).await.unwrap();
    scene.sessions.refresh(second.refresh_token.as_str()).await.unwrap();
    assert_eq!(scene.ended().await, []);
}

#[tokio::test]
async fn a_token_that_comes_again_later_ends_the_session() {
    let scene = Scene::with_ada().await;
    let first = scene.sign_in("ada", "correct horse").await.unwrap();
    let second = scene.sessions.refresh(first.refresh_token.as_str()).await.unwrap();
    scene.clock.advance(Duration::from_secs(11));
    for token in [&first.refresh_token, &second.refresh_token] {
        let refused = scene.sessions.refresh(token.as_str()).await;
        assert!(matches!(refused, Err(Error::RefreshTokenInvalid)), "{refused:?}");
    }
    assert_eq!(scene.ended().await, [first.session_id]);
}

#[tokio::test]
async fn signing_out_ends_this_session_alone_and_may_be_repeated() {
    let scene = Scene::with_ada().await;
    let one = scene.sign_in("ada", "correct horse").await.unwrap();
    let other = scene.sign_in("ada", "correct horse").await.unwrap();
    scene.sessions.sign_out(one.session_id).await.unwrap();
    scene.sessions.sign_out(one.session_id).await.unwrap();
    assert_eq!(scene.ended().await, [one.session_id]);
    assert!(scene.sessions.refresh(one.refresh_token.as_str()).await.is_err());
    assert!(scene.sessions.refresh(other.refresh_token.as_str()).await.is_ok());
}
