//! What clients of a run know: people, rooms, and how far the run is.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use loquat_faults::history::{Entry, Id, Room, RoomDeclared, User, UserDeclared};
use loquat_ids::{Clock as _, IdSource as _, RoomId, SessionId, UserId};
use loquat_rpc::{Claims, KeySet, VerifyingKey};
use tokio::sync::watch;
use tonic::{Request, metadata::AsciiMetadataValue};

use crate::{
    determinism::{SeededIds, SimulatedClock, dice},
    journal::Journal,
    rooms::RoomsDesk,
};

/// The only life that the simulated store's logs have.
pub(crate) const EPOCH: &str = "faulty";
const PEOPLE: u32 = 8;
const ROOMS: u32 = 3;
/// Longer than any run.
const TOKEN_SECONDS: i64 = 3_600;

/// How far the run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Rooms are made.
    Starting,
    /// Clients work.
    Working,
    /// Clients ask for nothing more, and listen until they have heard all.
    Settling,
    /// Streams are closed.
    Over,
}

/// Somebody with a token.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) user: User,
    pub(crate) id: UserId,
    bearer: AsciiMetadataValue,
}

impl Person {
    /// Makes a request of this person's.
    pub(crate) fn ask<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.bearer.clone());
        request
    }
}

/// A room of the run.
#[derive(Debug)]
pub(crate) struct RoomOfRun {
    pub(crate) room: Room,
    pub(crate) id: RoomId,
    pub(crate) is_private: bool,
    pub(crate) owner: Arc<Person>,
    pub(crate) first_members: Vec<Arc<Person>>,
    /// The messages that were acknowledged last.
    messages: Mutex<VecDeque<Id>>,
}

impl RoomOfRun {
    const REMEMBERED: usize = 24;

    pub(crate) fn remember(&self, message: Id) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() == Self::REMEMBERED {
            messages.pop_front();
        }
        messages.push_back(message);
    }

    /// Returns some of the messages that were acknowledged last.
    pub(crate) fn message(&self, which: usize) -> Option<Id> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let index = which.checked_rem(messages.len())?;
        messages.get(index).copied()
    }
}

/// What all clients share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) journal: Journal,
    pub(crate) people: Vec<Arc<Person>>,
    pub(crate) rooms: Vec<Arc<RoomOfRun>>,
    pub(crate) desk: RoomsDesk,
    pub(crate) keys: KeySet,
    pub(crate) phase: watch::Sender<Phase>,
    /// Workers that have not come to their end.
    pub(crate) working: AtomicU32,
}

impl World {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let ids = SeededIds::new(dice(seed, "people and rooms"));
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes are a seed");
        let signing = EncodingKey::from_ed_der(pair.to_pkcs8().expect("a pair can be written").as_ref());
        let ed25519 = pair.public_key().as_ref().try_into().expect("a public key has 32 bytes");
        let keys = vec![VerifyingKey { key_id: "one".to_owned(), ed25519 }];
        let keys = KeySet { issuer: "loquat".to_owned(), audience: "loquat".to_owned(), keys };
        let people: Vec<_> = (0..PEOPLE).map(|number| Arc::new(person(User(number), &ids, &signing))).collect();
        let rooms: Vec<_> = (0..ROOMS).map(|number| Arc::new(room(Room(number), &ids, &people))).collect();
        let desk = RoomsDesk::new(&rooms, SeededIds::new(dice(seed, "room events")));
        let (phase, working) = (watch::Sender::new(Phase::Starting), AtomicU32::new(0));
        Arc::new(Self { seed, journal: Journal::default(), people, rooms, desk, keys, phase, working })
    }

    /// Writes down who there is.
    pub(crate) fn declare(&self) {
        for person in &self.people {
            let id = Id(person.id.as_uuid().as_u128());
            self.journal.note(Entry::User(UserDeclared { user: person.user, id }));
        }
        for room in &self.rooms {
            self.journal.note(Entry::Room(RoomDeclared {
                room: room.room,
                id: Id(room.id.as_uuid().as_u128()),
                owner: room.owner.user,
                members: room.first_members.iter().map(|person| person.user).collect(),
                is_private: room.is_private,
            }));
        }
    }

    /// Returns when the run is that far.
    pub(crate) async fn reached(&self, phase: Phase) {
        // The world outlives whoever waits.
        drop(self.phase.subscribe().wait_for(|now| *now >= phase).await);
    }

    pub(crate) fn has_reached(&self, phase: Phase) -> bool {
        *self.phase.borrow() >= phase
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.working.load(Ordering::SeqCst) == 0
    }
}

fn person(user: User, ids: &SeededIds, signing: &EncodingKey) -> Person {
    let id = UserId::from_uuid(ids.fresh());
    let now = SimulatedClock { skew: std::time::Duration::ZERO }.now().as_seconds();
    let claims = Claims {
        iss: "loquat".to_owned(),
        aud: "loquat".to_owned(),
        sub: id,
        sid: SessionId::from_uuid(ids.fresh()),
        iat: now,
        exp: now + TOKEN_SECONDS,
    };
    let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::EdDSA) };
    let token = jsonwebtoken::encode(&header, &claims, signing).expect("claims can be signed");
    Person { user, id, bearer: format!("Bearer {token}").parse().expect("a token is plain text") }
}

/// Everybody is in the first room, and all but few in the others; the last is private.
fn room(room: Room, ids: &SeededIds, people: &[Arc<Person>]) -> RoomOfRun {
    let first = room.0 as usize;
    RoomOfRun {
        room,
        id: RoomId::from_uuid(ids.fresh()),
        is_private: room.0 + 1 == ROOMS,
        owner: Arc::clone(&people[first]),
        first_members: people[first..].to_vec(),
        messages: Mutex::default(),
    }
}
