//! The use cases.

#[cfg(test)]
mod fakes;
mod leases;
mod presences;
mod sweeper;
mod teller;
mod typing;
mod watch;

pub(crate) use leases::Leases;
pub(crate) use presences::Presences;
pub(crate) use sweeper::Sweeper;
pub(crate) use teller::{TellQueue, Teller};
pub(crate) use typing::TypingNotices;
pub(crate) use watch::{Watchers, Watching};
