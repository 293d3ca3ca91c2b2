//! The store on SQLite and PostgreSQL.

mod appending;
mod connecting;
mod entity;
mod errors;
mod folds;
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
    model::{ContentKey, DedupKey, EventClass, Head, RoomEvent, ScanPosition, Seq},
    ports::{
        AppendError, ChangedHeads, End, FoldedRoom, Folds, LogEntry, MessageFolds, RoomLogStore, StoreError, Stretch,
    },
};

/// The logs in one table of events, and what has become of messages in another.
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

    async fn find_events(&self, room: RoomId, events: &[EventId]) -> Result<Vec<RoomEvent>, StoreError> {
        let query = queries::by_events(room, events);
        let rows = self.read("find_events", move |db| queries::rows(db, query)).await?;
        self.decode(rows)
    }

    async fn read_places(&self, room: RoomId, places: &[Seq]) -> Result<Vec<RoomEvent>, StoreError> {
        let query = queries::by_places(room, places);
        let rows = self.read("read_places", move |db| queries::rows(db, query)).await?;
        self.decode(rows)
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

#[async_trait]
impl MessageFolds for SqlMessageStore {
    async fn read_folds(&self, room: RoomId, messages: &[Seq]) -> Result<Folds, StoreError> {
        let messages = messages.to_vec();
        self.read("read_folds", move |db| folds::read(db, room, messages)).await
    }

    async fn read_entries(
        &self,
        room: RoomId,
        class: EventClass,
        stretch: Stretch,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let query = queries::events(room, stretch, Some(class), End::Oldest, limit);
        let rows = self.read("read_entries", move |db| queries::rows(db, query)).await?;
        Ok(rows.into_iter().map(|row| row::to_entry(row, &self.identity.epoch)).collect())
    }

    async fn keep_folds(&self, rooms: &[FoldedRoom]) -> Result<(), StoreError> {
        let (writer, rooms) = (self.writer.clone(), rooms.to_vec());
        self.gate.run("keep_folds", async move { folds::keep(writer, rooms).await.map_err(store_error) }).await
    }

    async fn folded_position(&self) -> Result<Option<ScanPosition>, StoreError> {
        self.read("folded_position", folds::position).await
    }

    async fn keep_folded_position(&self, position: ScanPosition) -> Result<(), StoreError> {
        let keeping = folds::keep_position(self.writer.clone(), position);
        self.gate.run("keep_folded_position", async move { keeping.await.map_err(store_error) }).await
    }
}
