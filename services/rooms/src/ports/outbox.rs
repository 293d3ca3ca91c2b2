//! Decided changes on their way into the log, and from there to the people concerned.

use std::fmt;

use async_trait::async_trait;
use loquat_ids::{EventId, RoomId, Timestamp, UserId};

use crate::{
    model::{RoomEvent, RoomVersion, Seq, UserRoomChange},
    ports::StoreError,
};

/// A change that the log has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveredEvent {
    /// The event's id.
    pub event_id: EventId,
    /// The room.
    pub room_id: RoomId,
    /// The room's version that the change led to.
    pub version: RoomVersion,
}

/// The outbox. A row is pending, then delivered (the log has it), then published (the people concerned were told), and
/// goes away some time after that. Several processes may work on it at once: each step is harmless when done twice.
#[async_trait]
pub trait Outbox: Send + Sync + fmt::Debug {
    /// Returns a room's pending events, the lowest version first, without a hole among them.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn pending(&self, room_id: RoomId, limit: usize) -> Result<Vec<RoomEvent>, StoreError>;

    /// Returns rooms that have pending events, by id, after the one given.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn rooms_with_pending(&self, after: Option<RoomId>, limit: usize) -> Result<Vec<RoomId>, StoreError>;

    /// Marks an event as delivered, with its place in the log.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn mark_delivered(&self, event_id: EventId, seq: Seq) -> Result<(), StoreError>;

    /// Returns events that are delivered and not published.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn unpublished(&self, limit: usize) -> Result<Vec<DeliveredEvent>, StoreError>;

    /// Returns what an event changed in people's lists, by user, after the one given. A list in which a later event
    /// changed the same room is left out: that event's own news tells of it.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn list_changes(
        &self,
        event: DeliveredEvent,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<(UserId, UserRoomChange)>, StoreError>;

    /// Marks events as published.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn mark_published(&self, event_ids: &[EventId]) -> Result<(), StoreError>;

    /// Takes away published events that were decided before a moment.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    async fn prune(&self, before: Timestamp) -> Result<(), StoreError>;
}
