//! The store on MongoDB, or on a server that speaks its protocol.

mod connecting;
mod document;
mod errors;
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
};
use super::{Founding, OpenError, gate::Gate};
use crate::{
    model::{ContentKey, DedupKey, EventClass, Head, RoomEvent, ScanPosition},
    ports::{AppendError, ChangedHeads, End, MAX_BATCH_EVENTS, RoomLogStore, StoreError, Stretch},
};

/// How many heads are asked for at once.
const HEADS_AT_ONCE: usize = 8;

/// The logs in one collection of events.
#[derive(Debug)]
pub(crate) struct MongoMessageStore {
    events: Collection<Document>,
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
                let (events, identity) = opened?;
                Ok(Self { events, gate: Arc::new(Gate::new(deadline)), identity })
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
        let events = self.events.clone();
        let batch = limit.min(1_001);
        let work = async move {
            let found = events.find(filter).sort(sort).limit(i64::from(limit)).batch_size(batch).await;
            found.map_err(store_error)?.try_collect::<Vec<_>>().await.map_err(store_error)
        };
        let documents = self.gate.run(operation, work).await?;
        documents.iter().map(|document| document::to_event(document, &self.identity.epoch)).collect()
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

    async fn find_event(&self, room: RoomId, event: EventId) -> Result<Option<RoomEvent>, StoreError> {
        let filter = doc! { field::ROOM: binary(room.as_uuid()), field::EVENT: binary(event.as_uuid()) };
        Ok(self.find("find_event", filter, doc! {}, 1).await?.pop())
    }

    async fn find_repeats(&self, room: RoomId, keys: &[DedupKey]) -> Result<Vec<RoomEvent>, StoreError> {
        let wanted: Vec<_> = keys.iter().map(DedupKey::as_str).collect();
        let filter = doc! { field::ROOM: binary(room.as_uuid()), field::DEDUP_KEY: { "$in": wanted } };
        // A limit of 0 would mean none.
        let limit = u32::try_from(keys.len().max(1)).unwrap_or(u32::MAX);
        self.find("find_repeats", filter, doc! {}, limit).await
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
