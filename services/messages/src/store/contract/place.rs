//! A database of its own for each test.

use std::{sync::Arc, time::Duration};

use loquat_ids::{IdSource as _, RandomIds, RoomId};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, Statement};
use tempfile::TempDir;

use super::{
    super::{Founding, OpenError, open},
    line::Line,
};
use crate::ports::MessageStore;

const DEADLINE: Duration = Duration::from_secs(20);

/// Where a test's store is.
pub(crate) struct Place {
    url: String,
    kind: Kind,
}

enum Kind {
    Sqlite(#[expect(dead_code, reason = "the folder lives as long as the place")] TempDir),
    Postgres { server: String, database: String },
    Mongodb,
}

impl Place {
    pub(crate) async fn sqlite(_: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("deeper/messages.db").display());
        Some(Self { url, kind: Kind::Sqlite(folder) })
    }

    pub(crate) async fn postgres(test: &str) -> Option<Self> {
        let server = variable(test, &["LOQUAT_TEST_POSTGRES_URL"])?;
        let database = database_name();
        let admin = reach(&server).await;
        admin.execute_unprepared(&format!("CREATE DATABASE {database}")).await.expect("a database");
        admin.close().await.expect("a closed connection");
        Some(Self { url: with_path(&server, &database), kind: Kind::Postgres { server, database } })
    }

