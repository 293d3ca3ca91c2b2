//! The state machine explored: two actors on one log, whose writes conflict, land by halves, land late, or are lost, in
//! whatever order; judged by a reference model that knows only the log.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
};

use loquat_ids::{RoomId, Timestamp, UserId};
use proptest::prelude::*;

use super::{Outcome, Sequencer, Step};
use crate::model::{
    Change, Command, DedupKey, Refusal, Role, RoomEvent, RoomState, Rule,
    fixture::{ALICE, BOB, created, decided, epoch, moved, room, send},
};

const ROOM: RoomId = room(1);
const BATCH: usize = 4;

/// What happens next in the world.
#[derive(Debug, Clone)]
enum Happening {
    /// Somebody asks an actor for something.
    Ask(usize, Wish),
    /// An actor comes to its next moment; a write meets a fate.
    Go(usize, Fate),
    /// A write whose answer was lost long ago arrives.
    LandLate(prop::sample::Index),
    /// The clock is set.
    Clock(i64),
}

#[derive(Debug, Clone)]
enum Wish {
    Send { sender: UserId, request: u8, text: u8 },
    Create { event: u8 },
    Move { version: u64, event: u8, role: Option<Role> },
}

/// What becomes of a write.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Whole,
    /// One event of the batch more stands; the rest is still on its way.
    OneMore,
    /// An index is said to have refused.
    Conflict,
    /// It stands, and the answer is lost.
    Landed,
    Lost,
    Late,
    Refused,
}

fn happening() -> impl Strategy<Value = Happening> {
    let wish = prop_oneof![
        6 => (prop::bool::ANY, 0..6_u8, 0..2_u8).prop_map(|(alice, request, text)| {
            Wish::Send { sender: if alice { ALICE } else { BOB }, request, text }
        }),
        1 => (0..2_u8).prop_map(|event| Wish::Create { event }),
        3 => (2..7_u64, 0..2_u8, prop::option::of(Just(Role::Member)))
            .prop_map(|(version, event, role)| Wish::Move { version, event, role }),
    ];
    let fate = prop_oneof![
        8 => Just(Fate::Whole),
        3 => Just(Fate::OneMore),
        1 => Just(Fate::Conflict),
        1 => Just(Fate::Landed),
        1 => Just(Fate::Lost),
        2 => Just(Fate::Late),
        1 => Just(Fate::Refused),
    ];
    prop_oneof![
        5 => (0..2_usize, wish).prop_map(|(actor, wish)| Happening::Ask(actor, wish)),
        10 => (0..2_usize, fate).prop_map(|(actor, fate)| Happening::Go(actor, fate)),
        2 => any::<prop::sample::Index>().prop_map(Happening::LandLate),
        1 => (0..1_000_i64).prop_map(Happening::Clock),
    ]
}

/// An actor, in the middle of something.
struct Actor {
    sequencer: Sequencer<usize>,
    inbox: VecDeque<(usize, Command)>,
    doing: Doing,
    published: Vec<Arc<RoomEvent>>,
}

enum Doing {
    Nothing,
    /// The commands are in hand.
    Deciding,
    /// The state was asked for.
    Reading(Vec<DedupKey>),
    /// The state was read, the keys not yet.
    ReadingKeys(Vec<DedupKey>, RoomState),
    /// The rest of a batch that is not written yet.
    Writing(VecDeque<Arc<RoomEvent>>),
}

/// What was asked, and what came of it.
struct Asked {
    command: Command,
    /// How long the log was when it was asked.
    at: usize,
    outcome: Option<Outcome>,
    /// How long the log was when it was answered.
    answered_at: usize,
}

struct World {
    log: Vec<Arc<RoomEvent>>,
    late: Vec<VecDeque<Arc<RoomEvent>>>,
    actors: [Actor; 2],
    asked: Vec<Asked>,
    now: Timestamp,
    next_event: u128,
}

impl World {
    fn new() -> Self {
        let actor = || Actor {
            sequencer: Sequencer::new(ROOM, epoch()),
            inbox: VecDeque::new(),
            doing: Doing::Nothing,
            published: Vec::new(),
        };
        Self {
            log: Vec::new(),
            late: Vec::new(),
            actors: [actor(), actor()],
            asked: Vec::new(),
            now: Timestamp::from_micros(0),
            next_event: 1_000,
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Ask(actor, wish) => self.ask(actor, &wish),
            Happening::Go(actor, fate) => self.go(actor, fate),
            Happening::LandLate(which) if !self.late.is_empty() => {
                let mut batch = self.late.swap_remove(which.index(self.late.len()));
                while self.write_one(&mut batch) == Some(true) {}
            }
            Happening::LandLate(_) => {}
            Happening::Clock(micros) => self.now = Timestamp::from_micros(micros),
        }
    }

