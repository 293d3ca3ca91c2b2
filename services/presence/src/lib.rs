//! Presence: who is there, how they show themselves, and who is typing.
//!
//! Presence is soft. It is kept where it may be lost (Redis, or memory) and made anew from what gateways hold: each has one
//! lease for all its sessions, so that beats cost by gateways and not by people. It is merged over a person's devices and
//! told to others on change only.
//!
//! [`app`] is the way in. Inside, `model` holds always-valid types and decides how somebody shows to whom, `ports` says what
//! the use cases in `service` need from outside, `store`, `peers` and `news` stand behind the ports, and `grpc` translates
//! to and from the contract.
//!
//! Does not belong here: sessions (`loquat-users`), who is in a room (`loquat-rooms`), and the streams of clients
//! (`loquat-gateway`).

pub mod app;
mod error;
mod grpc;
mod model;
mod news;
mod peers;
mod ports;
pub mod process;
mod service;
mod store;
