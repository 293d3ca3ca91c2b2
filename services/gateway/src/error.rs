//! What a stream may be refused for.

use std::time::Duration;

use loquat_proto::events::v1::ErrorReason;
use loquat_rpc::fault::{Code, Fault, Reason};

/// Why the edge refuses.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum GatewayError {
    /// There is no such stream of this session.
    #[error("there is no such stream of this session: subscribe again")]
    StreamNotFound,
    /// The first message on Connect is not `start`, or a later one is.
    #[error("send `start` first, and only then")]
    StartExpected,
    /// The session, or this gateway, has as many streams as it may.
    #[error("too many streams: close one, or try again in a moment")]
    TooManyStreams,
}

impl Fault for GatewayError {
    fn code(&self) -> Code {
        match self {
            Self::StreamNotFound => Code::NotFound,
            Self::StartExpected => Code::InvalidArgument,
            Self::TooManyStreams => Code::ResourceExhausted,
        }
    }

    fn reason(&self) -> Reason {
        let reason = match self {
            Self::StreamNotFound => ErrorReason::StreamNotFound,
            Self::StartExpected => ErrorReason::StartExpected,
            Self::TooManyStreams => ErrorReason::TooManyStreams,
        };
        Reason::new("loquat.events.v1", reason.as_str_name())
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::TooManyStreams).then_some(Duration::from_secs(5))
    }
}
