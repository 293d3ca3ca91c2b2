//! The store on MongoDB, or on a server that speaks its protocol.

mod connecting;
mod document;
mod errors;
mod folds;
mod indexes;
mod scanning;

#[cfg(test)]
mod index_tests;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use loquat_ids::{Epoch, EventId, RoomId};
use mongodb::{
    Collection,
    bson::{Document, doc},
    options::ClientOptions,
};

use self::{
    document::{binary, field},
    errors::{append_error, store_error},
    folds::FoldCollections,
};
use super::{Founding, OpenError, gate::Gate};
use crate::{
    model::{ContentKey, DedupKey, EventClass, Head, RoomEvent, ScanPosition, Seq},
    ports::{
        AppendError, ChangedHeads, End, FoldedRoom, Folds, LogEntry, MAX_BATCH_EVENTS, MessageFolds, RoomLogStore,
        StoreError, Stretch,
    },
};

/// How many heads are asked for at once.
const HEADS_AT_ONCE: usize = 8;

/// The logs in one collection of events, and what has become of messages in another.
#[derive(Debug)]
pub(crate) struct MongoMessageStore {
    events: Collection<Document>,
    folds: FoldCollections,
    gate: Arc<Gate>,
    identity: Founding,
}

impl MongoMessageStore {
    /// Opens the database, makes what is missing of its collections and indexes, and reads or makes its identity.
    pub(crate) async fn open(url: &str, founding: Founding, deadline: Duration) -> Result<Self, OpenError> {
        Self::open_with(ClientOptions::parse(url).await?, founding, deadline).await
    }

    pub(super) async fn open_with(
        options: ClientOptions,
        founding: Founding,
        deadline: Duration,
    ) -> Result<Self, OpenError> {
        let opening = tokio::spawn(connecting::connect(options, founding, deadline));
        // Making an index on a store that grew may take longer than a call.
        match tokio::time::timeout(deadline.saturating_mul(10), opening).await {
            Ok(Ok(opened)) => {
                let (folds, identity) = opened?;
                Ok(Self { events: folds.events.clone(), folds, gate: Arc::new(Gate::new(deadline)), identity })
            }
            Ok(Err(_)) | Err(_) => Err(OpenError::Silent),
        }
    }

    async fn find(
        &self,
        operation: &'static str,
        filter: Document,
        sort: Document,
        limit: u32,
    ) -> Result<Vec<RoomEvent>, StoreError> {
        let documents = self.find_documents(operation, filter, sort, limit).await?;
        documents.iter().map(|document| document::to_event(document, &self.identity.epoch)).collect()
    }

    async fn find_documents(
        &self,
        operation: &'static str,
        filter: Document,
        sort: Document,
        limit: u32,
    ) -> Result<Vec<Document>, StoreError> {
        let events = self.events.clone();
        let batch = limit.min(1_001);
        let work = async move {
            let found = events.find(filter).sort(sort).limit(i64::from(limit)).batch_size(batch).await;
            found.map_err(store_error)?.try_collect::<Vec<_>>().await.map_err(store_error)
        };
        self.gate.run(operation, work).await
    }
}

#[async_trait]
impl RoomLogStore for MongoMessageStore {
    fn epoch(&self) -> Epoch {
        self.identity.epoch.clone()
    }

    fn content_key(&self) -> ContentKey {
        self.identity.content_key.clone()
    }

    async fn append_batch(&self, _: RoomId, events: &[Arc<RoomEvent>]) -> Result<(), AppendError> {
        debug_assert!(events.len() <= MAX_BATCH_EVENTS, "a batch is within its bound");
        if events.is_empty() {
            return Ok(());
        }
        let documents = events.iter().map(|event| document::from_event(event)).collect::<Result<Vec<_>, _>>()?;
        let events = self.events.clone();
        // Ordered: after the first that is refused the server writes no other, so that a prefix stands and never a hole.
        let work = async move {
            events.insert_many(documents).ordered(true).await.map_err(append_error)?;
            Ok(())
        };
        self.gate.run("append_batch", work).await
    }

    async fn head(&self, room: RoomId) -> Result<Option<Head>, StoreError> {
        let found = document::head_of(self.events.clone(), room);
        self.gate.run("head", found).await
    }

