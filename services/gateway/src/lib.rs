//! The edge: one port for browsers (grpc-web), native clients (gRPC) and the web page.
//!
//! It verifies tokens, forwards calls as frames to the services that answer them, and fans events out: each is encoded
//! once, and every reader pulls it from the ring of its room.
//!
//! Does not belong here: what a room or a user is, who may do what, and anything that must survive a restart.

pub mod app;
pub mod edge;
pub mod error;
pub mod grpc;
pub mod model;
pub mod peers;
pub mod ports;
pub mod process;
pub mod service;
