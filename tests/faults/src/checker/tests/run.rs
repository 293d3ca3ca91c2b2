//! A run against the model, driven by dice: the good histories.

mod calls;
mod faults;
mod streams;

use std::collections::BTreeMap;

use super::{
    dice::Dice,
    house::{Command, Decision, RoomModel, Sources},
    readers::Reader,
};
use crate::history::{
    BackupId, CursorOpen, Entry, FaultId, Id, Mark, Op, Place, PresenceSeen, PresenceTruth, Record, Room, RoomDeclared,
    Run, User, UserDeclared,
};

/// From how many missed events on the model's streams may say that it is too many.
const TOO_FAR: u64 = 25;

/// What kind of history to make.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) steps: usize,
    /// Whether stores are put back to backups.
    pub(super) has_restores: bool,
}

/// Makes a good history.
pub(super) fn history(plan: Plan) -> Vec<Record> {
    let mut driver = Driver::begin(plan);
    for step in 0..plan.steps {
        if step == plan.steps * 4 / 5 {
            driver.stop_faults();
        }
        driver.step();
    }
    driver.finish()
}

#[derive(Debug)]
struct Pending {
    op: Op,
    command: Command,
    decision: Option<Decision>,
    /// Whether the client was told that nobody knows, while the call may still be decided.
    is_given_up: bool,
}

#[derive(Debug, Clone)]
struct Backup {
    id: BackupId,
    rooms: Option<Vec<RoomModel>>,
    is_complete: bool,
}

struct Driver {
    plan: Plan,
    dice: Dice,
    at: u64,
    records: Vec<Record>,
    users: u32,
    rooms: Vec<RoomModel>,
    sources: Sources,
    epoch: u32,
    pending: Vec<Pending>,
    /// Commands asked for before, to be repeated.
    asked: Vec<Command>,
    messages: Vec<(Room, Id)>,
    readers: Vec<Reader>,
    /// What each client has: its user, and where it is.
    clients: BTreeMap<u32, (User, BTreeMap<Room, Place>)>,
    next_op: u32,
    next_stream: u32,
    next_client: u32,
    backups: Vec<Backup>,
    fault: Option<FaultId>,
    next_fault: u32,
    are_faults_over: bool,
    is_over: bool,
}

impl Driver {
    fn begin(plan: Plan) -> Self {
        let mut driver = Self {
            plan,
            dice: Dice(plan.seed),
            at: 0,
            records: Vec::new(),
            users: 5,
            rooms: Vec::new(),
            sources: Sources { clock: 1_700_000_000_000_000, ..Sources::default() },
            epoch: 1,
            pending: Vec::new(),
            asked: Vec::new(),
            messages: Vec::new(),
            readers: Vec::new(),
            clients: BTreeMap::new(),
            next_op: 0,
            next_stream: 0,
            next_client: 0,
            backups: Vec::new(),
            fault: None,
            next_fault: 0,
            are_faults_over: false,
            is_over: false,
        };
        let settings = BTreeMap::from([("too_far_behind".to_owned(), TOO_FAR.to_string())]);
        let (shape, store) = ("model".to_owned(), "memory".to_owned());
        driver.say(Entry::Run(Run { format: Run::FORMAT, seed: plan.seed, shape, store, settings }));
        for user in (0..driver.users).map(User) {
            let id = driver.sources.id();
            driver.say(Entry::User(UserDeclared { user, id }));
            let is_online = driver.dice.chance(50);
            driver.say(Entry::PresenceTruth(PresenceTruth { user, is_online, has_vanished: false }));
        }
        for room in (0..3).map(Room) {
            let members: Vec<User> =
                (0..driver.users).map(User).filter(|user| user.0 == room.0 || driver.dice.chance(60)).collect();
            let (owner, is_private) = (User(room.0), room.0 == 1);
            let model = RoomModel::found(owner, &members, is_private, &mut driver.sources);
            driver.rooms.push(model);
            let id = driver.sources.id();
            driver.say(Entry::Room(RoomDeclared { room, id, owner, members, is_private }));
        }
        driver
    }

    fn say(&mut self, is: Entry) {
        self.at += 3 + self.dice.roll() % 900;
        // Everything else runs on a clock of its own that wanders, and sometimes jumps back.
        self.sources.clock += self.dice.roll() as i64 % 2_000;
        self.sources.roll = self.dice.roll();
        self.records.push(Record { at: self.at, is });
    }

    fn epoch(&self) -> String {
        format!("epoch-{}", self.epoch)
    }

    fn step(&mut self) {
        match self.dice.below(100) {
            0..27 => self.invoke(),
            27..47 => self.decide(),
            47..67 => self.answer(),
            67..88 => self.read_on(),
            88..92 => self.open(),
            92..94 => self.end_one(),
            94..95 => self.sync(),
            95..96 => self.watch(),
            96..97 => self.heads(),
            97..98 => self.presence(),
            98..99 if self.plan.has_restores => self.backup_or_restore(),
            _ => self.fault(),
        }
    }

    fn finish(mut self) -> Vec<Record> {
        self.stop_workload();
        self.is_over = true;
        for room in (0..self.rooms.len() as u32).map(Room) {
            let owner = self.rooms[room.0 as usize].owner;
            let client = self.new_client();
            self.clients.insert(client, (owner, BTreeMap::new()));
            let beginning = Place { epoch: self.epoch(), seq: 0, event: None };
            self.open_stream(client, owner, vec![CursorOpen { room, after: Some(beginning) }]);
        }
        for reader in 0..self.readers.len() {
            let rooms: Vec<_> = self.readers[reader].rooms.keys().copied().collect();
            for room in rooms {
                while self.read(reader, room, None) {}
            }
        }
        self.at += 40_000_000;
        let truth: BTreeMap<User, bool> = self.records.iter().filter_map(presence_truth).collect();
        for (subject, is_online) in truth {
            let stream = self.readers.last().map(|reader| reader.stream);
            self.say(Entry::PresenceSeen(PresenceSeen { stream, observer: User(0), subject, is_online }));
        }
        self.say(Entry::Mark(Mark::Settled));
        self.records
    }

    fn stop_workload(&mut self) {
        while !self.pending.is_empty() {
            let index = self.dice.below(self.pending.len());
            self.decide_one(index);
            if self.pending[index].is_given_up {
                self.pending.swap_remove(index);
            } else {
                self.answer_one(index, false);
            }
        }
    }
}

fn presence_truth(record: &Record) -> Option<(User, bool)> {
    match &record.is {
        Entry::PresenceTruth(truth) => Some((truth.user, truth.is_online)),
        _ => None,
    }
}
