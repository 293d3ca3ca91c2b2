//! The real backends, and what one house has of each for itself.

use std::{future::Future, process, time::Duration};

use anyhow::{Context as _, bail};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement};
use tokio::time::timeout;

/// How long making or removing one house's part may take.
const DEADLINE: Duration = Duration::from_secs(20);
/// Databases, streams and prefixes of houses begin so, and go on with the process that made them.
const MARK: &str = "house";

/// Where the backends are.
#[derive(Debug, Clone)]
pub struct Backends {
    postgres: String,
    redis: String,
    nats: String,
    mongo: String,
}

impl Backends {
    /// Reads the variables that `deploy/backends up` prints.
    ///
    /// # Errors
    ///
    /// The name of the variable that is missing.
    pub fn of_environment() -> Result<Self, &'static str> {
        let read = |name: &'static str| {
            #[expect(clippy::disallowed_methods, reason = "where the tests' backends are is no setting of a service")]
            std::env::var(name).ok().filter(|url| !url.is_empty()).ok_or(name)
        };
        Ok(Self {
            postgres: read("LOQUAT_TEST_POSTGRES_URL")?,
            redis: read("LOQUAT_TEST_REDIS_URL")?,
            nats: read("LOQUAT_TEST_NATS_URL")?,
            mongo: read("LOQUAT_TEST_MONGODB_URL").or_else(|_| read("LOQUAT_TEST_FERRETDB_URL"))?,
        })
    }

    /// Makes what a house has for itself, and removes what houses of processes that are gone have left.
    pub(crate) async fn lodge(&self, number: usize, wants_messages_database: bool) -> anyhow::Result<Lodging> {
        self.remove_leftovers().await.context("removing what earlier tests left")?;
        let lodging = Lodging { backends: self.clone(), name: format!("{MARK}-{}-{number}", process::id()), number };
        let postgres = connect(&self.postgres).await?;
        let mut services = vec!["users", "rooms"];
        services.extend(wants_messages_database.then_some("messages"));
        for service in services {
            execute(&postgres, &format!("CREATE DATABASE {}", lodging.database(service))).await?;
        }
        postgres.close().await?;
        Ok(lodging)
    }

    async fn remove_leftovers(&self) -> anyhow::Result<()> {
        let postgres = connect(&self.postgres).await?;
        for database in databases(&postgres, &format!("{MARK}_%")).await? {
            if is_left_over(&database) {
                drop_database(&postgres, &database).await?;
            }
        }
        postgres.close().await?;
        remove_streams(&self.nats, is_left_over).await
    }
}

/// Makes databases where they are not there yet, on a PostgreSQL of the caller's own.
///
/// # Errors
///
/// Where PostgreSQL does not make them.
pub async fn make_databases(postgres: &str, names: &[&str]) -> anyhow::Result<()> {
    let connection = connect(postgres).await?;
    let there = databases(&connection, "%").await?;
    for name in names.iter().filter(|name| !there.iter().any(|there| there == *name)) {
        execute(&connection, &format!("CREATE DATABASE {name}")).await?;
    }
    connection.close().await?;
    Ok(())
}

/// What one house has for itself. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Lodging {
    backends: Backends,
    name: String,
    number: usize,
}

impl Lodging {
    pub(crate) fn postgres(&self, service: &str) -> anyhow::Result<String> {
        with_path(&self.backends.postgres, &self.database(service))
    }

    pub(crate) fn mongo(&self) -> anyhow::Result<String> {
        with_path(&self.backends.mongo, &self.name)
    }

    /// Redis has 16 databases; the first is for others.
    pub(crate) fn redis(&self) -> anyhow::Result<String> {
        with_path(&self.backends.redis, &(1 + self.number % 15).to_string())
    }

    pub(crate) fn nats(&self) -> (String, String) {
        (self.backends.nats.clone(), self.name.clone())
    }

    fn database(&self, service: &str) -> String {
        format!("{}_{service}", self.name.replace('-', "_"))
    }

