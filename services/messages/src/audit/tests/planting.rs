//! Doing to a store what no code of ours does.

use loquat_ids::RoomId;
use mongodb::bson::{Binary, Bson, Document, doc, spec::BinarySubtype};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement, Value};

use crate::store::contract::reach;

pub(super) enum Planter {
    Sql(DatabaseConnection),
    Mongo(mongodb::Database),
}

impl Planter {
    pub(super) async fn of(url: &str) -> Self {
        if url.starts_with("mongodb") {
            let client = mongodb::Client::with_uri_str(url).await.expect("a client");
            return Self::Mongo(client.default_database().expect("a database"));
        }
        Self::Sql(reach(url).await)
    }

    pub(super) async fn remove(&self, room: RoomId, seq: i64) {
        match self {
            Self::Sql(_) => self.sql("DELETE FROM room_events WHERE room_id = $1 AND seq = $2", room, seq, []).await,
            Self::Mongo(_) => drop(self.events().delete_one(at(room, seq)).await.expect("a deletion")),
        }
    }

    pub(super) async fn set(&self, room: RoomId, seq: i64, column: &str, value: i64) {
        match self {
            Self::Sql(_) => {
                let update = format!("UPDATE room_events SET {column} = $3 WHERE room_id = $1 AND seq = $2");
                self.sql(&update, room, seq, [value.into()]).await;
            }
            Self::Mongo(_) => self.update(room, seq, doc! { column: value }).await,
        }
    }

    pub(super) async fn set_class(&self, room: RoomId, seq: i64, class: i16) {
        match self {
            Self::Sql(_) => {
                let update = format!("UPDATE room_events SET class = {class} WHERE room_id = $1 AND seq = $2");
                self.sql(&update, room, seq, []).await;
            }
            Self::Mongo(_) => self.update(room, seq, doc! { "class": i32::from(class) }).await,
        }
    }

    pub(super) async fn garble(&self, room: RoomId, seq: i64) {
        match self {
            Self::Sql(_) => {
                let update = "UPDATE room_events SET payload = '{' WHERE room_id = $1 AND seq = $2";
                self.sql(update, room, seq, []).await;
            }
            Self::Mongo(_) => self.update(room, seq, doc! { "payload": { "unheard_of": 1 } }).await,
        }
    }

    /// Has an event say something.
    pub(super) async fn set_message(&self, room: RoomId, seq: i64, text: &str) {
        match self {
            Self::Sql(_) => {
                let payload = format!(r#"{{"message_sent":{{"request_id":"request-1","text":"{text}"}}}}"#);
                let update = "UPDATE room_events SET payload = $3 WHERE room_id = $1 AND seq = $2";
                self.sql(update, room, seq, [payload.into()]).await;
            }
            Self::Mongo(_) => {
                let payload = doc! { "message_sent": { "request_id": "request-1", "text": text } };
                self.update(room, seq, doc! { "payload": payload }).await;
            }
        }
    }

    pub(super) async fn remove_fold(&self, room: RoomId, message: i64) {
        match self {
            Self::Sql(_) => {
                self.sql("DELETE FROM message_folds WHERE room_id = $1 AND message_seq = $2", room, message, []).await;
            }
            Self::Mongo(database) => {
                let which = doc! { "room_id": binary(room), "message_seq": message };
                database.collection::<Document>("message_folds").delete_many(which).await.expect("a deletion");
            }
        }
    }

    /// Keeps something of a message, in JSON.
    pub(super) async fn set_fold(&self, room: RoomId, message: i64, as_of: i64, payload: &str) {
        match self {
            Self::Sql(_) => {
                let upsert = "INSERT INTO message_folds (room_id, message_seq, as_of, payload) VALUES ($1, $2, $3, $4) \
                              ON CONFLICT (room_id, message_seq) DO UPDATE SET as_of = $3, payload = $4";
                self.sql(upsert, room, message, [as_of.into(), payload.into()]).await;
            }
            Self::Mongo(database) => {
                self.remove_fold(room, message).await;
                let json: serde_json::Value = serde_json::from_str(payload).expect("JSON");
                let payload = mongodb::bson::serialize_to_bson(&json).expect("a document");
                let document =
                    doc! { "room_id": binary(room), "message_seq": message, "as_of": as_of, "payload": payload };
                database.collection::<Document>("message_folds").insert_one(document).await.expect("an insert");
            }
        }
    }

    pub(super) async fn set_folded_to(&self, room: RoomId, folded_to: i64) {
        match self {
            Self::Sql(_) => {
                let upsert = "INSERT INTO room_folds (room_id, folded_seq) VALUES ($1, $2) \
                              ON CONFLICT (room_id) DO UPDATE SET folded_seq = $2";
                self.sql(upsert, room, folded_to, []).await;
            }
            Self::Mongo(database) => {
                let folds = database.collection::<Document>("room_folds");
                folds.delete_many(doc! { "room_id": binary(room) }).await.expect("a deletion");
                let document = doc! { "room_id": binary(room), "folded_seq": folded_to };
                folds.insert_one(document).await.expect("an insert");
            }
        }
    }

    /// Gives an event the key of another.
    pub(super) async fn copy_key(&self, room: RoomId, from: i64, to: i64) {
        match self {
            Self::Sql(_) => {
                let update = "UPDATE room_events SET dedup_key = (SELECT dedup_key FROM room_events WHERE room_id = $1 \
                              AND seq = $3) WHERE room_id = $1 AND seq = $2";
                self.sql(update, room, to, [from.into()]).await;
            }
            Self::Mongo(_) => {
                let found = self.events().find_one(at(room, from)).await.expect("an answer").expect("an event");
                let key = found.get("dedup_key").cloned().unwrap_or(Bson::Null);
                self.update(room, to, doc! { "dedup_key": key }).await;
            }
        }
    }

    /// Drops one of the two indexes that fence the writers.
    pub(super) async fn drop_index(&self, name: &str) {
        match self {
            Self::Sql(db) => {
                let drop = format!("DROP INDEX room_events_{name}");
                db.execute_unprepared(&drop).await.expect("an index");
            }
            Self::Mongo(_) => self.events().drop_index(name).await.expect("an index"),
        }
    }

    async fn sql<const N: usize>(&self, statement: &str, room: RoomId, seq: i64, more: [Value; N]) {
        let Self::Sql(db) = self else { panic!("an SQL store") };
        let values = [room.as_uuid().into(), seq.into()].into_iter().chain(more);
        let statement = Statement::from_sql_and_values(db.get_database_backend(), statement, values);
        assert_eq!(db.execute_raw(statement).await.expect("an update").rows_affected(), 1);
    }

    async fn update(&self, room: RoomId, seq: i64, set: Document) {
        self.events().update_one(at(room, seq), doc! { "$set": set }).await.expect("an update");
    }

    fn events(&self) -> mongodb::Collection<Document> {
        let Self::Mongo(database) = self else { panic!("a MongoDB") };
        database.collection("room_events")
    }
}

fn at(room: RoomId, seq: i64) -> Document {
    doc! { "room_id": binary(room), "seq": seq }
}

fn binary(room: RoomId) -> Binary {
    Binary { subtype: BinarySubtype::Uuid, bytes: room.as_uuid().as_bytes().to_vec() }
}
