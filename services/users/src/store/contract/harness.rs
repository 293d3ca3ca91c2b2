//! A database of its own for each test, and the people in it.

use std::time::Duration;

use loquat_ids::{IdSource as _, RandomIds, SessionId, Timestamp, UserId};
use sea_orm::{ConnectOptions, ConnectionTrait as _, DatabaseConnection};
use tempfile::TempDir;

use super::line::Line;
use crate::{
    model::{
        DeviceName, DisplayName, Handle, NewAccount, NewSession, NewToken, PasswordHash, RotationRequest, TokenHash,
        User,
    },
    ports::AccountStore as _,
    store::SqlStore,
};

/// An empty database. Each opening is another replica's.
pub(super) struct Database {
    url: String,
    place: Place,
}

enum Place {
    /// Removed when the test ends.
    File(TempDir),
    Server {
        admin: DatabaseConnection,
        name: String,
    },
}

impl Database {
    pub(super) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: format!("sqlite:{}", folder.path().join("users.db").display()), place: Place::File(folder) }
    }

    /// Nothing where no server is named. The database sorts as people do, so that it shows where order by bytes is meant.
    pub(super) async fn postgres(test: &str) -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "tests are told so where the backends are")]
        let Ok(server) = std::env::var("LOQUAT_TEST_POSTGRES_URL") else {
            eprintln!("SKIPPED {test}: no LOQUAT_TEST_POSTGRES_URL");
            return None;
        };
        let admin = reach(&server).await;
        let name = format!("loquat_test_{}", RandomIds.fresh().simple());
        let create =
            format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en'");
        admin.execute_unprepared(&create).await.unwrap();
        let (start, rest) = server.split_at(server.rfind('/').unwrap());
        let parameters = rest.find('?').map_or("", |at| &rest[at..]);
        Some(Self { url: format!("{start}/{name}{parameters}"), place: Place::Server { admin, name } })
    }

    pub(super) async fn open(&self) -> SqlStore {
        SqlStore::open(&self.url).await.unwrap()
    }

    /// Another replica that reaches the server over a line. None where there is no server.
    pub(super) async fn open_on_a_line(&self) -> Option<(SqlStore, Line)> {
        let (scheme, rest) = self.url.split_once("://")?;
        let (server, path) = rest.split_once('/').unwrap();
        let (user, server) = server.rsplit_once('@').map_or(("", server), |(user, server)| (user, server));
        let line = Line::to(server.to_owned()).await;
        let at = if user.is_empty() { "" } else { "@" };
        let url = format!("{scheme}://{user}{at}{}/{path}", line.address());
        Some((SqlStore::open(&url).await.unwrap(), line))
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// A connection beside the store, for what no port does.
    pub(super) async fn raw(&self) -> DatabaseConnection {
        reach(&self.url).await
    }

    pub(super) async fn remove(self) {
        match self.place {
            Place::File(folder) => folder.close().unwrap(),
            Place::Server { admin, name } => {
                admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
            }
        }
    }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    // With a fraction that a store of milliseconds would lose.
    Timestamp::from_micros(1_800_000_000_000_123 + seconds * 1_000_000)
}

pub(super) fn handle(text: &str) -> Handle {
    Handle::parse(text).unwrap()
}

pub(super) fn display_name(text: &str) -> DisplayName {
    DisplayName::parse(text).unwrap()
}

pub(super) fn account(name: &str, shown: &str) -> NewAccount {
    let id = UserId::from_uuid(RandomIds.fresh());
    NewAccount {
        user: User { id, handle: handle(name), display_name: display_name(shown), create_time: at(0) },
        password: Some(PasswordHash::from_phc("$argon2id$…".to_owned())),
    }
}

pub(super) async fn registered(store: &SqlStore, name: &str, shown: &str) -> User {
    let account = account(name, shown);
    store.register(&account).await.unwrap();
    account.user
}

pub(super) fn hash(token: &str) -> TokenHash {
    TokenHash::of_presented(token)
}

/// A token issued at a second, valid for a hundred.
pub(super) fn token(text: &str, second: i64) -> NewToken {
    NewToken { hash: hash(text), issue_time: at(second), expire_time: at(second + 100) }
}

pub(super) fn session(user: &User, first_token: &str) -> NewSession {
    NewSession {
        id: SessionId::from_uuid(RandomIds.fresh()),
        user_id: user.id,
        device_name: DeviceName::of("Firefox on Linux"),
        token: token(first_token, 0),
    }
}

/// `presented` for `next` at a second, with a grace of ten.
pub(super) fn rotation(presented: &str, next: &str, second: i64) -> RotationRequest {
    RotationRequest {
        presented: hash(presented),
        next: token(next, second),
        grace: Duration::from_secs(10),
        forget_time: at(second + 50),
    }
}

/// Without sqlx's upkeep of idle connections, which may turn for ever (<https://github.com/launchbadge/sqlx/issues/3645>).
async fn reach(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(2).sqlx_logging(false).idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    sea_orm::Database::connect(options).await.unwrap()
}
