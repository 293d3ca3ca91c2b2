//! News between processes: who publishes does not know who listens.
//!
//! The port is [`Bus`], with two twins: [`EmbeddedBus`] in one process, [`NatsBus`] between many. One contract suite
//! (`tests/contract`) runs on both.
//!
//! The bus hurries, the store tells the truth. Live news ([`Bus::subscribe`]) is told at most once, to who listens now;
//! durable consumers ([`Bus::consume`]) are woken at least once, and a woken consumer reads what happened from the log,
//! from its own position. Whoever hears [`Received::Missed`] or [`Woken::Missed`] reads the store again. So nothing is
//! ever right only because the bus delivered it.
//!
//! What a consumer cannot take it buries ([`Bus::bury`]) and goes past, so that one poisoned event holds up nothing:
//! [`ConsumerLoop`] does so for a [`Handler`].
//!
//! Does not belong here: what the news says (payloads are bytes), outboxes, positions in logs, and retries of publishes.

mod bus;
mod consumer;
mod consumer_loop;
mod dead_letter;
mod embedded;
mod error;
mod mailbox;
mod nats;
mod news;
mod pattern;
mod settings;
mod subject;
mod subscription;
mod trace;

pub use bus::{Bus, Connection, MAX_NEWS_ID_BYTES, MAX_PAYLOAD_BYTES, SharedBus};
pub use consumer::{Consumer, ConsumerName, ConsumerNameError, Delivery, Woken};
pub use consumer_loop::{ConsumerLoop, Handler, Refusal, Retries};
pub use dead_letter::{DeadLetter, DeadLetterLimits, MAX_ERROR_BYTES};
pub use embedded::{EmbeddedBus, EmbeddedLimits};
pub use error::{BusError, Cause};
pub use nats::{NatsBus, NatsLogin, NatsPrefix, NatsSettings, NatsTls, StreamLimits};
pub use news::{News, Received};
pub use pattern::Pattern;
pub use settings::BusSettings;
pub use subject::{Shard, Subject, SubjectError, Topic};
pub use subscription::Subscription;
pub use trace::TraceContext;
