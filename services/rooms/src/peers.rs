//! The other services and the bus, behind our ports.

mod log;
mod news;
mod users;

pub(crate) use log::MessagesLog;
pub(crate) use news::BusNews;
pub(crate) use users::UsersDirectory;
