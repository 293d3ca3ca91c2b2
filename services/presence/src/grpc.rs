//! The contract on one side, the model on the other: the only place that knows both.

mod lease;
mod presence;

pub(crate) use lease::LeaseEndpoint;
pub(crate) use presence::PresenceEndpoint;

use std::str::FromStr;

use loquat_ids::{IdError, UserId};
use loquat_proto::presence::v1 as proto;
use loquat_rpc::proto_time;

use crate::{
    error::{Error, Result},
    model::{Appearance, Presence},
};

pub(crate) fn proto_presence(presence: &Presence) -> proto::Presence {
    let availability = match presence.appearance {
        Appearance::Online => proto::Availability::Online,
        Appearance::Away => proto::Availability::Away,
        Appearance::DoNotDisturb => proto::Availability::DoNotDisturb,
        Appearance::Offline => proto::Availability::Offline,
        Appearance::Invisible => proto::Availability::Invisible,
    };
    proto::Presence {
        user_id: presence.user.to_string(),
        availability: availability.into(),
        status_text: presence.status_text.to_string(),
        update_time: presence.update_time.map(proto_time),
    }
}

fn user_ids(texts: &[String]) -> Result<Vec<UserId>> {
    texts.iter().enumerate().map(|(index, text)| parsed(text, || format!("user_ids[{index}]"))).collect()
}

/// Reads an id. The contract's rules leave only forms to refuse that clients do not make by chance.
fn parsed<T: FromStr<Err = IdError>>(text: &str, field: impl FnOnce() -> String) -> Result<T> {
    text.parse().map_err(|error: IdError| Error::Field { field: field(), problem: error.to_string() })
}
