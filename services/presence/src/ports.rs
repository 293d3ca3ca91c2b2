//! What the use cases need from outside.

mod announcements;
mod memberships;
mod store;

pub(crate) use announcements::{Announcements, Unannounced};
pub(crate) use memberships::{CallerToken, MembershipError, Memberships};
pub(crate) use store::{PresenceStore, StoreError};