    fn ask(&mut self, actor: usize, wish: &Wish) {
        self.next_event += 1;
        let command = match wish {
            Wish::Send { sender, request, text } => {
                send(*sender, self.next_event, &format!("request-{request}"), &format!("text {text}"))
            }
            // Bob is in the room that the one makes, and not in the room that the other makes.
            Wish::Create { event: 0 } => decided(10, created(&[ALICE, BOB])),
            Wish::Create { .. } => decided(11, created(&[ALICE])),
            Wish::Move { version, event, role } => {
                decided(u128::from(*version) * 100 + u128::from(*event), moved(*version, BOB, *role))
            }
        };
        let ticket = self.asked.len();
        self.actors[actor].inbox.push_back((ticket, command.clone()));
        self.asked.push(Asked { command, at: self.log.len(), outcome: None, answered_at: 0 });
    }

    fn go(&mut self, index: usize, fate: Fate) {
        let doing = std::mem::replace(&mut self.actors[index].doing, Doing::Deciding);
        let next = match doing {
            Doing::Nothing => {
                let actor = &mut self.actors[index];
                let taken = actor.inbox.len().min(BATCH);
                actor.sequencer.take(actor.inbox.drain(..taken).collect::<Vec<_>>());
                Doing::Deciding
            }
            Doing::Deciding => match self.actors[index].sequencer.next_step(self.now) {
                Step::Rest => Doing::Nothing,
                Step::Read { keys } => Doing::Reading(keys),
                Step::Write { batch } => Doing::Writing(batch.into()),
            },
            Doing::Reading(keys) => Doing::ReadingKeys(keys, self.read_state()),
            Doing::ReadingKeys(keys, state) => {
                let found = self.log.iter().filter(|event| keys.contains(&event.dedup_key));
                let found = found.map(|event| (**event).clone()).collect();
                self.actors[index].sequencer.learn(state, found);
                Doing::Deciding
            }
            Doing::Writing(batch) => self.write(index, batch, fate),
        };
        self.actors[index].doing = next;
        self.collect(index);
    }

    fn write(&mut self, index: usize, mut batch: VecDeque<Arc<RoomEvent>>, fate: Fate) -> Doing {
        match fate {
            Fate::OneMore => match self.write_one(&mut batch) {
                Some(true) => return Doing::Writing(batch),
                Some(false) => self.actors[index].sequencer.doubt(),
                None => self.actors[index].sequencer.committed(),
            },
            Fate::Whole | Fate::Landed => loop {
                match (self.write_one(&mut batch), fate) {
                    (Some(true), _) => continue,
                    (None, Fate::Whole) => self.actors[index].sequencer.committed(),
                    _ => self.actors[index].sequencer.doubt(),
                }
                break;
            },
            Fate::Conflict | Fate::Lost => self.actors[index].sequencer.doubt(),
            Fate::Late => {
                self.late.push(batch);
                self.actors[index].sequencer.doubt();
            }
            Fate::Refused => self.actors[index].sequencer.give_up(Refusal::StoreRefused),
        }
        Doing::Deciding
    }

    /// Writes the next event of a batch, unless an index refuses it; nothing where none is left.
    fn write_one(&mut self, batch: &mut VecDeque<Arc<RoomEvent>>) -> Option<bool> {
        let event = batch.pop_front()?;
        let is_free = self.log.iter().all(|known| known.seq != event.seq && known.dedup_key != event.dedup_key);
        if is_free {
            self.log.push(event);
        }
        Some(is_free)
    }

    fn read_state(&self) -> RoomState {
        let mut state = RoomState::default();
        self.log.iter().for_each(|event| state.apply(event));
        state
    }

    fn collect(&mut self, index: usize) {
        let answered_at = self.log.len();
        for (ticket, outcome) in self.actors[index].sequencer.answers() {
            let asked = &mut self.asked[ticket];
            assert!(asked.outcome.is_none(), "a command is answered once");
            (asked.outcome, asked.answered_at) = (Some(outcome), answered_at);
        }
        let unpublished = self.actors[index].sequencer.unpublished();
        self.actors[index].published.extend(unpublished);
    }

