//! The rooms service from its use cases down: its ports' contract and its promises, each on every store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod backends;
mod calls;
mod creating;
mod delivering;
mod direct;
mod fakes;
mod house;
mod line;
mod listing;
mod lost_answers;
mod membership;
mod settings;
mod stand_ins;
mod store_contract;
mod user_state;
mod user_state_calls;
