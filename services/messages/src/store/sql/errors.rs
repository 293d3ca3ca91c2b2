//! What a database's error means.

use sea_orm::{DbErr, RuntimeErr, SqlErr, SqlxError};

use crate::ports::{AppendError, StoreError};

/// Codes of SQLite that say that the disk is full or failed: SQLITE_FULL, SQLITE_IOERR, SQLITE_READONLY, SQLITE_CANTOPEN
/// (<https://www.sqlite.org/rescode.html>).
const SQLITE_DISK: [u32; 4] = [13, 10, 8, 14];

/// SQLITE_BUSY.
const SQLITE_BUSY: u32 = 5;

/// States of PostgreSQL that say so: disk_full, io_error
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const POSTGRES_DISK: [&str; 2] = ["53100", "58030"];

pub(super) fn append_error(error: DbErr) -> AppendError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => AppendError::Conflict,
        _ => AppendError::Store(store_error(error)),
    }
}

pub(super) fn store_error(error: DbErr) -> StoreError {
    if is_of_the_disk(&error) { StoreError::Refused(error.into()) } else { StoreError::Unavailable(error.into()) }
}

/// Tells whether SQLite had the file locked (SQLITE_BUSY).
pub(super) fn is_busy(error: &DbErr) -> bool {
    code_of(error).and_then(|code| sqlite_code(&code)) == Some(SQLITE_BUSY)
}

fn is_of_the_disk(error: &DbErr) -> bool {
    let Some(code) = code_of(error) else { return false };
    match sqlite_code(&code) {
        Some(number) => SQLITE_DISK.contains(&number),
        None => POSTGRES_DISK.contains(&code.as_str()),
    }
}

/// SQLite's extended codes hold the plain one in their lowest byte. PostgreSQL's are of five characters.
fn sqlite_code(code: &str) -> Option<u32> {
    code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|number| number & 0xff)
}

fn code_of(error: &DbErr) -> Option<String> {
    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    let SqlxError::Database(error) = &**error else { return None };
    error.code().map(|code| code.into_owned())
}
