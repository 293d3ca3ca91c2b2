//! A durable consumer at work.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use loquat_bus::{Cause, ConsumerLoop, Handler, News, Pattern, Refusal, Retries, Subject};
use loquat_ids::SystemClock;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::twin::{PATIENCE, Twin, room, text};

/// What a handler was asked, in order.
#[derive(Debug, PartialEq, Eq)]
enum Did {
    CatchUp,
    Took(String),
    Refused(String),
    PassedOver(String),
}

/// Does what the news says: `later N` is refused N times, `poison` for ever, `stuck` never answers.
struct Obedient {
    attempts: Arc<Mutex<HashMap<String, u64>>>,
    did: mpsc::Sender<Did>,
}

impl Obedient {
    async fn note(&self, did: Did) {
        self.did.send(did).await.expect("a test that listens");
    }
}

#[async_trait]
impl Handler for Obedient {
    async fn take(&mut self, news: &News) -> Result<(), Refusal> {
        let order = String::from_utf8(news.payload.to_vec()).expect("text");
        let attempt = {
            let mut attempts = self.attempts.lock().expect("no panic");
            let attempt = attempts.entry(order.clone()).or_default();
            *attempt += 1;
            *attempt
        };
        let refusal = match order.split_once(' ') {
            Some(("later", times)) if attempt <= times.parse().expect("a number") => {
                Refusal::Later("store is away".into())
            }
            Some(("stuck", times)) if attempt <= times.parse().expect("a number") => std::future::pending().await,
            None if order == "poison" => Refusal::Poisoned("makes no sense".into()),
            _ => {
                self.note(Did::Took(order)).await;
                return Ok(());
            }
        };
        self.note(Did::Refused(order)).await;
        Err(refusal)
    }

    async fn catch_up(&mut self) -> Result<(), Cause> {
        self.note(Did::CatchUp).await;
        Ok(())
    }

    async fn pass_over(&mut self, news: &News) -> Result<(), Cause> {
        let order = String::from_utf8(news.payload.to_vec()).expect("text");
        self.note(Did::PassedOver(order)).await;
        Ok(())
    }
}

/// A loop that runs, and what it did so far.
struct AtWork {
    did: mpsc::Receiver<Did>,
    stop: CancellationToken,
    run: JoinHandle<()>,
}

impl AtWork {
    async fn begin(twin: &Twin) -> Self {
        let retries = Retries {
            max_attempts: 3,
            first_delay: Duration::from_millis(1),
            delay_cap: Duration::from_millis(5),
            deadline: Duration::from_millis(200),
        };
        let work = ConsumerLoop {
            bus: Arc::clone(&twin.there),
            name: "search".parse().expect("a name"),
            pattern: Pattern::all_rooms(),
            retries,
            clock: Arc::new(SystemClock),
        };
        let (sender, did) = mpsc::channel(64);
        let stop = CancellationToken::new();
        let handler = Obedient { attempts: Arc::default(), did: sender };
        let run = tokio::spawn(work.run(handler, stop.clone()));
        let mut at_work = Self { did, stop, run };
        assert_eq!(at_work.next().await, Did::CatchUp);
        at_work
    }

    async fn next(&mut self) -> Did {
        tokio::time::timeout(PATIENCE, self.did.recv()).await.expect("something in time").expect("a loop that goes on")
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.run).await.expect("an end in time").expect("no panic");
    }
}

async fn tell(twin: &Twin, order: &str) {
    twin.here.publish_durable(Subject::room(room()), text(order), &order.replace(' ', ":")).await.expect("published");
}

fn took(order: &str) -> Did {
    Did::Took(order.to_owned())
}

fn refused(order: &str) -> Did {
    Did::Refused(order.to_owned())
}

pub async fn refused_news_comes_again_until_it_is_taken(twin: &Twin) {
    let mut at_work = AtWork::begin(twin).await;
    tell(twin, "later 2").await;
    for expected in [refused("later 2"), refused("later 2"), took("later 2")] {
        assert_eq!(at_work.next().await, expected);
    }
    tell(twin, "next").await;
    assert_eq!(at_work.next().await, took("next"));
    at_work.end().await;
    assert_eq!(twin.there.dead_letters(10).await.expect("a listing"), []);
}

pub async fn poisoned_news_is_buried_and_the_position_moves_on(twin: &Twin) {
    let mut at_work = AtWork::begin(twin).await;
    tell(twin, "poison").await;
    tell(twin, "next").await;
    for expected in [refused("poison"), Did::PassedOver("poison".to_owned()), took("next")] {
        assert_eq!(at_work.next().await, expected);
    }
    at_work.end().await;
    let [letter] = &twin.there.dead_letters(10).await.expect("a listing")[..] else { panic!("not one letter") };
    assert_eq!((letter.consumer.as_str(), letter.id.as_str(), letter.attempts), ("search", "poison", 1));
    assert_eq!((letter.error.as_str(), &*letter.payload), ("makes no sense", &b"poison"[..]));
}

pub async fn news_that_was_tried_too_often_is_buried(twin: &Twin) {
    let mut at_work = AtWork::begin(twin).await;
    tell(twin, "later 100").await;
    for expected in
        [refused("later 100"), refused("later 100"), refused("later 100"), Did::PassedOver("later 100".to_owned())]
    {
        assert_eq!(at_work.next().await, expected);
    }
    tell(twin, "next").await;
    assert_eq!(at_work.next().await, took("next"));
    at_work.end().await;
    let [letter] = &twin.there.dead_letters(10).await.expect("a listing")[..] else { panic!("not one letter") };
    assert_eq!((letter.id.as_str(), letter.attempts, letter.error.as_str()), ("later:100", 3, "store is away"));
}

pub async fn a_handler_that_is_stuck_is_tried_again(twin: &Twin) {
    let mut at_work = AtWork::begin(twin).await;
    tell(twin, "stuck 1").await;
    assert_eq!(at_work.next().await, took("stuck 1"));
    at_work.end().await;
}
