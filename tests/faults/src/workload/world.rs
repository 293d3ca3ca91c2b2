//! What the workload knows of the system: people, rooms, and how far everything is.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use loquat_faults::history::{Action, Entry, Id, Place, PresenceTruth, Room, User};
use loquat_testkit::Gateway;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Account, Journal, Pace};

/// How many connections lead to each gateway, those of readers aside.
const CONNECTIONS: usize = 6;
/// How many of a room's last commands can be repeated, and messages changed.
const MEMORY: usize = 96;

/// One way into the system, over several connections.
#[derive(Debug)]
pub(crate) struct Edge {
    /// Its number in the history.
    pub(crate) via: u32,
    /// Where it is. Nothing for a node that is called past the gateways.
    pub(crate) address: Option<SocketAddr>,
    connections: Vec<Gateway>,
    /// When a call succeeded last that was begun then, in microseconds of the journal.
    last_success: AtomicU64,
}

impl Edge {
    /// The way through a gateway.
    pub(crate) fn at(via: u32, address: SocketAddr) -> Self {
        let connections = (0..CONNECTIONS).map(|_| gateway_at(address)).collect();
        Self { via, address: Some(address), connections, last_success: AtomicU64::new(0) }
    }

    /// The way to a node.
    pub(crate) fn to_node(via: u32, node: Gateway) -> Self {
        Self { via, address: None, connections: vec![node], last_success: AtomicU64::new(0) }
    }

    /// One of its connections: always the same for the same client.
    pub(crate) fn connection(&self, client: u32) -> &Gateway {
        &self.connections[client as usize % self.connections.len()]
    }

    /// Notes that a call succeeded.
    pub(crate) fn note_success(&self, begun: u64) {
        self.last_success.fetch_max(begun, Ordering::Relaxed);
    }

    /// Whether a call has succeeded that was begun after a moment.
    pub(crate) fn has_succeeded_since(&self, moment: u64) -> bool {
        self.last_success.load(Ordering::Relaxed) > moment
    }
}

/// A connection that notices when nobody is at the other end.
pub(crate) fn gateway_at(address: SocketAddr) -> Gateway {
    Gateway::at_through(address, |endpoint| {
        endpoint
            .http2_keep_alive_interval(Duration::from_secs(2))
            .keep_alive_timeout(Duration::from_secs(3))
            .keep_alive_while_idle(true)
    })
}

/// A command that was acknowledged, to be repeated.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Done {
    /// Whose it was, among the people.
    pub(crate) account: usize,
    /// Its request id.
    pub(crate) request: String,
    /// What it was.
    pub(crate) action: Action,
    /// The message that it made or changed.
    pub(crate) message: Id,
}

/// A room of the run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RoomOfRun {
    /// Its number in the history.
    pub(crate) room: Room,
    /// Its id.
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) owner: usize,
    /// Who is in it all the time, the owner included.
    pub(crate) regulars: Vec<usize>,
    /// Who comes and goes.
    pub(crate) guests: Vec<usize>,
    /// The life of its log.
    epoch: Mutex<String>,
    /// The highest number that was acknowledged.
    head: AtomicU64,
    done: Mutex<VecDeque<Done>>,
}

impl RoomOfRun {
    /// Names a room that was just made.
    pub(crate) fn new(
        room: Room,
        id: String,
        owner: usize,
        regulars: Vec<usize>,
        guests: Vec<usize>,
        epoch: String,
    ) -> Self {
        let (head, done, epoch) = (AtomicU64::new(0), Mutex::default(), Mutex::new(epoch));
        Self { room, id, owner, regulars, guests, epoch, head, done }
    }

    /// Where its log begins.
    pub(crate) fn beginning(&self) -> Place {
        let epoch = self.epoch.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Place { epoch, seq: 0, event: None }
    }

    /// Takes the log as it is after a restore: perhaps in another life, with fewer events, and without commands that were
    /// acknowledged.
    pub(crate) fn begin_anew(&self, head: &Place) {
        self.epoch.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&head.epoch);
        self.head.store(head.seq, Ordering::Relaxed);
        self.done.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The highest number that was acknowledged.
    pub(crate) fn head(&self) -> u64 {
        self.head.load(Ordering::Relaxed)
    }

    /// Notes that a number was acknowledged.
    pub(crate) fn note_head(&self, seq: u64) {
        self.head.fetch_max(seq, Ordering::Relaxed);
    }

    /// Notes a command that was acknowledged.
    pub(crate) fn note_done(&self, done: Done, at: usize) {
        let mut all = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MEMORY {
            all.push_back(done);
        } else {
            // Anywhere, so that some are of long ago.
            let at = at % MEMORY;
            all[at] = done;
        }
    }

    /// Returns one of the commands that were acknowledged and are as asked for, beginning to look anywhere.
    pub(crate) fn find_done(&self, at: usize, is_it: impl Fn(&Done) -> bool) -> Option<Done> {
        let all = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.len();
        (0..count).map(|offset| &all[(at + offset) % count]).find(|done| is_it(done)).cloned()
    }

