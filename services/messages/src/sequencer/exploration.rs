//! The state machine explored: two actors on one log, whose writes conflict, land by halves, land late, or are lost, in
//! whatever order; judged by a reference model that knows only the log.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use loquat_ids::{MessageId, RoomId, Timestamp, UserId};
use proptest::prelude::*;

use super::{Outcome, Sequencer, Step};
use crate::model::{
    Command, DedupKey, Deed, Done, FoldedMessage, FoldedMessages, Intent, MessageFold, Refusal, Role, RoomEvent,
    RoomState,
    fixture::{ALICE, BOB, about, created, decided, emoji, epoch, event_id, moved, room, send, text},
};

mod reference;

use reference::{Reference, Ruling};

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
    Send {
        sender: UserId,
        request: u8,
        text: u8,
    },
    /// Something is done to the message of the send that was asked for so many wishes ago.
    Do {
        actor: UserId,
        request: u8,
        back: u128,
        deed: Deed,
    },
    Create {
        event: u8,
    },
    Move {
        version: u64,
        event: u8,
        role: Option<Role>,
    },
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
        10 => (prop::bool::ANY, 0..12_u8, 0..6_u128, deed()).prop_map(|(alice, request, back, deed)| {
            Wish::Do { actor: if alice { ALICE } else { BOB }, request, back, deed }
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

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        2 => (0..2_u8).prop_map(|number| Deed::Edit(text(&format!("edit {number}")))),
        2 => Just(Deed::Delete),
        3 => (0..2_u8).prop_map(|one| Deed::AddReaction(reaction(one))),
        3 => (0..2_u8).prop_map(|one| Deed::RemoveReaction(reaction(one))),
        2 => Just(Deed::Pin),
        2 => Just(Deed::Unpin),
    ]
}

fn reaction(one: u8) -> crate::model::Emoji {
    emoji(if one == 0 { "👍" } else { "🎉" })
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
    /// The state and messages were asked for.
    Reading(Vec<DedupKey>, Vec<MessageId>),
    /// They were read, the keys not yet.
    ReadingKeys(Vec<DedupKey>, RoomState, FoldedMessages),
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
    /// The events that sends were asked for with, the last one at the end.
    sends: Vec<u128>,
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
            sends: Vec::new(),
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
                self.sends.push(self.next_event);
                send(*sender, self.next_event, &format!("request-{request}"), &format!("text {text}"))
            }
            Wish::Do { actor, request, back, deed } => {
                // Before anything was sent it is a message that is not there.
                let which = self.sends.len().checked_sub(1 + *back as usize).map_or(7, |index| self.sends[index]);
                let message = MessageId::from_uuid(event_id(which).as_uuid());
                about(*actor, self.next_event, &format!("request-{request}"), message, deed.clone())
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
                Step::Read { keys, messages } => Doing::Reading(keys, messages),
                Step::Write { batch } => Doing::Writing(batch.into()),
            },
            Doing::Reading(keys, messages) => {
                let messages = messages.into_iter().map(|message| (message, self.read_message(message))).collect();
                Doing::ReadingKeys(keys, self.read_state(), messages)
            }
            Doing::ReadingKeys(keys, state, messages) => {
                let found = self.log.iter().filter(|event| keys.contains(&event.dedup_key));
                let found = found.map(|event| (**event).clone()).collect();
                self.actors[index].sequencer.learn(state, messages, found);
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

    fn read_message(&self, message: MessageId) -> Option<FoldedMessage> {
        let event = self.log.iter().find(|event| event.message_id() == message)?;
        let mut fold = MessageFold::default();
        for event in self.log.iter().filter(|event| event.change.message().is_some_and(|place| place.id == message)) {
            fold.apply(event).expect("an event of the message");
        }
        Some(FoldedMessage { event: Arc::clone(event), fold: Arc::new(fold) })
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

fn check_log(log: &[Arc<RoomEvent>]) {
    let mut keys = HashSet::new();
    let mut before = Reference::default();
    for (index, event) in log.iter().enumerate() {
        assert_eq!(event.seq.get(), index as u64 + 1, "the log is dense");
        assert!(keys.insert(&event.dedup_key), "a key stands once");
        assert!(index == 0 || log[index - 1].create_time <= event.create_time, "create_time never falls");
        assert!(before.allows(event), "decided on the state before it: {event:?}");
        before.apply(event);
    }
}

fn check_answers(world: &World) {
    let mut firsts: HashMap<&DedupKey, usize> = HashMap::new();
    let states = Reference::along(&world.log);
    // A refusal, and that nothing changes, must have been so at some moment between question and answer.
    let was_so = |asked: &Asked, ruling: &dyn Fn(Ruling) -> bool| {
        (asked.at..=asked.answered_at).any(|length| {
            ruling(states[length].rule(&asked.command))
                && world.log[..length].iter().all(|event| event.dedup_key != asked.command.dedup_key)
        })
    };
    for asked in &world.asked {
        let command = &asked.command;
        let same_key = world.log.iter().find(|event| event.dedup_key == command.dedup_key);
        match asked.outcome.as_ref().expect("every command is answered") {
            Ok(Done::Placed(placed)) => {
                assert_eq!(Some(&placed.event), same_key, "an acknowledgement tells what the log has");
                assert_eq!(placed.event.content_hash, command.content_hash);
                assert!(placed.event.seq.get() as usize <= asked.answered_at, "acknowledged after it stood");
                if let Some(message) = &placed.message {
                    assert_eq!(message.as_of, placed.event.seq);
                    assert!(states[placed.event.seq.get() as usize].agrees(message), "{message:?}");
                }
                if !placed.is_repeat {
                    assert!(placed.event.seq.get() as usize > asked.at, "what is new comes after what was there");
                    let is_of_somebody = !matches!(command.intent, Intent::ChangeRoom { .. });
                    *firsts.entry(&command.dedup_key).or_default() += usize::from(is_of_somebody);
                }
            }
            Ok(Done::Unchanged(message)) => {
                assert!(was_so(asked, &|ruling| ruling == Ruling::Unchanged), "nothing to change: {command:?}");
                assert!(states[message.as_of.get() as usize].agrees(message), "{message:?}");
            }
            Err(Refusal::RequestIdReused) => {
                assert!(same_key.is_some_and(|event| event.content_hash != command.content_hash));
            }
            Err(Refusal::StoreRefused | Refusal::StoreUnavailable) => {}
            Err(refusal) => {
                assert!(was_so(asked, &|ruling| ruling == Ruling::Refused(*refusal)), "{refusal:?} of {command:?}");
            }
        }
    }
    assert!(firsts.values().all(|count| *count <= 1), "only one request is the first under its key");
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
    fn two_actors_keep_one_log(happenings in prop::collection::vec(happening(), 0..160)) {
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
