//! Speaking gRPC: servers and channels, the codec, deadlines, faults as statuses, who calls, and forwarding.
//!
//! A service hands its routes to [`Served::guarded`] and is reached through a [`Channel`], in the same process or over
//! sockets, with the same layers around it. What tonic applies in its transport (deadlines, the peer's identity, limits)
//! stands here in the service stack instead, so that it holds in both shapes.
//!
//! Does not belong here: anything about users, rooms, messages or presence but who the caller is.

mod body;
mod caller;
mod channel;
pub mod codec;
mod connection;
pub mod fault;
mod listener;
mod revocations;
mod served;
pub mod server;
mod time;
pub mod tls;
mod token;
pub mod trace;
mod verifier;

pub use body::whole;
pub use caller::{Caller, ServiceName, SignedIn};
pub use channel::{Channel, Dialer, NodeAddress};
pub use connection::Connection;
pub use fault::{Fault, status};
pub use listener::{HttpLimits, Listener};
pub use served::{Answer, Call, MAX_REQUEST_BYTES, Served, detached};
pub use time::{moment, proto_time};
pub use token::{Claims, KeySet, VerifyingKey};
pub use verifier::Verifier;
