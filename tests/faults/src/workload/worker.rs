//! A client that does one thing after another.

use std::{sync::Arc, time::Duration};

use loquat_faults::history::{Action, Around, Outcome, Reply, User};
use rand::{RngExt as _, SeedableRng as _, rngs::SmallRng};
use tokio::time::{Instant, sleep};
use tonic::Code;

use super::{
    Account, Counts, Edge, RoomOfRun, World,
    call::{Came, Command},
    world::Done,
};

/// For how long a command is tried again before it is given up.
const BUDGET: Duration = Duration::from_secs(75);
const FIRST_BACKOFF: Duration = Duration::from_millis(20);
const LONGEST_BACKOFF: Duration = Duration::from_millis(1_500);
/// In how many cases of a thousand each happens; what is left of a thousand are sends.
const MIX: [(Deed, u32); 13] = [
    (Deed::Repeat, 25),
    (Deed::Twice, 10),
    (Deed::Edit, 40),
    (Deed::Delete, 6),
    (Deed::React, 50),
    (Deed::Unreact, 12),
    (Deed::Pin, 4),
    (Deed::Unpin, 3),
    (Deed::Come, 10),
    (Deed::Go, 8),
    (Deed::Remove, 4),
    (Deed::Update, 2),
    (Deed::Read, 30),
];
const EMOJI: [&str; 8] = ["👍", "🎉", "❤️", "😀", "🚀", "👀", "🙏", "🔥"];

/// What a client does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Send,
    /// The same again, some time later, perhaps through another gateway.
    Repeat,
    /// The same through two gateways at once.
    Twice,
    Edit,
    Delete,
    React,
    Unreact,
    Pin,
    Unpin,
    Come,
    Go,
    Remove,
    Update,
    Read,
}

impl Deed {
    /// Whether it changes a message.
    const fn is_change(self) -> bool {
        matches!(self, Self::Edit | Self::Delete | Self::React | Self::Unreact | Self::Pin | Self::Unpin)
    }
}

/// A client of the workload.
pub(crate) struct Worker {
    world: Arc<World>,
    account: Arc<Account>,
    client: u32,
    random: SmallRng,
    /// Counts its commands: names their request ids and texts.
    commands: u32,
    /// Where it is at home: a client moves only where it must.
    edge: usize,
}

impl Worker {
    /// Makes a client of an account.
    pub(crate) fn new(world: Arc<World>, account: Arc<Account>, client: u32, seed: u64) -> Self {
        let random = SmallRng::seed_from_u64(seed ^ (u64::from(client) << 32));
        let edge = client as usize % world.edges.len();
        Self { world, account, client, random, commands: 0, edge }
    }

    /// Works until the workload is over. What was begun is brought to an end first.
    pub(crate) async fn run(mut self) {
        let is_over = self.world.switches.is_over.clone();
        while !is_over.is_cancelled() {
            tokio::select! {
                () = self.world.pace.turn() => {}
                () = is_over.cancelled() => return,
            }
            let world = Arc::clone(&self.world);
            let _busy = world.switches.begin().await;
            self.act().await;
        }
    }

    async fn act(&mut self) {
        let wanted = self.next_deed();
        // Who has no business with any room's members says something instead.
        let (deed, room) = match self.choose_room(wanted) {
            Some(room) => (wanted, room),
            None => (Deed::Send, Arc::clone(&self.world.rooms[0])),
        };
        let Some((request, action)) = self.plan(deed, &room) else { return };
        if deed == Deed::Twice {
            return self.do_twice(&room, &request, &action).await;
        }
        let is_elsewhere = deed == Deed::Repeat && self.random.random_bool(0.6);
        if is_elsewhere {
            self.move_on();
        }
        self.carry_out(&room, &request, &action).await;
    }

    fn next_deed(&mut self) -> Deed {
        let mut draw = self.random.random_range(0..1_000);
        for (deed, share) in MIX {
            if draw < share {
                return if deed.is_change() && !self.world.has_changes { Deed::Send } else { deed };
            }
            draw -= share;
        }
        Deed::Send
    }

