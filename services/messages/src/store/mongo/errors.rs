//! What a driver's error means.

use mongodb::error::{Error, ErrorKind};

use crate::ports::{AppendError, StoreError};

/// A unique index refused a document.
pub(super) const DUPLICATE_KEY: i32 = 11_000;

/// The server has no space left or its disk failed: OutOfDiskSpace, FileStreamFailed
/// (<https://www.mongodb.com/docs/manual/reference/error-codes/>).
const DISK: [i32; 2] = [14_031, 39];

pub(super) fn append_error(error: Error) -> AppendError {
    match &*error.kind {
        // What stands of the batch, and whether a majority has it, is read.
        ErrorKind::InsertMany(failure)
            if failure.write_errors.iter().flatten().any(|error| error.code == DUPLICATE_KEY) =>
        {
            AppendError::Conflict
        }
        _ => AppendError::Store(store_error(error)),
    }
}

pub(super) fn store_error(error: Error) -> StoreError {
    let is_of_the_disk = match &*error.kind {
        ErrorKind::Command(error) => DISK.contains(&error.code),
        ErrorKind::InsertMany(failure) => failure.write_errors.iter().flatten().any(|error| DISK.contains(&error.code)),
        _ => false,
    };
    if is_of_the_disk { StoreError::Refused(error.into()) } else { StoreError::Unavailable(error.into()) }
}
