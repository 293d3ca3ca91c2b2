//! What the use cases need of the world.
//!
//! Every method that leaves the process has a deadline of its own inside the adapter, and every one is safe to call again.

mod lists;
mod log;
mod news;
mod outbox;
mod store;
mod users;

pub use lists::RoomLists;
pub use log::{LogError, RoomLog};
pub use news::{NewsError, UserNews};
pub use outbox::{DeliveredEvent, Outbox};
pub use store::{
    ContentHash, Created, Creation, Decide, Outcome, People, RememberedRequest, Remembrance, RoomStore, StoreError,
    StoreKey,
};
pub use users::{UserDirectory, UsersError};
