//! The user's list of rooms: a change that the bus lost is learnt of by the heartbeat.

use std::{sync::atomic::Ordering, time::Duration};

use loquat_gateway::{
    model::{Interest, Item},
    service::Reader,
};
use tokio::time::{Instant, timeout};

use crate::{House, house::user_change};

/// The longest time between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(15);

async fn heartbeat(reader: &mut Reader) -> u64 {
    loop {
        match timeout(HEARTBEAT, reader.next()).await.expect("in time").expect("the stream goes on") {
            Item::Heartbeat { user_state_version, .. } => return user_state_version,
            Item::Welcome { .. } => {}
            other => panic!("not a heartbeat: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_change_is_said_within_two_heartbeats_and_the_heartbeat_names_its_version() {
    let house = House::new();
    let (mut reader, _) = house.read(Interest::default());
    assert_eq!(heartbeat(&mut reader).await, 1);
    house.world.user_changes.lock().unwrap().push(user_change(house.room, 2));
    let lost = Instant::now();
    let said = loop {
        match timeout(HEARTBEAT, reader.next()).await.expect("in time").expect("the stream goes on") {
            Item::Encoded(said) => break said,
            Item::Heartbeat { .. } => {}
            other => panic!("not a change: {other:?}"),
        }
    };
    assert_eq!(said, "version 2");
    assert!(lost.elapsed() <= 2 * HEARTBEAT, "{:?}", lost.elapsed());
    assert_eq!(heartbeat(&mut reader).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_user_s_streams_share_what_is_read_of_it() {
    let house = House::new();
    let mut readers: Vec<Reader> = (0..8).map(|_| house.read(Interest::default()).0).collect();
    let mut beat_all = async |times: usize| {
        for _ in 0..times {
            futures::future::join_all(readers.iter_mut().map(heartbeat)).await;
        }
    };
    beat_all(1).await;
    house.world.user_reads.store(0, Ordering::Relaxed);
    beat_all(10).await;
    let reads = house.world.user_reads.load(Ordering::Relaxed);
    assert!((4..=12).contains(&reads), "{reads} reads in ten heartbeats of eight streams");
}
