//! Logs on MongoDB, or on a server that speaks its protocol.

use futures::TryStreamExt as _;
use loquat_ids::{EventId, RoomId, UserId};
use mongodb::{
    Client, Collection, Database,
    bson::{Binary, Bson, Document, deserialize_from_bson, doc, spec::BinarySubtype},
    options::{ClientOptions, ReadConcern, ReadPreference, SelectionCriteria},
};
use uuid::Uuid;

use super::{
    AuditError, DEADLINE, LogDamage, LogFault, Row, Rows,
    folds::{FoldFacts, FoldWindow, KeptFold},
};
use crate::model::Seq;

const DEFAULT_DATABASE: &str = "loquat_messages";
/// The version of the schema that is judged.
const SCHEMA: i64 = 2;
const PAGE: u32 = 1_000;
/// How many places of one kind of damage that is no one log's are told.
const LISTED: i64 = 100;

/// The two indexes that are the fence between writers, each with its keys.
pub(super) fn fence() -> [(&'static str, Document); 2] {
    [("place", doc! { "room_id": 1, "seq": 1 }), ("dedup_key", doc! { "room_id": 1, "dedup_key": 1 })]
}

/// A database of logs. It has no snapshots: each log is judged as it is when its turn comes.
#[derive(Debug, Clone)]
pub(super) struct MongoLogs {
    database: Database,
}

impl MongoLogs {
    pub(super) async fn open(url: &str) -> Result<Self, AuditError> {
        Self::open_with(ClientOptions::parse(url).await?).await
    }

    pub(super) async fn open_with(mut options: ClientOptions) -> Result<Self, AuditError> {
        // What a majority does not have could still be undone.
        options.read_concern = Some(ReadConcern::majority());
        options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
        options.server_selection_timeout = Some(DEADLINE);
        options.connect_timeout = Some(DEADLINE);
        options.app_name.get_or_insert_with(|| "loquat-audit".to_owned());
        let name = options.default_database.clone().unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
        let logs = Self { database: Client::with_options(options)?.database(&name) };
        let version = logs.facts().find_one(doc! { "_id": "schema_version" }).await?;
        match version.map(|version| version.get_i64("number")) {
            Some(Ok(SCHEMA)) => Ok(logs),
            Some(Ok(newer)) if newer > SCHEMA => Err(AuditError::Newer(format!("version {newer}"))),
            Some(_) => Err(AuditError::Older(format!("version {SCHEMA}"))),
            None => Err(AuditError::NotThere("its collections are not there".to_owned())),
        }
    }

    pub(super) fn facts(&self) -> Collection<Document> {
        self.database.collection("room_log_facts")
    }

    pub(super) fn events(&self) -> Collection<Document> {
        self.database.collection("room_events")
    }

    pub(super) fn message_folds(&self) -> Collection<Document> {
        self.database.collection("message_folds")
    }

    pub(super) fn room_folds(&self) -> Collection<Document> {
        self.database.collection("room_folds")
    }

    pub(super) async fn judge_store(&self) -> Result<Vec<LogDamage>, AuditError> {
        let there: Vec<_> = self.events().list_indexes().await?.try_collect().await?;
        let mut damages = Vec::new();
        for (name, keys) in fence() {
            let is_unique = |options: &mongodb::options::IndexOptions| options.unique == Some(true);
            // A server may give its numbers back in another type.
            let is_same = |found: &Document| found.keys().eq(keys.keys());
            if !there.iter().any(|index| is_same(&index.keys) && index.options.as_ref().is_some_and(is_unique)) {
                damages.push(LogDamage::of_store(LogFault::IndexMissing(name)));
                if name == "dedup_key" {
                    damages.extend(self.keys_twice().await?);
                }
            }
        }
        damages.extend(self.folds_without_log().await?);
        Ok(damages)
    }

    /// Finds what is kept of rooms that have no log. In those that have one it is found with the log.
    async fn folds_without_log(&self) -> Result<Vec<LogDamage>, AuditError> {
        let mut damages = Vec::new();
        for kept in [self.message_folds(), self.room_folds()] {
            let mut rooms = kept.aggregate([doc! { "$group": { "_id": "$room_id" } }]).await?;
            while let Some(found) = rooms.try_next().await? {
                let room = uuid_of(found.get("_id"))?;
                let has_log = self.events().find_one(doc! { "room_id": binary(room) }).await?.is_some();
                let damage =
                    LogDamage { room: Some(RoomId::from_uuid(room)), seq: None, fault: LogFault::FoldWithoutMessage };
                if !has_log && !damages.contains(&damage) {
                    damages.push(damage);
                }
            }
        }
        Ok(damages)
    }

    /// Finds keys that stand more than once in one log: what only an index that was missing lets in.
    async fn keys_twice(&self) -> Result<Vec<LogDamage>, AuditError> {
        let group = doc! { "_id": { "room_id": "$room_id", "dedup_key": "$dedup_key" }, "count": { "$sum": 1 } };
        let pipeline =
            [doc! { "$group": group }, doc! { "$match": { "count": { "$gt": 1 } } }, doc! { "$limit": LISTED }];
        let found: Vec<Document> = self.events().aggregate(pipeline).await?.try_collect().await?;
        let mut damages = Vec::new();
        for found in &found {
            let id = found.get_document("_id").map_err(unreadable)?;
            let (room, key) = (uuid_of(id.get("room_id"))?, id.get_str("dedup_key").map_err(unreadable)?);
            // FerretDB does not group by $max: the last of them is asked for.
            let of_key = doc! { "room_id": binary(room), "dedup_key": key };
            let last = self.events().find_one(of_key).sort(doc! { "seq": -1 }).await?;
            let seq = last.and_then(|last| last.get_i64("seq").ok()).and_then(|seq| seq.try_into().ok());
            let fault = LogFault::KeyTwice(key.to_owned());
            damages.push(LogDamage { room: Some(RoomId::from_uuid(room)), seq, fault });
        }
        Ok(damages)
    }

    /// Reads all events, or those of one room.
    pub(super) async fn stream(self, only: Option<RoomId>, rows: Rows) {
        if let Err(error) = self.stream_into(only, &rows).await {
            // Whoever asked may have left.
            drop(rows.send(Err(error)).await);
        }
    }

    async fn stream_into(&self, only: Option<RoomId>, rows: &Rows) -> Result<(), AuditError> {
        let filter = only.map_or_else(Document::new, |room| doc! { "room_id": binary(room.as_uuid()) });
        let events = self.events();
        let found = events.find(filter).sort(doc! { "room_id": 1, "seq": 1 }).batch_size(PAGE);
        let mut found = found.await?;
        while let Some(document) =
            tokio::time::timeout(DEADLINE, found.try_next()).await.map_err(|_| AuditError::Silent)??
        {
            if rows.send(Ok(to_row(&document)?)).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

impl MongoLogs {
    /// Reads how far a room is folded, and whether anything is kept of its messages.
    pub(super) async fn fold_facts(&self, room: RoomId) -> Result<FoldFacts, AuditError> {
        let by_room = || doc! { "room_id": binary(room.as_uuid()) };
        let has_folds = self.message_folds().find_one(by_room()).await?.is_some();
        Ok(FoldFacts { folded_to: self.folded_to(room).await?, has_folds })
    }

    async fn folded_to(&self, room: RoomId) -> Result<Seq, AuditError> {
        let folded = self.room_folds().find_one(doc! { "room_id": binary(room.as_uuid()) }).await?;
        Ok(Seq::from_stored(folded.and_then(|folded| folded.get_i64("folded_seq").ok()).unwrap_or(0)))
    }

    /// Goes through a room for a window of its messages: first what is kept of them, then the events. What is kept is made of
    /// events that were there before, and those do not change.
    pub(super) async fn fold(&self, room: RoomId, window: &mut FoldWindow) -> Result<(), AuditError> {
        let folded_to = self.folded_to(room).await?;
        let filter = doc! { "room_id": binary(room.as_uuid()), "message_seq": { "$gt": window.after().to_stored() } };
        // Of one message the earlier folds may still be there: the latest counts, and comes last.
        let sort = doc! { "message_seq": 1, "as_of": 1 };
        let folds = self.message_folds();
        let mut found = folds.find(filter).sort(sort).limit(FoldWindow::LIMIT).await?;
        let mut kept = Vec::new();
        while let Some(document) = found.try_next().await? {
            let payload = document.get("payload").cloned().unwrap_or(Bson::Null);
            kept.push(KeptFold {
                message: Seq::from_stored(document.get_i64("message_seq").map_err(unreadable)?),
                as_of: Seq::from_stored(document.get_i64("as_of").map_err(unreadable)?),
                fold: deserialize_from_bson(payload).map_err(|error| error.to_string()),
            });
        }
        window.begin(folded_to, kept);
        let events = self.events();
        let found = events.find(doc! { "room_id": binary(room.as_uuid()) }).sort(doc! { "seq": 1 }).batch_size(PAGE);
        let mut found = found.await?;
        while let Some(document) =
            tokio::time::timeout(DEADLINE, found.try_next()).await.map_err(|_| AuditError::Silent)??
        {
            window.take(&to_row(&document)?);
        }
        Ok(())
    }
}

fn to_row(document: &Document) -> Result<Row, AuditError> {
    let payload = document.get("payload").cloned().unwrap_or(Bson::Null);
    let class = document.get_i32("class").map_err(unreadable)?;
    Ok(Row {
        room: RoomId::from_uuid(uuid_of(document.get("room_id"))?),
        seq: document.get_i64("seq").map_err(unreadable)?,
        event_id: EventId::from_uuid(uuid_of(document.get("event_id"))?),
        actor: document.get("actor_id").map(|actor| uuid_of(Some(actor))).transpose()?.map(UserId::from_uuid),
        class: class.try_into().unwrap_or(i16::MAX),
        create_time: document.get_i64("create_time").map_err(unreadable)?,
        change: deserialize_from_bson(payload).map_err(|error| error.to_string()),
    })
}

pub(super) fn binary(uuid: Uuid) -> Binary {
    Binary { subtype: BinarySubtype::Uuid, bytes: uuid.as_bytes().to_vec() }
}

fn uuid_of(value: Option<&Bson>) -> Result<Uuid, AuditError> {
    match value {
        Some(Bson::Binary(binary)) => Uuid::from_slice(&binary.bytes).map_err(unreadable),
        _ => Err(AuditError::Unreadable("an id is binary".to_owned())),
    }
}

fn unreadable(error: impl std::fmt::Display) -> AuditError {
    AuditError::Unreadable(error.to_string())
}
