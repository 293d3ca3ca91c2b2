//! Ids as newtypes, so that one kind is never taken for another.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}")]
pub struct IdError {
    /// The kind of id that was asked for, such as "room id".
    pub kind: &'static str,
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident, $kind:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Takes a UUID for this kind of id.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Returns the UUID.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(formatter)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// Reads the 36-character form, which is the only one that the contract has.
            fn from_str(text: &str) -> Result<Self, IdError> {
                match Uuid::try_parse(text) {
                    Ok(uuid) if text.len() == 36 => Ok(Self(uuid)),
                    _ => Err(IdError { kind: $kind }),
                }
            }
        }
    )+};
}

uuid_ids! {
    /// A person with an account.
    UserId, "user id";
    /// A room.
    RoomId, "room id";
    /// A message.
    MessageId, "message id";
    /// An event of a room's log.
    EventId, "event id";
    /// A signed-in session.
    SessionId, "session id";
    /// A gateway process, from its start to its end.
    GatewayId, "gateway id";
}

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $min:literal..=$max:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// Reads an id, within its length and of ASCII letters, digits and `_-.:` alone.
            fn from_str(text: &str) -> Result<Self, IdError> {
                let fits = ($min..=$max).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte));
                if fits { Ok(Self(text.into())) } else { Err(IdError { kind: $kind }) }
            }
        }
    )+};
}

text_ids! {
    /// The id that a client makes for something it asks for once, 8 to 64 characters.
    RequestId, "request id", 8..=64;
    /// The life of a store's logs, 1 to 64 characters. Restoring a backup changes it.
    Epoch, "epoch", 1..=64;
    /// A client's stream, 1 to 80 characters.
    ConnectionId, "stream id", 1..=80;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_writes() {
        let id = RoomId::from_uuid(Uuid::from_u128(7));
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn only_the_form_of_36_characters_is_an_id() {
        for text in ["", "7", "00000000000000000000000000000007", "{00000000-0000-0000-0000-000000000007}"] {
            assert_eq!(text.parse::<RoomId>(), Err(IdError { kind: "room id" }), "{text}");
        }
    }

    #[test]
    fn a_request_id_is_short_and_plain() {
        assert!("8-chars_".parse::<RequestId>().is_ok());
        for text in ["short", "with space", &"x".repeat(65)] {
            assert!(text.parse::<RequestId>().is_err(), "{text}");
        }
    }
}