    /// Forgets a message: it takes no more changes.
    pub(crate) fn forget(&self, message: Id) {
        let mut all = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|done| done.message != message || !matches!(done.action, Action::Send { .. }));
    }
}

/// How many streams of one account are open.
#[derive(Debug, Default)]
pub(crate) struct Devices(Mutex<u32>);

impl Devices {
    /// Notes that one more is open.
    pub(super) fn come(&self, journal: &Journal, user: User) {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        if *count == 1 {
            journal.note(Entry::PresenceTruth(PresenceTruth { user, is_online: true, has_vanished: false }));
        }
    }

    /// Notes that one is no longer open: closed, or vanished.
    pub(super) fn go(&self, journal: &Journal, user: User, has_vanished: bool) {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_sub(1);
        if *count == 0 {
            journal.note(Entry::PresenceTruth(PresenceTruth { user, is_online: false, has_vanished }));
        }
    }
}

/// What has been counted.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Sends that were acknowledged and no repeats.
    pub(crate) sends: AtomicU64,
    /// Other commands that were acknowledged.
    pub(crate) commands: AtomicU64,
    /// Calls that are under way.
    #[serde(skip)]
    pub(crate) in_flight: AtomicU64,
    /// Calls that were begun.
    pub(crate) calls: AtomicU64,
    /// Calls whose outcome is not known.
    pub(crate) unknown: AtomicU64,
    /// Commands that were given up without an answer.
    pub(crate) given_up: AtomicU64,
    /// Answers that say that they are a repeat's.
    pub(crate) repeats: AtomicU64,
    /// Rooms that a stream said must be loaded afresh.
    pub(crate) resets: AtomicU64,
    /// Streams that were opened with cursors.
    pub(crate) resumes: AtomicU64,
    /// Items that streams said.
    pub(crate) items: AtomicU64,
    /// Streams that broke.
    pub(crate) cuts: AtomicU64,
}

/// What is switched from outside while the workload runs.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    double_ownership: AtomicBool,
    stillness: watch::Sender<bool>,
    /// How many clients are at something.
    busy: watch::Sender<u32>,
    /// No more commands are begun: those under way are brought to an end.
    pub(crate) is_over: CancellationToken,
    /// Readers end.
    pub(crate) readers_end: CancellationToken,
}

impl Switches {
    /// Makes messages go past the gateways, to both nodes in turn, whosever the room is.
    pub(crate) fn set_double_ownership(&self, is_on: bool) {
        self.double_ownership.store(is_on, Ordering::Relaxed);
    }

    /// Lets everybody bring to its end what they are at, and waits until nobody does anything.
    pub(crate) async fn be_still(&self) {
        self.stillness.send_replace(true);
        drop(self.busy.subscribe().wait_for(|busy| *busy == 0).await);
    }

    /// Lets everybody go on.
    pub(crate) fn go_on(&self) {
        self.stillness.send_replace(false);
    }

    /// Waits until one may do something, and notes that one does, until that is dropped.
    pub(super) async fn begin(&self) -> Busy<'_> {
        let mut stillness = self.stillness.subscribe();
        loop {
            self.busy.send_modify(|busy| *busy += 1);
            let busy = Busy(self);
            // Looked at after it was noted: whoever waits for stillness sees the one or the other.
            if !*stillness.borrow_and_update() {
                return busy;
            }
            drop(busy);
            drop(stillness.wait_for(|is_still| !is_still).await);
        }
    }

    /// Waits until all are to be still.
    pub(super) async fn stillness(&self) {
        drop(self.stillness.subscribe().wait_for(|is_still| *is_still).await);
    }

    /// Whether messages go past the gateways.
    pub(crate) fn is_double_ownership(&self) -> bool {
        self.double_ownership.load(Ordering::Relaxed)
    }
}

/// Somebody is at something.
pub(super) struct Busy<'a>(&'a Switches);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.send_modify(|busy| *busy -= 1);
    }
}

/// All of it.
#[derive(Debug)]
pub(crate) struct World {
    /// Where it is written down.
    pub(crate) journal: Journal,
    /// The people.
    pub(crate) people: Vec<Arc<Account>>,
    /// The rooms, the hot one first.
    pub(crate) rooms: Vec<Arc<RoomOfRun>>,
    /// The ways through gateways.
    pub(crate) edges: Vec<Arc<Edge>>,
    /// The ways to messages nodes.
    pub(crate) nodes: Vec<Arc<Edge>>,
    /// How fast it goes.
    pub(crate) pace: Pace,
    /// What has been counted.
    pub(crate) counts: Counts,
    /// What is switched.
    pub(crate) switches: Switches,
    /// Whether messages can be changed: older servers cannot.
    pub(crate) has_changes: bool,
    /// In how many cases of a hundred a message goes to the hot room.
    pub(crate) hot_share: u32,
    /// How often the run was stopped before: it makes what clients name their own.
    pub(crate) part: u32,
}

impl Counts {
    /// Adds one.
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Reads a counter.
    pub(crate) fn of(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}
