//! A connection that is cut while news is published: who listens hears of each gap once, and misses nothing by it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use loquat_bus::{Bus, BusError, Connection, NatsBus, Pattern, Received, Shard, Subject, Subscription, Topic};
use tokio::time::{Instant, timeout};

use crate::{next, proxy::Proxy, server::Server, settings, somewhere, until};

/// A reader of one subject that reads the store again after a gap.
struct Reader {
    subscription: Subscription,
    /// The store's head: what was written is published after it stands here.
    head: Arc<AtomicU64>,
    /// Up to where it knows everything.
    known: u64,
    /// The last that it heard.
    heard: u64,
    gaps: u64,
}

impl Reader {
    /// Takes the next thing it hears.
    ///
    /// News with a hole before it that no gap explains is a loss that nobody told of.
    async fn hear(&mut self) {
        match next(&mut self.subscription).await {
            Received::Missed => {
                self.gaps += 1;
                self.known = self.known.max(self.head.load(Ordering::SeqCst));
            }
            Received::News(news) => {
                let number = u64::from_be_bytes(news.payload[..].try_into().expect("a number"));
                assert!(number <= self.known + 1, "{} to {number} were lost and nobody told", self.known + 1);
                self.known = self.known.max(number);
                self.heard = number;
            }
        }
    }
}

#[tokio::test]
async fn every_subscription_hears_of_each_gap_once_and_loses_nothing() {
    let Some(server) = Server::start("every_subscription_hears_of_each_gap_once") else { return };
    let proxy = Proxy::to(server.address()).await;
    let mut through = settings(&server);
    through.urls = vec![proxy.url()];
    let here = NatsBus::connect(settings(&server)).await.expect("usable settings");
    let there = NatsBus::connect(through).await.expect("usable settings");
    let subject = somewhere();
    let Topic::Room(room) = subject.topic() else { panic!("no room") };
    let head = Arc::new(AtomicU64::new(0));
    let mut readers = Vec::new();
    for pattern in [Pattern::exactly(subject), Pattern::room_shard(Shard::of(room)), Pattern::all_rooms()] {
        let subscription = there.subscribe(pattern).await.expect("a subscription");
        readers.push(Reader { subscription, head: Arc::clone(&head), known: 0, heard: 0, gaps: 0 });
    }

    const ROUNDS: u64 = 5;
    for round in 1..=ROUNDS {
        publish(&here, subject, &head, 200).await;
        proxy.cut();
        publish(&here, subject, &head, 200).await;
        until(&there, Connection::Disconnected).await;
        proxy.mend();
        // Some come while subscriptions are made again.
        publish(&here, subject, &head, 2_000).await;
        until(&there, Connection::Connected).await;
        publish(&here, subject, &head, 200).await;
        for reader in &mut readers {
            // All that waits for it is taken, or there would be too much one day.
            while reader.heard < head.load(Ordering::SeqCst) {
                reader.hear().await;
            }
            assert_eq!(reader.gaps, round);
        }
    }
    // What comes now comes after all that might be said of gaps.
    publish(&here, subject, &head, 1).await;
    for reader in &mut readers {
        while reader.heard < head.load(Ordering::SeqCst) {
            reader.hear().await;
        }
        assert_eq!(reader.gaps, ROUNDS);
    }
}

async fn publish(bus: &NatsBus, subject: Subject, head: &AtomicU64, times: u64) {
    for _ in 0..times {
        let number = head.fetch_add(1, Ordering::SeqCst) + 1;
        bus.publish(subject, Bytes::copy_from_slice(&number.to_be_bytes())).await.expect("published");
    }
}

#[tokio::test]
async fn a_server_that_answers_nothing_holds_a_publish_no_longer_than_its_deadline() {
    let Some(server) = Server::start("a_server_that_answers_nothing") else { return };
    let mut settings = settings(&server);
    settings.call_deadline = Duration::from_millis(300);
    let bus = NatsBus::connect(settings).await.expect("usable settings");
    let subject = somewhere();
    bus.publish_durable(subject, Bytes::new(), "1").await.expect("published");
    server.pause();
    let begun = Instant::now();
    let refusal = bus.publish_durable(subject, Bytes::new(), "2").await;
    assert!(matches!(refusal, Err(BusError::Unavailable { .. })), "{refusal:?}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    // A burst beyond what may be in flight is refused in its time too, and not queued for ever.
    let burst = futures::future::join_all((0..5_000).map(|number| {
        let (bus, id) = (&bus, format!("burst:{number}"));
        async move { bus.publish_durable(subject, Bytes::new(), &id).await }
    }));
    let outcomes = timeout(Duration::from_secs(10), burst).await.expect("in time");
    assert!(outcomes.iter().all(Result::is_err));
    server.resume();
}
