//! Ended sessions, told to whoever watches: with a store that holds nothing else and can be away.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use loquat_ids::FixedClock;
use uuid::Uuid;

use super::*;
use crate::model::{NewSession, Rotation, RotationRequest};

const ACCESS: Duration = Duration::from_secs(300);

/// Holds ended sessions alone, and can be away.
#[derive(Debug, Default)]
struct EndedSessions {
    rows: Mutex<Vec<EndedSession>>,
    is_away: AtomicBool,
}

#[async_trait]
impl SessionStore for EndedSessions {
    async fn begin(&self, _: &NewSession) -> Result<()> {
        unreachable!("the feed begins no session")
    }

    async fn rotate(&self, _: &RotationRequest) -> Result<Rotation> {
        unreachable!("the feed refreshes no session")
    }

    async fn end(&self, _: SessionId, _: Timestamp, _: Timestamp) -> Result<Option<EndedSession>> {
        unreachable!("the feed ends no session")
    }

    async fn ended_after(&self, position: (Timestamp, SessionId), limit: u64) -> Result<Vec<EndedSession>> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(Error::StoreUnavailable { doing: "read ended sessions", source: "away".into() });
        }
        let mut rows = self.rows.lock().unwrap().clone();
        rows.retain(|row| (row.end_time, row.session_id) > position);
        rows.sort_by_key(|row| (row.end_time, row.session_id));
        rows.truncate(usize::try_from(limit).unwrap());
        Ok(rows)
    }

    async fn sweep(&self, _: Timestamp, _: Timestamp, _: Timestamp, _: u64) -> Result<u64> {
        Ok(0)
    }
}

#[derive(Debug, Default)]
struct Told(Mutex<Vec<SessionId>>);

impl SessionEndListener for Told {
    fn session_ended(&self, ended: &EndedSession) {
        self.0.lock().unwrap().push(ended.session_id);
    }
}

struct Scene {
    store: Arc<EndedSessions>,
    clock: Arc<FixedClock>,
    told: Arc<Told>,
    feed: Arc<RevocationFeed>,
    stop: CancellationToken,
}

impl Scene {
    fn new() -> Self {
        Self::with_access(ACCESS)
    }

    fn with_access(access: Duration) -> Self {
        let store = Arc::new(EndedSessions::default());
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(1_800_000_000_000_000)));
        let told = Arc::new(Told::default());
        let lifetimes = Lifetimes { access, refresh: ACCESS * 100 };
        let feed = Arc::new(RevocationFeed::new(store.clone(), clock.clone(), lifetimes, told.clone()));
        Self { store, clock, told, feed, stop: CancellationToken::new() }
    }

    /// A session that ends now.
    fn ended(&self, number: u128) -> EndedSession {
        let end_time = self.clock.now();
        let session_id = SessionId::from_uuid(Uuid::from_u128(number));
        EndedSession { session_id, end_time, forget_time: end_time.plus(ACCESS) }
    }

    /// Another replica ends a session.
    fn ends_elsewhere(&self, ended: EndedSession) {
        self.store.rows.lock().unwrap().push(ended);
    }

    fn watch(&self) -> RevocationWatch {
        self.feed.watch(Duration::from_millis(10), self.stop.clone())
    }

    fn told(&self) -> Vec<SessionId> {
        self.told.0.lock().unwrap().clone()
    }
}

/// The next batch that says something.
async fn news(watch: &mut RevocationWatch) -> Vec<EndedSession> {
    loop {
        let batch = watch.next().await.unwrap().unwrap();
        if !batch.is_empty() {
            return batch;
        }
    }
}

#[tokio::test]
async fn a_watcher_hears_first_all_that_ended_and_then_each() {
    let scene = Scene::new();
    scene.ends_elsewhere(scene.ended(1));
    scene.feed.catch_up().await.unwrap();
    let mut watch = scene.watch();
    assert_eq!(news(&mut watch).await, [scene.ended(1)]);
    scene.feed.note(&scene.ended(2));
    scene.feed.note(&scene.ended(2));
    scene.feed.note(&scene.ended(3));
    assert_eq!(news(&mut watch).await, [scene.ended(2), scene.ended(3)]);
}

