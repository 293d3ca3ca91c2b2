//! What a native client says on Connect.

use std::{sync::Arc, time::Duration};

use loquat_proto::events::v1::{ConnectRequest, SubscribeRequest};
use loquat_rpc::status;
use tokio::time::{error::Elapsed, timeout};
use tonic::{Status, Streaming};

use crate::{error::GatewayError, grpc::requests, model::ClosingReason, service::Mailbox};

/// After how long without a beat a stream is closed.
const BEAT_LIMIT: Duration = Duration::from_secs(25);
/// The last part of that. Where this process stood still for all of the time before it, it reads now what came meanwhile.
const LAST_PART: Duration = Duration::from_secs(1);
/// How long a client may take to say how its stream begins.
const START_LIMIT: Duration = Duration::from_secs(5);

/// Waits for the first message.
pub(super) async fn start(inbound: &mut Streaming<ConnectRequest>) -> Result<SubscribeRequest, Status> {
    let first = timeout(START_LIMIT, inbound.message()).await;
    let Ok(first) = first else { return Err(status(GatewayError::StartExpected)) };
    first?.and_then(|message| message.start).ok_or_else(|| status(GatewayError::StartExpected))
}

/// Hears a client out until it is silent for too long, says what it may not, or is gone.
pub(super) async fn listen(mut inbound: Streaming<ConnectRequest>, mailbox: Arc<Mailbox>) -> ClosingReason {
    loop {
        match next(&mut inbound).await {
            Ok(Ok(Some(message))) => {
                if let Some(update) = message.interest_update {
                    mailbox.give_interest(requests::update(update));
                }
                if message.start.is_some() {
                    return ClosingReason::NoBeat;
                }
            }
            // The client has said all it had to say. It may still listen, for as long as one may without a beat.
            Ok(Ok(None)) => {
                tokio::time::sleep(BEAT_LIMIT).await;
                return ClosingReason::NoBeat;
            }
            Ok(Err(_)) | Err(_) => return ClosingReason::NoBeat,
        }
    }
}

async fn next(inbound: &mut Streaming<ConnectRequest>) -> Result<Result<Option<ConnectRequest>, Status>, Elapsed> {
    if let Ok(message) = timeout(BEAT_LIMIT - LAST_PART, inbound.message()).await {
        return Ok(message);
    }
    timeout(LAST_PART, inbound.message()).await
}
