//! Folds of messages.
//!
//! Nothing here stands on an update being atomic: FerretDB's are not. A fold is never changed: a later one is inserted
//! beside it, and then the earlier ones are removed. Of those found the latest counts; its content depends on its place
//! alone, so that of two folders who insert the same one either may be refused.

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use loquat_ids::RoomId;
use mongodb::{
    Collection,
    bson::{Bson, Document, deserialize_from_bson, doc, serialize_to_bson},
    error::{Error, ErrorKind, WriteFailure},
};

use super::{
    document::{binary, field},
    errors::{DUPLICATE_KEY, store_error},
};
use crate::{
    model::{MessageFold, ScanPosition, Seq},
    ports::{FoldedRoom, Folds, MAX_BATCH_EVENTS, StoreError},
};

/// The fields of the collections of folds.
pub(super) mod fold_field {
    pub(in super::super) const MESSAGE: &str = "message_seq";
    pub(in super::super) const AS_OF: &str = "as_of";
    pub(in super::super) const FOLDED_TO: &str = "folded_seq";
}

/// How many rooms are said to be folded at once.
const WRITES_AT_ONCE: usize = 8;
/// Of how many messages earlier folds are removed by one write.
const REMOVALS_AT_ONCE: usize = 100;
const POSITION: &str = "folded_position";
/// How often a number that others change too is tried.
const TRIES: usize = 3;

/// The collections that folding reads and writes.
#[derive(Debug, Clone)]
pub(super) struct FoldCollections {
    pub(super) events: Collection<Document>,
    pub(super) messages: Collection<Document>,
    pub(super) rooms: Collection<Document>,
    pub(super) facts: Collection<Document>,
}

impl FoldCollections {
    /// Returns how far a room is folded and, read after that, the folds of some messages.
    pub(super) async fn read(self, room: RoomId, messages: Vec<Seq>) -> Result<Folds, StoreError> {
        let room = binary(room.as_uuid());
        let folded = self.rooms.find_one(doc! { field::ROOM: room.clone() }).await.map_err(store_error)?;
        let folded_to = folded.and_then(|folded| folded.get_i64(fold_field::FOLDED_TO).ok()).unwrap_or(0);
        let mut latest: HashMap<Seq, MessageFold> = HashMap::new();
        if !messages.is_empty() {
            let places: Vec<_> = messages.iter().map(|seq| seq.to_stored()).collect();
            let filter = doc! { field::ROOM: room, fold_field::MESSAGE: { "$in": places } };
            let mut found = self.messages.find(filter).await.map_err(store_error)?;
            while let Some(document) = found.try_next().await.map_err(store_error)? {
                let (message, fold) = read_fold(&document).map_err(StoreError::Unavailable)?;
                let kept = latest.entry(message).or_default();
                if kept.as_of <= fold.as_of {
                    *kept = fold;
                }
            }
        }
        Ok(Folds { folded_to: Seq::from_stored(folded_to), folds: latest.into_iter().collect() })
    }

    pub(super) async fn keep(self, rooms: Vec<FoldedRoom>) -> Result<(), StoreError> {
        self.insert(&rooms).await?;
        self.remove_earlier(&rooms).await?;
        let mut raises = Vec::new();
        for folded in rooms {
            self.erase(&folded).await?;
            let by_room = doc! { field::ROOM: binary(folded.room.as_uuid()) };
            raises.push(raise(self.rooms.clone(), by_room, fold_field::FOLDED_TO, folded.folded_to.to_stored()));
        }
        // Only now: whoever reads that a room is folded finds what it was folded to.
        stream::iter(raises).map(Ok).try_for_each_concurrent(WRITES_AT_ONCE, |raise| raise).await
    }

    async fn insert(&self, rooms: &[FoldedRoom]) -> Result<(), StoreError> {
        let mut documents = Vec::new();
        for folded in rooms {
            for (message, fold) in &folded.folds {
                documents.push(doc! {
                    field::ROOM: binary(folded.room.as_uuid()),
                    fold_field::MESSAGE: message.to_stored(),
                    fold_field::AS_OF: fold.as_of.to_stored(),
                    field::PAYLOAD: serialize_to_bson(fold).map_err(|error| StoreError::Unavailable(error.into()))?,
                });
            }
        }
        for documents in documents.chunks(MAX_BATCH_EVENTS) {
            let inserted = self.messages.insert_many(documents).ordered(false).await;
            inserted
                .map(drop)
                .or_else(|error| if is_there_already(&error) { Ok(()) } else { Err(store_error(error)) })?;
        }
        Ok(())
    }

