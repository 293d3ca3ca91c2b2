//! How long a history may be: its time and memory, printed. A short one each time; by hand, in release, the long one:
//! `LOQUAT_TEST_HISTORY_SENDS=1000000 cargo test --release -p loquat-faults --lib long_history -- --nocapture`

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    path::Path,
    time::Instant,
};

use super::dice::Dice;
use crate::{
    checker::check,
    history::{
        Action, Answer, Around, Change, CursorOpen, Entry, HistoryFile, Id, Invoke, Item, Mark, MessageSeen, Op, Open,
        Place, Record, Reply, Room, RoomDeclared, Run, StreamId, User, Writer, Written,
    },
};

const SENDS: u32 = 10_000;
const ROOMS: u32 = 200;
const USERS: u32 = 200;
/// How many streams follow each room, besides its last reader.
const FOLLOWERS: u32 = 5;
/// Three in ten sends go to the first room.
const HOT_PERCENT: u64 = 30;

#[test]
fn a_long_history_is_checked() {
    let sends = sends();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("history.jsonl");
    let begun = Instant::now();
    Script::write(&path, sends);
    let bytes = std::fs::metadata(&path).expect("it was written").len();
    let (written, before) = (begun.elapsed(), resident_mib());
    let begun = Instant::now();
    let verdict = check(&HistoryFile::at(&path)).expect("it was written");
    let counts = &verdict.counts;
    println!("{} records, {} MiB, written in {written:?}", counts.records, bytes >> 20);
    println!("{} sends, {} deliveries, {} rows read", counts.acknowledged_sends, counts.delivered, counts.rows_judged);
    println!("checked in {:?}, {} MiB resident at most, {before} MiB before", begun.elapsed(), peak_mib());
    assert!(verdict.is_clean(), "{:#?}", verdict.violations);
    assert_eq!(counts.acknowledged_sends, u64::from(sends));
}

#[expect(clippy::disallowed_methods, reason = "a test's length has no Settings to stand in")]
fn sends() -> u32 {
    std::env::var("LOQUAT_TEST_HISTORY_SENDS").ok().and_then(|sends| sends.parse().ok()).unwrap_or(SENDS)
}

/// Reads a number of KiB from what Linux says of this process.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

fn resident_mib() -> u64 {
    status("VmRSS:") >> 10
}

fn peak_mib() -> u64 {
    status("VmHWM:") >> 10
}

/// Writes a long good history: calls that overlap, followers that lag, edits and reactions, pages.
struct Script {
    to: Writer,
    dice: Dice,
    at: u64,
    next_op: u32,
    logs: Vec<Vec<Logged>>,
    /// How often each message was changed: all changes, and edits.
    changes: HashMap<(u32, usize), (u32, u32)>,
    /// Answers that are still to come.
    due: VecDeque<Answer>,
    /// Of each room, up to where each follower is.
    followed: Vec<[usize; FOLLOWERS as usize]>,
}

/// An entry of a log, small.
#[derive(Clone, Copy)]
struct Logged {
    op: u32,
    user: u32,
    /// The message that it changes, by its place; 0 for a send.
    of: u32,
    /// Which edit of the message it is; 0 where it is none.
    edit: u32,
}

