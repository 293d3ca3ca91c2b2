//! The store of rooms, behind its three ports: SQL through sea-orm, on SQLite and on PostgreSQL.
//!
//! Tables: `rooms` and `memberships` say what is; `user_lists` holds the version of each person's list and `user_rooms` says
//! at which of them each room was last gained, changed or lost; `list_lives` names the life in which versions are given
//! out; `outbox` holds what is on its way into the log; `requests` remembers what made a room; `store_keys` holds the key.
//! One decision writes them in one transaction.

pub mod audit;
mod connect;
mod creating;
mod deciding;
mod entity;
mod key;
mod life;
mod lists;
mod migration;
mod outbox;
mod people;
mod rows;
mod snapshot;
mod sql;

pub use connect::OpenError;
pub use sql::SqlRoomStore;
