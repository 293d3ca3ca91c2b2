//! Keeping accounts, sessions and keys in SQL.

mod sql;

pub(crate) use sql::{SqlStore, StoreError};

#[cfg(test)]
mod contract;
