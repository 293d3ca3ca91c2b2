//! Accounts: who somebody is, how they prove it, and for how long.
//!
//! It makes accounts, hashes passwords, begins, carries on and ends sessions, signs access tokens and publishes the keys
//! that verify them, tells every other service which sessions have ended, and finds people by name.
//!
//! [`app`] is the way in, with the settings and the wiring; [`process`] runs it alone; [`ensure_system_user`] makes the
//! account that a demonstration begins with. Inside, `model` holds always-valid types, `ports` what the use cases in
//! `service` need from outside, `store`, `hashing` and `signing` what stands behind the ports, and `grpc` the translation
//! to and from the contract.
//!
//! Does not belong here: who may do what in a room (`loquat-rooms`), who is online (`loquat-presence`), and verifying tokens
//! (`loquat-rpc`).

pub mod app;
mod error;
mod grpc;
mod hashing;
mod model;
mod ports;
pub mod process;
mod restored;
mod seed;
mod service;
mod signing;
mod store;

pub use restored::sign_everybody_out;
pub use seed::ensure_system_user;
