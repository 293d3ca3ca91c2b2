//! What a database's error means.

use sea_orm::{DbErr, RuntimeErr, SqlErr, SqlxError};

use crate::ports::{AppendError, StoreError};

/// Codes of SQLite that say that the disk is full or failed: SQLITE_FULL, SQLITE_IOERR, SQLITE_READONLY, SQLITE_CANTOPEN
/// (<https://www.sqlite.org/rescode.html>).
const SQLITE_DISK: [u32; 4] = [13, 10, 8, 14];

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

fn is_of_the_disk(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let SqlxError::Database(error) = &**error else { return false };
    let Some(code) = error.code() else { return false };
    // SQLite's extended codes hold the plain one in their lowest byte. PostgreSQL's are of five characters.
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => SQLITE_DISK.contains(&(number & 0xff)),
        _ => POSTGRES_DISK.contains(&&*code),
    }
}
