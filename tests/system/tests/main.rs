//! The system, over gRPC alone, in both shapes. A file for each behaviour.

mod accounts;
mod bad_input;
mod changes;
mod compose;
mod disk;
mod drain;
mod durability;
mod health;
mod kill;
mod messages;
mod mtls;
mod presence;
mod restart;
mod rooms;
mod sessions;
mod settings;
mod streams;
mod tokens;
mod traces;
