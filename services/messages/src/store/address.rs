//! Which URLs name a store, judged before it is opened.

use std::str::FromStr as _;

use mongodb::error::ErrorKind;
use sea_orm::sqlx::{postgres::PgConnectOptions, sqlite::SqliteConnectOptions};

use super::OpenError;

/// Judges the URL of a SQL store. A database in memory, or in a file without a name, is none of ours: each of the connections
/// would have another. The URL is not shown: it may hold a password.
pub(super) fn check_sql(url: &str) -> Result<(), OpenError> {
    if !url.starts_with("sqlite:") {
        let options = PgConnectOptions::from_str(url);
        return options.map(|_| ()).map_err(|_| unusable("it must be such as postgres://user:password@host:5432/name"));
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|_| unusable("it must be `sqlite:` and a path"))?;
    let is_nameless = options.get_filename().as_os_str().is_empty();
    if is_nameless || url.contains(":memory:") || url.contains("mode=memory") {
        return Err(unusable("it must name a file: a store in memory is none"));
    }
    Ok(())
}

/// Tells what the driver finds wrong with a URL from a server that does not answer.
pub(super) fn told_apart(error: OpenError) -> OpenError {
    match error {
        OpenError::Mongo(error) => match &*error.kind {
            ErrorKind::InvalidArgument { message, .. } | ErrorKind::InvalidTlsConfig { message, .. } => {
                unusable(message)
            }
            _ => OpenError::Mongo(error),
        },
        other => other,
    }
}

fn unusable(problem: impl Into<String>) -> OpenError {
    OpenError::Unusable(problem.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sql_store_is_a_file_or_a_server() {
        for good in ["sqlite:/a/messages.db", "sqlite:messages.db?mode=rwc", "postgres://bob:hush@host:5432/x"] {
            check_sql(good).expect(good);
        }
        for wrong in [
            "sqlite:",
            "sqlite://",
            "sqlite::memory:",
            "sqlite:x?mode=memory",
            "sqlite:x?mode=hush",
            "postgres://host:hush/x",
            "postgresql://host:99999/x",
        ] {
            let error = check_sql(wrong).expect_err(wrong);
            assert!(matches!(&error, OpenError::Unusable(text) if !text.contains("hush")), "{wrong}: {error}");
        }
    }
}
