//! The databases that every test runs on: a fresh one for each test.

use std::{num::NonZeroU32, path::Path, time::Duration};

use loquat_ids::{FixedClock, IdSource as _, RandomIds, Timestamp};
use loquat_rooms::store::SqlRoomStore;
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection};
use tempfile::TempDir;

use crate::house::{BEGINNING, STORE_DEADLINE};

/// A database of one test's own.
pub(crate) struct Backend {
    pub(crate) url: String,
    kept: Kept,
}

enum Kept {
    Folder(#[expect(dead_code, reason = "it goes away with this")] TempDir),
    Server { admin: DatabaseConnection, name: String },
}

impl Backend {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("rooms.db").display());
        Self { url, kept: Kept::Folder(folder) }
    }

    /// On a file of its own that begins as a copy of another.
    pub(crate) fn of_file(file: &Path) -> Self {
        let backend = Self::sqlite();
        std::fs::copy(file, backend.url.trim_start_matches("sqlite://")).unwrap();
        backend
    }

    /// `None`, and a line that says so, where no server is named.
    pub(crate) async fn postgres(test: &str) -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "the one place where tests learn of servers")]
        let Ok(server) = std::env::var("LOQUAT_TEST_POSTGRES_URL") else {
            eprintln!("SKIPPED {test}: no LOQUAT_TEST_POSTGRES_URL");
            return None;
        };
        let admin = reach(&server).await;
        let name = format!("loquat_test_{}", RandomIds.fresh().simple());
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (before, _) = server.rsplit_once('/').unwrap();
        Some(Self { url: format!("{before}/{name}"), kept: Kept::Server { admin, name } })
    }

    /// Opens a store on it, as one process would at the beginning of time.
    pub(crate) async fn open(&self) -> SqlRoomStore {
        self.open_at(BEGINNING).await
    }

    /// Opens a store on it, as one process would at a moment.
    pub(crate) async fn open_at(&self, now: Timestamp) -> SqlRoomStore {
        let clock = FixedClock::at(now);
        SqlRoomStore::open(&self.url, NonZeroU32::new(6).unwrap(), STORE_DEADLINE, &clock).await.unwrap()
    }

    /// Reaches the tables behind the store's back.
    pub(crate) async fn behind(&self) -> DatabaseConnection {
        reach(&self.url).await
    }

    pub(crate) async fn remove(self) {
        if let Kept::Server { admin, name } = self.kept {
            admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
        }
    }
}

/// Without sqlx's upkeep of idle connections, which may turn for ever (<https://github.com/launchbadge/sqlx/issues/3645>).
async fn reach(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(2).sqlx_logging(false).idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    Database::connect(options).await.unwrap()
}

/// Makes one test of each named function on each store.
macro_rules! on_every_store {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let house = $crate::house::House::on($crate::backends::Backend::sqlite()).await;
                    super::$name(&house).await;
                    house.close().await;
                }
            )+
        }
        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    if let Some(backend) = $crate::backends::Backend::postgres(stringify!($name)).await {
                        let house = $crate::house::House::on(backend).await;
                        super::$name(&house).await;
                        house.close().await;
                    }
                }
            )+
        }
    };
}

pub(crate) use on_every_store;
