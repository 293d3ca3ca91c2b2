//! The tables, one file each. Ids are UUIDs, moments microseconds, counters signed as SQL has them.

pub(super) mod list_life;
pub(super) mod membership;
pub(super) mod outbox;
pub(super) mod request;
pub(super) mod room;
pub(super) mod store_key;
pub(super) mod user_list;
pub(super) mod user_room;
