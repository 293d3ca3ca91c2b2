//! What clients do: people in rooms, over the public contract only.

mod account;
mod call;
mod founding;
mod gauges;
mod journal;
mod keeping;
mod observer;
mod pace;
mod reader;
mod seen;
mod worker;
mod world;

pub(crate) use account::Account;
pub(crate) use founding::{Founding, found};
pub(crate) use gauges::{Gap, Gauge, Watchman};
pub(crate) use journal::Journal;
pub(crate) use keeping::{Kept, Places};
pub(crate) use observer::{Observation, begin_anew, look_around, observe};
pub(crate) use pace::Pace;
pub(crate) use reader::Reader;
pub(crate) use worker::Worker;
pub(crate) use world::{Counts, Edge, RoomOfRun, World};

use world::{Devices, Switches};