    /// Nothing goes wrong any more: everything comes to its end.
    fn come_to_rest(&mut self) {
        for turn in 0..10_000 {
            let is_busy = |actor: &Actor| !actor.inbox.is_empty() || !matches!(actor.doing, Doing::Nothing);
            if !self.actors.iter().any(is_busy) {
                return;
            }
            self.go(turn % 2, Fate::Whole);
        }
        panic!("the actors do not come to rest");
    }
}

/// Who is in the room and at which version it is, by the log alone.
#[derive(Default)]
struct Reference {
    members: BTreeSet<UserId>,
    version: u64,
}

impl Reference {
    fn of(log: &[Arc<RoomEvent>]) -> Self {
        let mut reference = Self::default();
        for event in log {
            match &event.change {
                Change::RoomCreated { memberships, .. } => {
                    reference.members.extend(memberships.iter().map(|membership| membership.user));
                }
                Change::MembershipsChanged { changes, .. } => {
                    for change in changes {
                        reference.members.remove(&change.user);
                        reference.members.extend(change.role.map(|_| change.user));
                    }
                }
                _ => {}
            }
            reference.version += u64::from(event.change.version().is_some());
        }
        reference
    }

    fn allows(&self, rule: Rule, actor: UserId) -> bool {
        match rule {
            Rule::Membership => self.members.contains(&actor),
            Rule::NextVersion(version) => version.0 == self.version + 1,
        }
    }
}

fn rule_of(event: &RoomEvent) -> Rule {
    event.change.version().map_or(Rule::Membership, Rule::NextVersion)
}

fn check_log(log: &[Arc<RoomEvent>]) {
    let mut keys = HashSet::new();
    for (index, event) in log.iter().enumerate() {
        assert_eq!(event.seq.get(), index as u64 + 1, "the log is dense");
        assert!(keys.insert(&event.dedup_key), "a key stands once");
        assert!(index == 0 || log[index - 1].create_time <= event.create_time, "create_time never falls");
        let actor = event.actor.expect("somebody's doing");
        assert!(
            Reference::of(&log[..index]).allows(rule_of(event), actor),
            "decided on the state before it: {event:?}"
        );
    }
}

fn check_answers(world: &World) {
    let mut firsts: HashMap<&DedupKey, usize> = HashMap::new();
    for asked in &world.asked {
        let command = &asked.command;
        let same_key = world.log.iter().find(|event| event.dedup_key == command.dedup_key);
        match asked.outcome.as_ref().expect("every command is answered") {
            Ok(placed) => {
                assert_eq!(Some(&placed.event), same_key, "an acknowledgement tells what the log has");
                assert_eq!(placed.event.content_hash, command.content_hash);
                assert!(placed.event.seq.get() as usize <= asked.answered_at, "acknowledged after it stood");
                if !placed.is_repeat {
                    assert!(placed.event.seq.get() as usize > asked.at, "what is new comes after what was there");
                    *firsts.entry(&command.dedup_key).or_default() += usize::from(command.rule == Rule::Membership);
                }
            }
            Err(Refusal::RequestIdReused) => {
                assert!(same_key.is_some_and(|event| event.content_hash != command.content_hash));
            }
            Err(Refusal::RoomNotFound | Refusal::VersionOutOfOrder) => {
                let is_just = (asked.at..=asked.answered_at).any(|length| {
                    let log = &world.log[..length];
                    !Reference::of(log).allows(command.rule, command.actor)
                        && log.iter().all(|event| event.dedup_key != command.dedup_key)
                });
                assert!(is_just, "refused by a state that the log had meanwhile: {command:?}");
            }
            Err(Refusal::StoreRefused | Refusal::StoreUnavailable) => {}
        }
    }
    assert!(firsts.values().all(|count| *count <= 1), "only one send is the first under its key");
}

fn check_news(world: &World) {
    for actor in &world.actors {
        assert!(actor.published.iter().all(|event| world.log.contains(event)), "only what stands is published");
        assert!(actor.published.windows(2).all(|pair| pair[0].seq < pair[1].seq), "in order and once");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn two_actors_keep_one_log(happenings in prop::collection::vec(happening(), 0..120)) {
        let mut world = World::new();
        world.ask(0, &Wish::Create { event: 0 });
        for happening in happenings {
            world.happen(happening);
        }
        world.come_to_rest();
        // What landed after all answers are given must not change what they said.
        while !world.late.is_empty() {
            let mut batch = world.late.remove(0);
            while world.write_one(&mut batch) == Some(true) {}
        }
        check_log(&world.log);
        check_answers(&world);
        check_news(&world);
    }
}