fn event(room: u32, seq: usize) -> Id {
    let spread = u128::from((u64::from(room) << 32 | seq as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    Id(spread << 64 | u128::from(room) << 32 | seq as u128)
}

const fn stream(room: u32, follower: u32) -> StreamId {
    StreamId(room * (FOLLOWERS + 1) + follower)
}

impl Script {
    fn write(path: &Path, all: u32) {
        let rooms = ROOMS as usize;
        let mut script = Self {
            to: Writer::append(path).expect("writable"),
            dice: Dice(1),
            at: 0,
            next_op: 0,
            logs: vec![Vec::new(); rooms],
            changes: HashMap::new(),
            due: VecDeque::new(),
            followed: vec![[0; FOLLOWERS as usize]; rooms],
        };
        script.begin();
        let mut sends = 0;
        while sends < all {
            sends += u32::from(script.step());
        }
        script.end();
        script.to.flush().expect("writable");
    }

    fn say(&mut self, is: Entry) {
        self.at += 1 + self.dice.roll() % 200;
        self.to.write(&Record { at: self.at, is }).expect("writable");
    }

    fn begin(&mut self) {
        let (shape, store) = ("script".to_owned(), "none".to_owned());
        self.say(Entry::Run(Run { format: Run::FORMAT, seed: 1, shape, store, settings: BTreeMap::new() }));
        let members: Vec<_> = (0..USERS).map(User).collect();
        for room in 0..ROOMS {
            let id = event(ROOMS, room as usize);
            let (owner, members) = (User(0), members.clone());
            self.say(Entry::Room(RoomDeclared { room: Room(room), id, owner, members, is_private: false }));
            self.logs[room as usize].push(Logged { op: 0, user: 0, of: 0, edit: 0 });
            (0..FOLLOWERS).for_each(|follower| self.open(room, follower));
        }
    }

    fn open(&mut self, room: u32, follower: u32) {
        let after = Some(Place { epoch: "epoch".to_owned(), seq: 0, event: None });
        self.say(Entry::Open(Open {
            stream: stream(room, follower),
            client: stream(room, follower).0,
            user: User(follower),
            via: 0,
            rooms: vec![CursorOpen { room: Room(room), after }],
            is_slow: false,
        }));
    }

    /// Makes a call, and lets some answers and events arrive. Tells whether the call is a send.
    fn step(&mut self) -> bool {
        let room = if self.dice.chance(HOT_PERCENT) { 0 } else { self.dice.below(ROOMS as usize) as u32 };
        let user = self.dice.below(USERS as usize - 1) as u32;
        let head = self.logs[room as usize].len();
        let kind = self.dice.below(100);
        let of = (2 + self.dice.below(head.max(2) - 1)).min(head);
        let is_message = of > 1 && self.logs[room as usize].get(of - 1).is_some_and(|logged| logged.of == 0);
        let op = self.next_op;
        self.next_op += 1;
        let (action, logged) = match kind {
            0..6 if is_message => {
                let emoji = format!("emoji-{op}");
                (Action::React { message: event(room, of), emoji }, Some(Logged { op, user, of: of as u32, edit: 0 }))
            }
            6..12 if is_message => {
                let user = self.logs[room as usize][of - 1].user;
                (
                    Action::Edit { message: event(room, of), text: text(op) },
                    Some(Logged { op, user, of: of as u32, edit: self.edits(room, of) }),
                )
            }
            12..20 => (Action::Page { around: Around::Newest }, None),
            _ => (Action::Send { text: text(op) }, Some(Logged { op, user, of: 0, edit: 0 })),
        };
        let is_send = matches!(action, Action::Send { .. });
        // Pages are read by one who never writes: what it has acknowledged is nothing.
        let user = User(logged.map_or(USERS - 1, |logged| logged.user));
        let request = if logged.is_some() { format!("request-{op}") } else { String::new() };
        self.say(Entry::Invoke(Invoke { op: Op(op), client: user.0, user, room: Room(room), via: 0, request, action }));
        let reply = match logged {
            Some(logged) => self.append(room, logged),
            None => self.page(room),
        };
        self.due.push_back(Answer { op: Op(op), reply });
        if self.due.len() > 50 {
            let answer = self.due.pop_front().expect("just counted");
            self.say(Entry::Ok(answer));
        }
        for _ in 0..FOLLOWERS {
            let follower = self.dice.below(FOLLOWERS as usize) as u32;
            self.follow(room, follower, 2);
        }
        is_send
    }

    fn edits(&self, room: u32, of: usize) -> u32 {
        self.changes.get(&(room, of)).map_or(0, |changes| changes.1) + 1
    }

    fn append(&mut self, room: u32, logged: Logged) -> Reply {
        if logged.of > 0 {
            let changes = self.changes.entry((room, logged.of as usize)).or_default();
            *changes = (changes.0 + 1, changes.1.max(logged.edit));
        }
        self.logs[room as usize].push(logged);
        let seq = self.logs[room as usize].len();
        let message = if logged.of == 0 { event(room, seq) } else { event(room, logged.of as usize) };
        let create_time = (logged.of == 0).then_some(seq as i64);
        Reply::Written(Written { seq: seq as u64, message, create_time, is_repeat: false })
    }

    fn page(&self, room: u32) -> Reply {
        let log = &self.logs[room as usize];
        let head = log.len();
        let mut messages: Vec<_> = (2..=head).rev().filter(|seq| log[seq - 1].of == 0).take(20).collect();
        messages.reverse();
        // A page with a changed message is replaced by one of the room's beginning, which has none.
        let messages: Vec<_> = match messages.iter().any(|seq| self.changes.contains_key(&(room, *seq))) {
            true => Vec::new(),
            false => messages.into_iter().map(|seq| row(room, seq, log[seq - 1], head)).collect(),
        };
        let cursor = if messages.is_empty() { 1 } else { head };
        Reply::Page {
            messages,
            cursor: Place { epoch: "epoch".to_owned(), seq: cursor as u64, event: Some(event(room, cursor)) },
        }
    }

    fn follow(&mut self, room: u32, follower: u32, at_most: usize) {
        for _ in 0..at_most {
            let at = self.followed[room as usize][follower as usize];
            if at >= self.logs[room as usize].len() {
                return;
            }
            self.followed[room as usize][follower as usize] = at + 1;
            self.item(room, follower, at + 1);
        }
    }

    fn item(&mut self, room: u32, follower: u32, seq: usize) {
        let Logged { op, user, of, edit } = self.logs[room as usize][seq - 1];
        let (message, message_seq) = (event(room, of as usize), u64::from(of));
        let change = match (seq, of) {
            (1, _) => Change::Created { members: (0..USERS).map(User).collect() },
            (_, 0) => Change::Sent { text: text(op), request: format!("request-{op}") },
            _ if edit > 0 => Change::Edited { message, message_seq, text: text(op), edit_count: edit },
            _ => Change::Reacted { message, message_seq, emoji: format!("emoji-{op}"), is_added: true },
        };
        self.say(Entry::Item(Item {
            stream: stream(room, follower),
            room: Room(room),
            seq: seq as u64,
            event: event(room, seq),
            epoch: "epoch".to_owned(),
            actor: Some(User(user)),
            create_time: seq as i64,
            change,
        }));
    }

    fn end(&mut self) {
        while let Some(answer) = self.due.pop_front() {
            self.say(Entry::Ok(answer));
        }
        self.say(Entry::Mark(Mark::FaultsStopped));
        for room in 0..ROOMS {
            (0..FOLLOWERS).for_each(|follower| self.follow(room, follower, usize::MAX));
            self.open(room, FOLLOWERS);
            (1..=self.logs[room as usize].len()).for_each(|seq| self.item(room, FOLLOWERS, seq));
        }
        self.say(Entry::Mark(Mark::Settled));
    }
}

fn text(op: u32) -> String {
    format!("{op}:1")
}

fn row(room: u32, seq: usize, logged: Logged, head: usize) -> MessageSeen {
    MessageSeen {
        seq: seq as u64,
        message: event(room, seq),
        sender: User(logged.user),
        text: text(logged.op),
        create_time: seq as i64,
        edit_count: 0,
        is_deleted: false,
        is_pinned: false,
        reactions: Vec::new(),
        as_of: head as u64,
    }
}
