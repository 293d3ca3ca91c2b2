//! Where rooms are decided.

use std::{error::Error, fmt};

use async_trait::async_trait;
use loquat_ids::{EventId, RequestId, RoomId, Timestamp, UserId};

use crate::{
    error::RoomError,
    model::{Decision, DirectPair, Membership, Room, RoomView},
};

/// What may go wrong in a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not answer, or refuses. After a write the outcome is unknown.
    #[error("the store does not answer")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It did not answer in time. After a write the outcome is unknown.
    #[error("the store did not answer in time")]
    Deadline,
    /// It holds something that this code cannot have written.
    #[error("the store holds what cannot be read: {0}")]
    Damaged(String),
}

/// The key of a store, made once with it: for content hashes and page tokens. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct StoreKey(pub [u8; 32]);

impl fmt::Debug for StoreKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StoreKey(…)")
    }
}

/// A keyed hash of what a request asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentHash(pub [u8; 32]);

/// By what a repeat of a request will be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembrance {
    /// The id that the client made.
    pub request_id: RequestId,
    /// What it asked for.
    pub content: ContentHash,
}

/// What a remembered request asked for, and what it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RememberedRequest {
    /// What it asked for.
    pub content: ContentHash,
    /// The room as it was made.
    pub room: Room,
    /// The maker's membership as it was made.
    pub membership: Membership,
}

/// A room to be made.
#[derive(Debug, Clone)]
pub struct Creation {
    /// The room, at version 1.
    pub room: Room,
    /// Who is in it from the start, each once, the maker first.
    pub memberships: Vec<Membership>,
    /// Who makes it.
    pub actor: UserId,
    /// The id of the event that tells the log.
    pub event_id: EventId,
    /// When it is decided.
    pub now: Timestamp,
    /// By what a repeat will be known. `None` for a direct room, which is known by its pair.
    pub remembrance: Option<Remembrance>,
}

/// What became of a room to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is made.
    Made,
    /// The actor used the request id before. Nothing was stored.
    RequestTaken,
    /// The pair has a room already. Nothing was stored.
    PairTaken,
}

/// What a decision left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The room after it.
    pub room: Room,
    /// The actor's membership after it.
    pub membership: Option<Membership>,
}

/// Whom a decision reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct People {
    /// Who decides.
    pub actor: UserId,
    /// The other person whom the decision is about, where it is about one.
    pub other: Option<UserId>,
}

impl People {
    /// The actor alone.
    #[must_use]
    pub const fn one(actor: UserId) -> Self {
        Self { actor, other: None }
    }

    /// The actor, about somebody else.
    #[must_use]
    pub const fn two(actor: UserId, other: UserId) -> Self {
        Self { actor, other: Some(other) }
    }
}

/// Decides, from the room as the actor finds it, what changes. `None`: it is so already. Pure: it may be asked twice.
pub type Decide<'a> = &'a (dyn Fn(&RoomView) -> Result<Option<Decision>, RoomError> + Send + Sync);

/// Rooms and memberships, and the one transaction in which a change of them is decided.
///
/// Whatever a decision changes (the room's row and version, memberships, the lists of the people concerned, the outbox)
/// changes together or not at all. Decisions about one room happen one after another, so its versions are 1, 2, 3 …
/// without holes however many write at once.
#[async_trait]
pub trait RoomStore: Send + Sync + fmt::Debug {
    /// Stores a new room with its first event.
    ///
    /// # Errors
    ///
    /// The store does not answer. Ask again with the same request: what was stored is found.
    async fn create(&self, creation: &Creation) -> Result<Created, StoreError>;

    /// Finds a remembered request, by who made it and its id.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn remembered(&self, actor: UserId, request_id: &RequestId) -> Result<Option<RememberedRequest>, StoreError>;

    /// Lets `decide` judge the room as the actor finds it, while nobody else can change it, and stores what it decides
    /// under `event_id`. `None` where there is no such room.
    ///
    /// # Errors
    ///
    /// What `decide` answers, with nothing stored; or that the store does not answer.
    async fn change(
        &self,
        room_id: RoomId,
        people: People,
        event_id: EventId,
        now: Timestamp,
        decide: Decide<'_>,
    ) -> Result<Option<Outcome>, RoomError>;

    /// Returns the room as a person finds it. `None` where there is no such room.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn view(&self, room_id: RoomId, user_id: UserId) -> Result<Option<RoomView>, StoreError>;

    /// Returns the room of a pair.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn direct_room(&self, pair: DirectPair) -> Result<Option<RoomId>, StoreError>;
}