    async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, Head)>, StoreError> {
        let events = self.events.clone();
        let rooms = rooms.to_vec();
        let work = async move {
            let heads = stream::iter(rooms).map(move |room| {
                let events = events.clone();
                async move { Ok::<_, StoreError>(document::head_of(events, room).await?.map(|head| (room, head))) }
            });
            heads.buffer_unordered(HEADS_AT_ONCE).try_filter_map(async |head| Ok(head)).try_collect().await
        };
        self.gate.run("heads", work).await
    }

    async fn read_events(&self, room: RoomId, stretch: Stretch, limit: u32) -> Result<Vec<RoomEvent>, StoreError> {
        let filter = doc! { field::ROOM: binary(room.as_uuid()), field::SEQ: seq_in(stretch) };
        self.find("read_events", filter, doc! { field::SEQ: 1 }, limit).await
    }

    async fn read_state_events(
        &self,
        room: RoomId,
        stretch: Stretch,
        limit: u32,
    ) -> Result<Vec<RoomEvent>, StoreError> {
        let filter = of_class(room, EventClass::State, stretch);
        self.find("read_state_events", filter, doc! { field::SEQ: 1 }, limit).await
    }

    async fn read_messages(
        &self,
        room: RoomId,
        stretch: Stretch,
        from: End,
        limit: u32,
    ) -> Result<Vec<RoomEvent>, StoreError> {
        let order = match from {
            End::Oldest => 1,
            End::Newest => -1,
        };
        let filter = of_class(room, EventClass::Message, stretch);
        let mut events = self.find("read_messages", filter, doc! { field::SEQ: order }, limit).await?;
        if from == End::Newest {
            events.reverse();
        }
        Ok(events)
    }

    async fn find_events(&self, room: RoomId, events: &[EventId]) -> Result<Vec<RoomEvent>, StoreError> {
        let wanted: Vec<_> = events.iter().map(|event| binary(event.as_uuid())).collect();
        let filter = doc! { field::ROOM: binary(room.as_uuid()), field::EVENT: { "$in": wanted } };
        self.find("find_events", filter, doc! {}, at_least_one(events.len())).await
    }

    async fn read_places(&self, room: RoomId, places: &[Seq]) -> Result<Vec<RoomEvent>, StoreError> {
        let wanted: Vec<_> = places.iter().map(|place| place.to_stored()).collect();
        let filter = doc! { field::ROOM: binary(room.as_uuid()), field::SEQ: { "$in": wanted } };
        let mut events = self.find("read_places", filter, doc! {}, at_least_one(places.len())).await?;
        events.sort_by_key(|event| event.seq);
        Ok(events)
    }

    async fn find_repeats(&self, room: RoomId, keys: &[DedupKey]) -> Result<Vec<RoomEvent>, StoreError> {
        let wanted: Vec<_> = keys.iter().map(DedupKey::as_str).collect();
        let filter = doc! { field::ROOM: binary(room.as_uuid()), field::DEDUP_KEY: { "$in": wanted } };
        self.find("find_repeats", filter, doc! {}, at_least_one(keys.len())).await
    }

    async fn changed_heads(&self, since: Option<ScanPosition>) -> Result<ChangedHeads, StoreError> {
        self.gate.run("changed_heads", scanning::changed_heads(self.events.clone(), since)).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        let database = self.events.client().database(&self.events.namespace().db);
        let work = async move { database.run_command(doc! { "ping": 1 }).await.map_err(store_error).map(drop) };
        self.gate.run("check", work).await
    }
}

#[async_trait]
impl MessageFolds for MongoMessageStore {
    async fn read_folds(&self, room: RoomId, messages: &[Seq]) -> Result<Folds, StoreError> {
        self.gate.run("read_folds", self.folds.clone().read(room, messages.to_vec())).await
    }

    async fn read_entries(
        &self,
        room: RoomId,
        class: EventClass,
        stretch: Stretch,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let filter = of_class(room, class, stretch);
        let documents = self.find_documents("read_entries", filter, doc! { field::SEQ: 1 }, limit).await?;
        Ok(documents.iter().map(|document| document::to_entry(document, &self.identity.epoch)).collect())
    }

    async fn keep_folds(&self, rooms: &[FoldedRoom]) -> Result<(), StoreError> {
        self.gate.run("keep_folds", self.folds.clone().keep(rooms.to_vec())).await
    }

    async fn folded_position(&self) -> Result<Option<ScanPosition>, StoreError> {
        self.gate.run("folded_position", self.folds.clone().position()).await
    }

    async fn keep_folded_position(&self, position: ScanPosition) -> Result<(), StoreError> {
        self.gate.run("keep_folded_position", self.folds.clone().keep_position(position)).await
    }
}

/// A limit of 0 would mean none.
fn at_least_one(limit: usize) -> u32 {
    u32::try_from(limit.max(1)).unwrap_or(u32::MAX)
}

fn of_class(room: RoomId, class: EventClass, stretch: Stretch) -> Document {
    doc! {
        field::ROOM: binary(room.as_uuid()),
        field::CLASS: i32::from(class.to_stored()),
        field::SEQ: seq_in(stretch),
    }
}

fn seq_in(stretch: Stretch) -> Document {
    doc! { "$gt": stretch.after.to_stored(), "$lte": stretch.through.to_stored() }
}
