//! What the edge knows of rooms, streams and what they say.

mod interest;
mod item;
mod place;
mod ring;

pub use interest::{Interest, InterestUpdate};
pub use item::{ClosingReason, Item, RoomClosedReason};
pub use place::{Cursor, HiddenRange, Place, ResetReason};
pub use ring::{BeyondRing, Pushed, Ring, RoomNews, Text};
