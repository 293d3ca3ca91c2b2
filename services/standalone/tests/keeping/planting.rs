//! Doing to stores what no code of ours does.

use std::{collections::BTreeMap, time::Duration};

use loquat_ids::{RoomId, UserId};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement, Value};
use uuid::Uuid;

/// A database of the house's.
pub(crate) struct Planter(DatabaseConnection);

impl Planter {
    pub(crate) async fn at(url: &str) -> Self {
        let mut options = ConnectOptions::new(url);
        // What is planted may be what keys forbid.
        options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
        options.max_connections(1).sqlx_logging(false).map_sqlx_sqlite_opts(|sqlite| sqlite.foreign_keys(false));
        Self(Database::connect(options).await.expect("a database"))
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.0.get_database_backend() == DbBackend::Sqlite
    }

    /// Runs a statement in which `{room}` and `{user}` stand for ids, and returns how many rows it changed.
    pub(crate) async fn run(&self, statement: &str, room: RoomId, user: UserId) -> u64 {
        let mut values: Vec<Value> = Vec::new();
        let mut text = statement.to_owned();
        let ids: BTreeMap<&str, Uuid> =
            BTreeMap::from([("{room}", room.as_uuid()), ("{user}", user.as_uuid()), ("{other}", Uuid::from_u128(77))]);
        for (word, id) in ids {
            if text.contains(word) {
                values.push(id.into());
                text = text.replace(word, &format!("${}", values.len()));
            }
        }
        let statement = Statement::from_sql_and_values(self.0.get_database_backend(), text, values);
        self.0.execute_raw(statement).await.expect("a change").rows_affected()
    }

    pub(crate) async fn close(self) {
        self.0.close().await.expect("a closed connection");
    }
}