    fn choose_room(&mut self, deed: Deed) -> Option<Arc<RoomOfRun>> {
        let rooms = &self.world.rooms;
        let me = self.account.index;
        let is_about_members = matches!(deed, Deed::Come | Deed::Go | Deed::Remove | Deed::Update);
        if !is_about_members && self.random.random_range(0..100) < self.world.hot_share {
            return Some(Arc::clone(&rooms[0]));
        }
        // Where the account has something to do, from any room on.
        let start = self.random.random_range(0..rooms.len());
        let fits = |room: &RoomOfRun| match deed {
            Deed::Come | Deed::Go => room.guests.contains(&me),
            Deed::Remove | Deed::Update => room.owner == me,
            _ => room.regulars.contains(&me),
        };
        let found = (0..rooms.len()).map(|offset| &rooms[(start + offset) % rooms.len()]).find(|room| fits(room));
        // A guest speaks too, in or out.
        let as_guest = !is_about_members && self.random.random_bool(0.03);
        let guested = rooms.iter().find(|room| as_guest && room.guests.contains(&me));
        guested.or(found).map(Arc::clone)
    }

    fn plan(&mut self, deed: Deed, room: &RoomOfRun) -> Option<(String, Action)> {
        let me = self.account.index;
        let at = self.random.random_range(0..1_024);
        let own_send = |done: &Done| done.account == me && matches!(done.action, Action::Send { .. });
        let any_send = |done: &Done| matches!(done.action, Action::Send { .. });
        let action = match deed {
            Deed::Repeat => {
                let done = room.find_done(at, |done| done.account == me)?;
                return Some((done.request, done.action));
            }
            Deed::Send | Deed::Twice => Action::Send { text: self.text() },
            Deed::Edit => Action::Edit { message: room.find_done(at, own_send)?.message, text: self.text() },
            Deed::Delete => {
                let message = room.find_done(at, own_send)?.message;
                room.forget(message);
                Action::Delete { message }
            }
            Deed::React => Action::React { message: room.find_done(at, any_send)?.message, emoji: self.emoji() },
            Deed::Unreact => {
                let is_own = |done: &Done| done.account == me && matches!(done.action, Action::React { .. });
                let done = room.find_done(at, is_own)?;
                let Action::React { message, emoji } = done.action else { return None };
                Action::Unreact { message, emoji }
            }
            Deed::Pin => Action::Pin { message: room.find_done(at, any_send)?.message },
            Deed::Unpin => {
                let done = room.find_done(at, |done| matches!(done.action, Action::Pin { .. }))?;
                Action::Unpin { message: done.message }
            }
            Deed::Come => return Some((String::new(), Action::Join)),
            Deed::Go => return Some((String::new(), Action::Leave)),
            Deed::Remove => return Some((String::new(), Action::Remove { target: self.a_guest(room)? })),
            Deed::Update => {
                let topic = format!("about {}", self.mark());
                self.commands += 1;
                return Some((String::new(), Action::Update { topic }));
            }
            Deed::Read => return Some((String::new(), self.reading(room, at))),
        };
        let request = format!("request-{}", self.mark());
        self.commands += 1;
        Some((request, action))
    }

    /// What nothing else of the run is called.
    fn mark(&self) -> String {
        format!("{}-{}-{}", self.client, self.world.part, self.commands)
    }

    fn reading(&mut self, room: &RoomOfRun, at: usize) -> Action {
        let seq = self.random.random_range(0..room.head() + 2);
        let message = room.find_done(at, |done| matches!(done.action, Action::Send { .. })).map(|done| done.message);
        match (self.random.random_range(0..7), message) {
            (0, Some(message)) => Action::Get { message },
            (1, _) if self.world.has_changes => Action::Pins,
            (2, _) => Action::Page { around: Around::Before(seq) },
            (3, _) => Action::Page { around: Around::After(seq) },
            (4, _) => Action::Page { around: Around::Seq(seq) },
            _ => Action::Page { around: Around::Newest },
        }
    }

