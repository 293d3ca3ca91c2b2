//! The whole system in one harness, for tests and benches only.
//!
//! A [`House`] is the system as real processes of the built binaries, in either shape; a [`Person`] is somebody who uses it
//! over gRPC, through any [`Gateway`]; [`in_both_shapes`] makes each test of a list run in both.
//!
//! Does not belong here: anything that a service needs to run, and anything that looks into a store.

mod backends;
mod binaries;
mod certificates;
mod gateway;
mod grpc_web;
mod house;
mod member;
mod nursery;
mod person;
mod ports;
mod raw;
mod refusal;
mod shapes;
mod subscription;
mod waiting;

pub use backends::{Backends, make_databases};
pub use binaries::binary;
pub use certificates::Certificates;
pub use gateway::Gateway;
pub use grpc_web::{WebAnswer, grpc_web};
pub use house::{House, Plan, Shape};
pub use member::{Member, Recipe};
pub use person::{Changed, Deed, Person, at_any_time};
pub use ports::ReservedPort;
pub use raw::{RawAnswer, frame};
pub use refusal::{Refusal, refused};
pub use rustix::process::Signal;
pub use shapes::{house_of_its_own, shared_house};
pub use subscription::{Subscription, watching};
pub use waiting::eventually;