#[tokio::test]
async fn an_empty_batch_comes_at_once_and_at_every_beat() {
    let scene = Scene::new();
    scene.feed.catch_up().await.unwrap();
    let mut watch = scene.watch();
    for _ in 0..3 {
        assert_eq!(watch.next().await.unwrap().unwrap(), []);
    }
}

#[tokio::test]
async fn an_end_elsewhere_is_told_once_however_often_it_is_read() {
    let scene = Scene::new();
    scene.feed.catch_up().await.unwrap();
    let one = scene.ended(1);
    scene.ends_elsewhere(one);
    scene.feed.catch_up().await.unwrap();
    scene.clock.advance(Duration::from_secs(1));
    scene.feed.catch_up().await.unwrap();
    assert_eq!(scene.told(), [one.session_id]);
}

#[tokio::test]
async fn an_end_that_becomes_visible_late_is_not_missed() {
    let scene = Scene::new();
    let late = scene.ended(1);
    scene.clock.advance(Duration::from_secs(50));
    scene.feed.catch_up().await.unwrap();
    scene.ends_elsewhere(late);
    scene.feed.catch_up().await.unwrap();
    assert_eq!(scene.told(), [late.session_id]);
}

#[tokio::test]
async fn many_ends_at_once_are_all_read() {
    let scene = Scene::new();
    let many = u128::from(ROWS) * 2 + 1;
    (1..=many).for_each(|number| scene.ends_elsewhere(scene.ended(number)));
    scene.feed.catch_up().await.unwrap();
    assert_eq!(scene.told().len() as u128, many);
}

#[tokio::test]
async fn a_watcher_that_fell_behind_is_told_all_anew() {
    let scene = Scene::new();
    scene.feed.catch_up().await.unwrap();
    let mut watch = scene.watch();
    let many = NEWS as u128 * 2;
    (1..=many).for_each(|number| scene.feed.note(&scene.ended(number)));
    assert_eq!(news(&mut watch).await.len() as u128, many);
}

#[tokio::test]
async fn what_may_be_forgotten_is_not_told() {
    let scene = Scene::new();
    scene.feed.note(&scene.ended(1));
    scene.clock.advance(ACCESS);
    scene.feed.catch_up().await.unwrap();
    let mut watch = scene.watch();
    assert_eq!(watch.next().await.unwrap().unwrap(), []);
    assert!(scene.feed.locked().ended.is_empty());
}

#[tokio::test]
async fn a_feed_that_has_read_nothing_says_so_and_ends() {
    let scene = Scene::new();
    scene.store.is_away.store(true, Ordering::SeqCst);
    assert!(scene.feed.catch_up().await.is_err());
    let mut watch = scene.watch();
    assert!(matches!(watch.next().await, Some(Err(Error::StoreUnavailable { .. }))));
    assert!(watch.next().await.is_none());
}

#[tokio::test]
async fn a_feed_that_is_cut_off_for_longer_than_an_access_token_lives_ends() {
    let scene = Scene::with_access(Duration::from_millis(30));
    scene.feed.catch_up().await.unwrap();
    let mut watch = scene.watch();
    assert_eq!(watch.next().await.unwrap().unwrap(), []);
    while let Some(batch) = watch.next().await {
        if let Err(error) = batch {
            assert!(matches!(error, Error::StoreUnavailable { .. }), "{error}");
            return;
        }
    }
    panic!("the watch ended without saying why");
}

#[tokio::test]
async fn a_running_feed_learns_of_ends_elsewhere_and_stops_with_the_process() {
    let scene = Scene::new();
    let run = tokio::spawn(Arc::clone(&scene.feed).run(scene.stop.clone()));
    let mut watch = scene.watch();
    scene.feed.catch_up().await.unwrap();
    scene.ends_elsewhere(scene.ended(1));
    assert_eq!(news(&mut watch).await, [scene.ended(1)]);
    scene.stop.cancel();
    run.await.unwrap();
    assert!(watch.next().await.is_none());
}
