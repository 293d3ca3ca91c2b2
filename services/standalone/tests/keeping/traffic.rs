//! People at work while something is done to what they work on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use loquat_ids::RoomId;
use loquat_proto::messages::v1::Message;
use loquat_testkit::Person;
use tokio::task::JoinHandle;

/// Senders, and somebody who comes and goes, in one room, until they are told to stop.
#[derive(Debug)]
pub(crate) struct Traffic {
    is_over: Arc<AtomicBool>,
    senders: Vec<JoinHandle<Vec<Message>>>,
    wanderer: JoinHandle<u64>,
}

/// How many send at once.
const SENDERS: usize = 8;

impl Traffic {
    /// Has a member send and another person come and go.
    pub(crate) fn begin(member: &Person, wanderer: &Person, room: RoomId) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let senders = (0..SENDERS).map(|number| tokio::spawn(send_all(member.clone(), room, number, is_over.clone())));
        let senders = senders.collect();
        let wanderer = tokio::spawn(wander(wanderer.clone(), room, is_over.clone()));
        Self { is_over, senders, wanderer }
    }

    /// Ends it, and returns what was acknowledged, and how often somebody came or went.
    pub(crate) async fn end(self) -> (Vec<Message>, u64) {
        self.is_over.store(true, Ordering::SeqCst);
        let mut sent = Vec::new();
        for sender in self.senders {
            sent.extend(sender.await.expect("a sender ends well"));
        }
        (sent, self.wanderer.await.expect("a wanderer ends well"))
    }
}

async fn send_all(sender: Person, room: RoomId, number: usize, is_over: Arc<AtomicBool>) -> Vec<Message> {
    let mut sent = Vec::new();
    for round in 0.. {
        if is_over.load(Ordering::SeqCst) {
            break;
        }
        sent.push(sender.say(room, &format!("{number} says {round}")).await);
    }
    sent
}

async fn wander(wanderer: Person, room: RoomId, is_over: Arc<AtomicBool>) -> u64 {
    let mut moves = 0;
    while !is_over.load(Ordering::SeqCst) {
        wanderer.join(room).await.expect("it is public");
        wanderer.leave(room).await.expect("a member may leave");
        moves += 2;
        // People do not come and go as fast as a machine can.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    moves
}
