//! The whole service, asked over gRPC in one process: its contract as gateways and people meet it.

mod house;
mod lease;
mod neighbours;
mod refusals;
mod showing;
mod typing;
mod watching;