    fn a_guest(&mut self, room: &RoomOfRun) -> Option<User> {
        if room.guests.is_empty() {
            return None;
        }
        let guest = room.guests[self.random.random_range(0..room.guests.len())];
        Some(self.world.people[guest].user)
    }

    /// A text that nobody else says, of varied length.
    fn text(&mut self) -> String {
        let mut text = format!("{} says {}.{} ", self.client, self.world.part, self.commands);
        let length = if self.random.random_bool(0.02) { 1_500 } else { self.random.random_range(0..120) };
        text.extend((0..length).map(|_| ['a', 'é', ' ', '漢', '*', '\n', 'z'][self.random.random_range(0..7)]));
        // Not a space at its end, which a server might take away.
        text.push('.');
        text
    }

    fn emoji(&mut self) -> String {
        EMOJI[self.random.random_range(0..EMOJI.len())].to_owned()
    }

    /// Does the same through two gateways at once: both are answered alike.
    async fn do_twice(&mut self, room: &Arc<RoomOfRun>, request: &str, action: &Action) {
        let first = self.way();
        self.move_on();
        let second = self.way();
        let command = self.command(room, request, action);
        let (one, other) = tokio::join!(self.world.attempt(&command, &first), self.world.attempt(&command, &second));
        match (one, other) {
            (Came::Answer(reply, _), _) | (_, Came::Answer(reply, _)) => self.note(room, request, action, &reply),
            _ => self.carry_out(room, request, action).await,
        }
    }

    /// Asks until there is an answer, or the budget is used up.
    async fn carry_out(&mut self, room: &Arc<RoomOfRun>, request: &str, action: &Action) {
        let by = Instant::now() + BUDGET;
        let mut backoff = FIRST_BACKOFF;
        let is_web = self.random.random_bool(0.02);
        let is_reading = matches!(action, Action::Page { .. } | Action::Get { .. } | Action::Pins);
        loop {
            let way = self.way();
            let command = Command { is_web, ..self.command(room, request, action) };
            match self.world.attempt(&command, &way).await {
                Came::Answer(reply, _) => return self.note(room, request, action, &reply),
                Came::Nothing(Outcome::Refused, _) => return,
                // Nobody misses a page, and a server that does not know the method will not learn it.
                Came::Nothing(_, refusal) if is_reading || refusal.code == Code::Unimplemented => return,
                Came::Nothing(..) if Instant::now() >= by => {
                    Counts::add(&self.world.counts.given_up);
                    return;
                }
                Came::Nothing(..) => {}
            }
            sleep(backoff.mul_f64(self.random.random_range(0.5..1.5))).await;
            backoff = (backoff * 2).min(LONGEST_BACKOFF);
            if self.random.random_bool(0.6) {
                self.move_on();
            }
        }
    }

    fn note(&mut self, room: &Arc<RoomOfRun>, request: &str, action: &Action, reply: &Reply) {
        let Reply::Written(written) = reply else { return };
        let done = Done {
            account: self.account.index,
            request: request.to_owned(),
            action: action.clone(),
            message: written.message,
        };
        let is_deletion = matches!(action, Action::Delete { .. });
        if !written.is_repeat && !is_deletion {
            room.note_done(done, self.random.random_range(0..1_024));
        }
    }

    fn command<'a>(&'a self, room: &'a RoomOfRun, request: &'a str, action: &'a Action) -> Command<'a> {
        let (client, account) = (self.client, &*self.account);
        Command { client, account, room, request, action, page_size: 0, page_token: "", is_web: false }
    }

    /// The way of the next call.
    fn way(&mut self) -> Arc<Edge> {
        let nodes = &self.world.nodes;
        if self.world.switches.is_double_ownership() && !nodes.is_empty() {
            return Arc::clone(&nodes[self.random.random_range(0..nodes.len())]);
        }
        Arc::clone(&self.world.edges[self.edge])
    }

    /// Goes to another gateway.
    fn move_on(&mut self) {
        let others = self.world.edges.len() - 1;
        if others > 0 {
            self.edge = (self.edge + self.random.random_range(1..=others)) % self.world.edges.len();
        }
    }
}
