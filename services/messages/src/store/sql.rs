//! The store on SQLite and PostgreSQL.

mod appending;
mod connecting;
mod entity;
mod errors;
mod migration;
mod queries;
mod row;
mod scanning;

#[cfg(test)]
mod plan_tests;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use loquat_ids::{Epoch, EventId, RoomId};
use sea_orm::DatabaseConnection;

use self::errors::store_error;
use super::{Founding, OpenError, gate::Gate};
use crate::{
    model::{ContentKey, DedupKey, EventClass, Head, RoomEvent, ScanPosition},
    ports::{AppendError, ChangedHeads, End, RoomLogStore, StoreError, Stretch},
};

/// The logs in one table of events.
#[derive(Debug)]
pub(crate) struct SqlMessageStore {
    /// SQLite has one writer, PostgreSQL a pool that readers share.
    writer: DatabaseConnection,
    readers: DatabaseConnection,
    gate: Gate,
    identity: Founding,
}

impl SqlMessageStore {
    /// Opens the database, brings its schema up to date, and reads or makes its identity.
    pub(crate) async fn open(url: &str, founding: Founding, deadline: Duration) -> Result<Self, OpenError> {
        let (writer, readers) = connecting::connect(url, deadline).await?;
        migration::bring_up(&writer).await?;
        let identity = connecting::identity(&writer, &founding).await?;
        Ok(Self { writer, readers, gate: Gate::new(deadline), identity })
    }

    /// Runs a query on a connection of its own.
    async fn read<T, F>(
        &self,
        operation: &'static str,
        query: impl FnOnce(DatabaseConnection) -> F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, sea_orm::DbErr>> + Send + 'static,
    {
        let query = query(self.readers.clone());
        self.gate.run(operation, async move { query.await.map_err(store_error) }).await
    }

    fn decode(&self, rows: Vec<entity::Model>) -> Result<Vec<RoomEvent>, StoreError> {
        rows.into_iter().map(|row| row::to_event(row, &self.identity.epoch)).collect()
    }
}

#[async_trait]
impl RoomLogStore for SqlMessageStore {
    fn epoch(&self) -> Epoch {
        self.identity.epoch.clone()
    }

    fn content_key(&self) -> ContentKey {
        self.identity.content_key.clone()
    }

    async fn append_batch(&self, _: RoomId, events: &[Arc<RoomEvent>]) -> Result<(), AppendError> {
        let rows = events.iter().map(|event| row::from_event(event)).collect();
        self.gate.run("append_batch", appending::insert(self.writer.clone(), rows)).await
    }

    async fn head(&self, room: RoomId) -> Result<Option<Head>, StoreError> {
        self.read("head", move |db| queries::head(db, room)).await
    }

    async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, Head)>, StoreError> {
        if rooms.is_empty() {
            return Ok(Vec::new());
        }
        let rooms = rooms.to_vec();
        self.read("heads", move |db| queries::heads(db, rooms)).await
    }

    async fn read_events(&self, room: RoomId, stretch: Stretch, limit: u32) -> Result<Vec<RoomEvent>, StoreError> {
        let query = queries::events(room, stretch, None, End::Oldest, limit);
        let rows = self.read("read_events", move |db| queries::rows(db, query)).await?;
        self.decode(rows)
    }

    async fn read_state_events(
        &self,
        room: RoomId,
        stretch: Stretch,
        limit: u32,
    ) -> Result<Vec<RoomEvent>, StoreError> {
        let query = queries::events(room, stretch, Some(EventClass::State), End::Oldest, limit);
        let rows = self.read("read_state_events", move |db| queries::rows(db, query)).await?;
        self.decode(rows)
    }

    async fn read_messages(
        &self,
        room: RoomId,
        stretch: Stretch,
        from: End,
        limit: u32,
    ) -> Result<Vec<RoomEvent>, StoreError> {
        let query = queries::events(room, stretch, Some(EventClass::Message), from, limit);
        let mut rows = self.read("read_messages", move |db| queries::rows(db, query)).await?;
        if from == End::Newest {
            rows.reverse();
        }
        self.decode(rows)
    }

    async fn find_event(&self, room: RoomId, event: EventId) -> Result<Option<RoomEvent>, StoreError> {
        let rows = self.read("find_event", move |db| queries::rows(db, queries::by_event(room, event))).await?;
        Ok(self.decode(rows)?.pop())
    }

    async fn find_repeats(&self, room: RoomId, keys: &[DedupKey]) -> Result<Vec<RoomEvent>, StoreError> {
        let query = queries::by_keys(room, keys);
        let rows = self.read("find_repeats", move |db| queries::rows(db, query)).await?;
        self.decode(rows)
    }

    async fn changed_heads(&self, since: Option<ScanPosition>) -> Result<ChangedHeads, StoreError> {
        self.read("changed_heads", move |db| scanning::changed_heads(db, since)).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.read("check", |db| async move { db.ping().await }).await
    }
}