    /// Removes what later folds were kept of. Many by one write: each branch is a stretch of the index, and a server that
    /// uses none goes through the folds once, not once for each.
    async fn remove_earlier(&self, rooms: &[FoldedRoom]) -> Result<(), StoreError> {
        let earlier = rooms.iter().flat_map(|folded| {
            folded.folds.iter().map(|(message, fold)| {
                doc! {
                    field::ROOM: binary(folded.room.as_uuid()),
                    fold_field::MESSAGE: message.to_stored(),
                    fold_field::AS_OF: { "$lt": fold.as_of.to_stored() },
                }
            })
        });
        let earlier: Vec<_> = earlier.collect();
        for some in earlier.chunks(REMOVALS_AT_ONCE) {
            self.messages.delete_many(doc! { "$or": some }).await.map_err(store_error)?;
        }
        Ok(())
    }

    /// Erases what is to be erased of a room: one write for all that the same stands for from then on.
    async fn erase(&self, folded: &FoldedRoom) -> Result<(), StoreError> {
        let mut by_content: Vec<(Bson, Vec<i64>)> = Vec::new();
        for (seq, change) in &folded.erased {
            let payload = serialize_to_bson(change).map_err(|error| StoreError::Unavailable(error.into()))?;
            match by_content.iter_mut().find(|(content, _)| *content == payload) {
                Some((_, seqs)) => seqs.push(seq.to_stored()),
                None => by_content.push((payload, vec![seq.to_stored()])),
            }
        }
        for (payload, seqs) in by_content {
            let places = doc! { field::ROOM: binary(folded.room.as_uuid()), field::SEQ: { "$in": seqs } };
            let erased = self.events.update_many(places, doc! { "$set": { field::PAYLOAD: payload } }).await;
            erased.map_err(store_error)?;
        }
        Ok(())
    }

    pub(super) async fn position(self) -> Result<Option<ScanPosition>, StoreError> {
        let kept = self.facts.find_one(doc! { "_id": POSITION }).await.map_err(store_error)?;
        Ok(kept.and_then(|kept| kept.get_i64("number").ok()).map(ScanPosition))
    }

    pub(super) async fn keep_position(self, position: ScanPosition) -> Result<(), StoreError> {
        raise(self.facts.clone(), doc! { "_id": POSITION }, "number", position.0).await
    }
}

/// Raises a number of a document, which is made where there is none. Where updates are not atomic it may fall back to what
/// another writer says: the numbers here may be too low, never too high.
async fn raise(numbers: Collection<Document>, which: Document, name: &str, number: i64) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let raised = numbers.update_one(which.clone(), doc! { "$max": { name: number } }).upsert(true).await;
        match raised {
            Ok(_) => return Ok(()),
            // Somebody else made it at the same time.
            Err(error) if is_there_already(&error) && tries < TRIES => {}
            Err(error) => return Err(store_error(error)),
        }
    }
}

fn read_fold(document: &Document) -> Result<(Seq, MessageFold), crate::ports::Cause> {
    let as_of = Seq::from_stored(document.get_i64(fold_field::AS_OF)?);
    let payload = document.get(field::PAYLOAD).cloned().unwrap_or(Bson::Null);
    let fold: MessageFold = deserialize_from_bson(payload)?;
    Ok((Seq::from_stored(document.get_i64(fold_field::MESSAGE)?), MessageFold { as_of, ..fold }))
}

/// Tells whether a unique index alone refused.
fn is_there_already(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::InsertMany(failure) => {
            failure.write_concern_error.is_none()
                && failure
                    .write_errors
                    .as_ref()
                    .is_some_and(|errors| !errors.is_empty() && errors.iter().all(|error| error.code == DUPLICATE_KEY))
        }
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        _ => false,
    }
}