    pub(crate) async fn mongodb(test: &str) -> Option<Self> {
        // A real one where there is one.
        let server = variable(test, &["LOQUAT_TEST_MONGODB_URL", "LOQUAT_TEST_FERRETDB_URL"])?;
        Some(Self { url: with_path(&server, &database_name()), kind: Kind::Mongodb })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn open(&self) -> Arc<dyn MessageStore> {
        self.try_open().await.expect("a store")
    }

    pub(crate) async fn try_open(&self) -> Result<Arc<dyn MessageStore>, OpenError> {
        open(&self.url, Founding::fresh(&RandomIds), DEADLINE).await
    }

    /// Opens the store over a line to its server. None where there is no server.
    pub(super) async fn open_on_a_line(&self) -> Option<(Arc<dyn MessageStore>, Line)> {
        let (scheme, rest) = self.url.split_once("://")?;
        let (server, path) = rest.split_once('/').expect("a database");
        let (user, server) = server.rsplit_once('@').map_or(("", server), |(user, server)| (user, server));
        let line = Line::to(server.to_owned()).await;
        let at = if user.is_empty() { "" } else { "@" };
        let mut url = format!("{scheme}://{user}{at}{}/{path}", line.address());
        if matches!(self.kind, Kind::Mongodb) {
            // Or the driver goes where a replica set says that it is, past the line.
            url.push_str(if path.contains('?') { "&directConnection=true" } else { "?directConnection=true" });
        }
        Some((open(&url, Founding::fresh(&RandomIds), DEADLINE).await.expect("a store"), line))
    }

    /// Has a SQLite database refuse to change events of a room, until [`take_changes`](Self::take_changes).
    pub(super) async fn refuse_changes_of(&self, room: RoomId) {
        let refuse = format!(
            "CREATE TRIGGER refusing BEFORE UPDATE ON room_events WHEN NEW.room_id = x'{}' \
             BEGIN SELECT RAISE(ABORT, 'refused'); END",
            room.as_uuid().simple()
        );
        let db = reach(&self.url).await;
        db.execute_unprepared(&refuse).await.expect("a trigger");
        db.close().await.expect("a closed connection");
    }

    pub(super) async fn take_changes(&self) {
        let db = reach(&self.url).await;
        db.execute_unprepared("DROP TRIGGER refusing").await.expect("no trigger");
        db.close().await.expect("a closed connection");
    }

    /// Makes the store look as if a later version of this program had written it.
    pub(crate) async fn make_newer(&self) {
        if matches!(self.kind, Kind::Mongodb) {
            let client = mongodb::Client::with_uri_str(&self.url).await.expect("a client");
            let facts =
                client.default_database().expect("a database").collection::<mongodb::bson::Document>("room_log_facts");
            let newer = mongodb::bson::doc! { "$set": { "number": 1_000_i64 } };
            facts.update_one(mongodb::bson::doc! { "_id": "schema_version" }, newer).await.expect("an update");
            return;
        }
        let db = reach(&self.url).await;
        let migration = "INSERT INTO room_log_migrations (version, applied_at) VALUES ('m29990101_000001_later', 1)";
        db.execute_unprepared(migration).await.expect("a row");
        db.close().await.expect("a closed connection");
    }

    /// Makes an event's content something that no version of this program has written.
    pub(crate) async fn garble(&self, room: RoomId, seq: i64) {
        if matches!(self.kind, Kind::Mongodb) {
            use mongodb::bson::{Binary, doc, spec::BinarySubtype};
            let client = mongodb::Client::with_uri_str(&self.url).await.expect("a client");
            let events =
                client.default_database().expect("a database").collection::<mongodb::bson::Document>("room_events");
            let room = Binary { subtype: BinarySubtype::Uuid, bytes: room.as_uuid().as_bytes().to_vec() };
            let garbled = doc! { "$set": { "payload": { "said_backwards": 1 } } };
            events.update_one(doc! { "room_id": room, "seq": seq }, garbled).await.expect("an update");
            return;
        }
        let db = reach(&self.url).await;
        let garble = "UPDATE room_events SET payload = '{\"said_backwards\":1}' WHERE room_id = $1 AND seq = $2";
        let values = [room.as_uuid().into(), seq.into()];
        db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), garble, values))
            .await
            .expect("an update");
        db.close().await.expect("a closed connection");
    }

    /// Makes the store what it was before there were folds.
    pub(crate) async fn make_older(&self) {
        if matches!(self.kind, Kind::Mongodb) {
            let client = mongodb::Client::with_uri_str(&self.url).await.expect("a client");
            let database = client.default_database().expect("a database");
            for name in ["message_folds", "room_folds"] {
                database.collection::<mongodb::bson::Document>(name).drop().await.expect("a dropped collection");
            }
            let older = mongodb::bson::doc! { "$set": { "number": 1_i64 } };
            let facts = database.collection::<mongodb::bson::Document>("room_log_facts");
            facts.update_one(mongodb::bson::doc! { "_id": "schema_version" }, older).await.expect("an update");
            return;
        }
        let db = reach(&self.url).await;
        for statement in [
            "DROP TABLE message_folds",
            "DROP TABLE room_folds",
            "DELETE FROM room_log_migrations WHERE version LIKE '%message_folds'",
        ] {
            db.execute_unprepared(statement).await.expect("an older schema");
        }
        db.close().await.expect("a closed connection");
    }

    /// Removes the database. A test that fails leaves its own behind.
    pub(crate) async fn remove(self) {
        match self.kind {
            Kind::Sqlite(_) => {}
            Kind::Postgres { server, database } => {
                let admin = reach(&server).await;
                let drop = format!("DROP DATABASE {database} WITH (FORCE)");
                admin.execute_unprepared(&drop).await.expect("a dropped database");
            }
            Kind::Mongodb => {
                let client = mongodb::Client::with_uri_str(&self.url).await.expect("a client");
                client.default_database().expect("a database").drop().await.expect("a dropped database");
            }
        }
    }
}

fn variable(test: &str, names: &[&str]) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "where the backends of a test run are is told to the tests alone")]
    let found = names.iter().find_map(|name| std::env::var(name).ok());
    if found.is_none() {
        eprintln!("SKIPPED {test}: no {}", names.join(" or "));
    }
    found
}

fn database_name() -> String {
    format!("loquat_test_{}", RandomIds.fresh().simple())
}

/// Puts a database into a server's URL, whose parameters stay.
fn with_path(server: &str, database: &str) -> String {
    let (address, parameters) = server.split_once('?').map_or((server, None), |(url, rest)| (url, Some(rest)));
    let (scheme, rest) = address.split_once("://").expect("a URL");
    let host = rest.split('/').next().unwrap_or_default();
    let parameters = parameters.map(|parameters| format!("?{parameters}")).unwrap_or_default();
    format!("{scheme}://{host}/{database}{parameters}")
}

/// Without sqlx's upkeep of idle connections, which may turn for ever (<https://github.com/launchbadge/sqlx/issues/3645>).
pub(crate) async fn reach(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(2).sqlx_logging(false).idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    Database::connect(options).await.expect("a database")
}
