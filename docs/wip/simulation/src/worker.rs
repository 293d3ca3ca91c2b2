//! Clients that write: sends and changes with repeats, and people who come and go.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use loquat_faults::history::{Action, Answer, Around, Entry, Invoke, Outcome, Reply};
use loquat_rpc::Channel;
use rand::{RngExt as _, rngs::SmallRng};
use tokio::time::{Instant, sleep};

use crate::{
    client::Call,
    determinism::dice,
    house::GATEWAYS,
    network::channel,
    world::{Person, Phase, RoomOfRun, World},
};

/// For how long the same is asked again.
const PERSISTENCE: Duration = Duration::from_secs(12);
const LONGEST_PAUSE_MILLIS: u64 = 260;
const EMOJI: [&str; 3] = ["👍", "🎉", "😀"];

/// Begins a client that writes, on the host of the moment.
pub(crate) fn begin(world: &Arc<World>, person: &Arc<Person>, client: u32) {
    let (world, person) = (Arc::clone(world), Arc::clone(person));
    world.working.fetch_add(1, Ordering::SeqCst);
    let gateways = GATEWAYS.iter().map(|host| channel("gateway", &[host])).collect();
    let dice = dice(world.seed, format_args!("worker {client}"));
    let worker = Worker { world, person, client, dice, gateways, at: 0, asked: 0, done: Vec::new() };
    tokio::spawn(worker.run());
}

struct Worker {
    world: Arc<World>,
    person: Arc<Person>,
    client: u32,
    dice: SmallRng,
    gateways: Vec<Channel>,
    /// The gateway of the moment.
    at: usize,
    asked: u32,
    /// What was acknowledged lately.
    done: Vec<Call>,
}

impl Worker {
    async fn run(mut self) {
        self.world.reached(Phase::Working).await;
        while !self.world.has_reached(Phase::Settling) {
            sleep(Duration::from_millis(self.dice.random_range(20..LONGEST_PAUSE_MILLIS))).await;
            let call = match self.done.is_empty() || self.dice.random_bool(0.9) {
                true => self.next(),
                false => Some(self.done[self.dice.random_range(0..self.done.len())].clone()),
            };
            if let Some(call) = call {
                self.ask(call).await;
            }
        }
        self.world.working.fetch_sub(1, Ordering::SeqCst);
    }

    /// Asks until there is an answer, under the same request id.
    async fn ask(&mut self, call: Call) {
        let by = Instant::now() + PERSISTENCE;
        let is_reading = call.request.is_empty();
        loop {
            let via = u32::try_from(self.at).unwrap_or(0);
            match call.attempt(&self.world, via, &self.gateways[self.at]).await {
                Ok(reply) => return self.note(call, &reply),
                Err(Outcome::Refused) => return,
                Err(_) if is_reading || Instant::now() >= by => return,
                Err(_) => {}
            }
            sleep(Duration::from_millis(self.dice.random_range(30..250))).await;
            if self.dice.random_bool(0.6) {
                self.at = (self.at + 1) % self.gateways.len();
            }
        }
    }

    fn note(&mut self, call: Call, reply: &Reply) {
        let Reply::Written(written) = reply else { return };
        if matches!(call.action, Action::Send { .. }) {
            call.room.remember(written.message);
        }
        // What was deleted since is no longer what it was.
        if matches!(call.action, Action::Send { .. } | Action::Delete { .. }) {
            if self.done.len() == 8 {
                self.done.remove(0);
            }
            self.done.push(call);
        }
    }

    fn next(&mut self) -> Option<Call> {
        let room = Arc::clone(&self.world.rooms[self.dice.random_range(0..self.world.rooms.len())]);
        self.asked += 1;
        let request = format!("client-{}-request-{}", self.client, self.asked);
        let action = self.action(&room)?;
        let is_reading = matches!(action, Action::Page { .. } | Action::Get { .. });
        let request = if is_reading { String::new() } else { request };
        Some(Call { client: self.client, person: Arc::clone(&self.person), room, request, action })
    }

    fn action(&mut self, room: &RoomOfRun) -> Option<Action> {
        let kind = self.dice.random_range(0..100);
        let text = format!("{} of {}", self.asked, self.client);
        if kind < 64 {
            return Some(Action::Send { text });
        }
        let message = room.message(self.dice.random_range(0..1_000))?;
        let emoji = EMOJI[self.dice.random_range(0..EMOJI.len())].to_owned();
        Some(match kind {
            64..72 => Action::Edit { message, text },
            72..76 => Action::Delete { message },
            76..84 => Action::React { message, emoji },
            84..87 => Action::Unreact { message, emoji },
            87..90 => Action::Pin { message },
            90..92 => Action::Unpin { message },
            92..96 => Action::Get { message },
            _ => Action::Page { around: Around::Newest },
        })
    }
}

/// Begins to let people come and go.
pub(crate) fn begin_coming_and_going(world: &Arc<World>, client: u32) {
    let world = Arc::clone(world);
    world.working.fetch_add(1, Ordering::SeqCst);
    tokio::spawn(async move {
        let mut dice = dice(world.seed, "coming and going");
        world.reached(Phase::Working).await;
        while !world.has_reached(Phase::Settling) {
            sleep(Duration::from_millis(dice.random_range(300..1_600))).await;
            let room = Arc::clone(&world.rooms[dice.random_range(0..world.rooms.len())]);
            let who = Arc::clone(&room.first_members[dice.random_range(0..room.first_members.len())]);
            if who.user == room.owner.user {
                continue;
            }
            let is_member = world.desk.is_member(&room, who.user);
            let is_removal = is_member && dice.random_bool(0.5);
            let (actor, action) = match (is_member, is_removal) {
                (true, true) => (&room.owner, Action::Remove { target: who.user }),
                (true, false) => (&who, Action::Leave),
                (false, _) => (&who, Action::Join),
            };
            let op = world.journal.invoke(|op| Invoke {
                op,
                client,
                user: actor.user,
                room: room.room,
                via: 0,
                request: String::new(),
                action,
            });
            world.desk.change(&room, actor, &who, !is_member).await;
            world.journal.note(Entry::Ok(Answer { op, reply: Reply::Done }));
        }
        world.working.fetch_sub(1, Ordering::SeqCst);
    });
}