    async fn remove(&self) -> anyhow::Result<()> {
        let own = self.database("");
        let postgres = connect(&self.backends.postgres).await?;
        for database in databases(&postgres, &format!("{own}%")).await? {
            drop_database(&postgres, &database).await?;
        }
        postgres.close().await?;
        let stream = format!("LOQUAT_{}", self.name);
        remove_streams(&self.backends.nats, |name| name == stream).await
    }
}

impl Drop for Lodging {
    fn drop(&mut self) {
        // The executor that the house was made on may be this thread's, and busy with dropping.
        std::thread::scope(|scope| {
            let removal = scope.spawn(|| {
                let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                executor.block_on(in_time(self.remove()))
            });
            if let Ok(Err(error)) = removal.join() {
                eprintln!("{} could not be removed from the backends: {error:#}", self.name);
            }
        });
    }
}

async fn in_time<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    timeout(DEADLINE, work).await.context("the backends do not answer in time")?
}

async fn connect(url: &str) -> anyhow::Result<DatabaseConnection> {
    let mut options = sea_orm::ConnectOptions::new(url);
    // Without sqlx's upkeep of idle connections, which may turn for ever (https://github.com/launchbadge/sqlx/issues/3645).
    options.max_connections(1).sqlx_logging(false).idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    in_time(async { Ok(Database::connect(options).await?) }).await.context("PostgreSQL")
}

async fn execute(postgres: &DatabaseConnection, statement: &str) -> anyhow::Result<()> {
    in_time(async { Ok(postgres.execute_unprepared(statement).await?) }).await.with_context(|| statement.to_owned())?;
    Ok(())
}

async fn databases(postgres: &DatabaseConnection, pattern: &str) -> anyhow::Result<Vec<String>> {
    let pattern = pattern.replace('_', "\\_");
    let query = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT datname FROM pg_database WHERE datname LIKE $1",
        [pattern.into()],
    );
    let rows = in_time(async { Ok(postgres.query_all_raw(query).await?) }).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

async fn drop_database(postgres: &DatabaseConnection, name: &str) -> anyhow::Result<()> {
    execute(postgres, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
}

async fn remove_streams(url: &str, is_to_go: impl Fn(&str) -> bool) -> anyhow::Result<()> {
    use futures::TryStreamExt as _;
    in_time(async {
        let context = async_nats::jetstream::new(async_nats::connect(url).await?);
        let names: Vec<String> = context.stream_names().try_collect().await?;
        for name in names.iter().filter(|name| is_to_go(name)) {
            // Another test may be removing it too.
            drop(context.delete_stream(name).await);
        }
        Ok(())
    })
    .await
    .context("NATS")
}

/// Says whether something bears the mark of a house whose process is gone.
fn is_left_over(name: &str) -> bool {
    let name = name.strip_prefix("LOQUAT_").unwrap_or(name);
    let mut parts = name.split(['-', '_']);
    parts.next() == Some(MARK)
        && parts.next().and_then(|part| part.parse::<i32>().ok()).is_some_and(|process| {
            let process = rustix::process::Pid::from_raw(process);
            process.is_some_and(|process| rustix::process::test_kill_process(process).is_err())
        })
}

/// Puts a database's name into a URL.
fn with_path(url: &str, path: &str) -> anyhow::Result<String> {
    let Some((scheme, rest)) = url.split_once("://") else { bail!("a URL without a scheme") };
    let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    let query = rest.find('?').map_or("", |at| &rest[at..]);
    Ok(format!("{scheme}://{authority}/{path}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_in_any_url() {
        for (url, expected) in [
            ("postgres://bob:secret@host:5432/postgres", "postgres://bob:secret@host:5432/own"),
            ("mongodb://host:1/?replicaSet=rs0", "mongodb://host:1/own?replicaSet=rs0"),
            ("redis://host:1", "redis://host:1/own"),
        ] {
            assert_eq!(with_path(url, "own").expect("a URL"), expected);
        }
    }

    #[test]
    fn only_what_a_dead_process_left_is_left_over() {
        let own = format!("LOQUAT_house-{}-1", process::id());
        assert!(!is_left_over(&own) && !is_left_over("LOQUAT") && !is_left_over("house_of_cards"));
        assert!(is_left_over("house_2147483647_1_users"));
    }
}
