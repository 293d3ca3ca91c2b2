//! One form for all errors: an answer of tonic's own, which carries no reason, is told as ours.

use tonic::{Code, Status};

use crate::{
    fault::{RpcFault, status},
    served::{Answer, MAX_REQUEST_BYTES},
};

/// Rewrites an error that no service of ours made: of a frame that is none, of a message too large, of an unknown method, of a
/// service whose health is asked for and that is not here.
///
/// Whatever our services refuse carries `google.rpc.ErrorInfo`. What does not was refused by tonic, before the handler.
pub(super) fn normalize(answer: Answer, path: &str) -> Answer {
    let headers = answer.headers();
    if headers.contains_key("grpc-status-details-bin") {
        return answer;
    }
    let Some(refusal) = Status::from_header_map(headers) else { return answer };
    match refusal.code() {
        Code::Ok => answer,
        // The one refusal that `grpc.health.v1` has.
        Code::NotFound if path.starts_with("/grpc.health.v1.Health/") => told(RpcFault::UnknownService),
        Code::OutOfRange => told(RpcFault::MessageTooLarge { limit_bytes: MAX_REQUEST_BYTES }),
        Code::Unimplemented if refusal.message().is_empty() => told(RpcFault::unknown_method(path)),
        _ => {
            tracing::debug!(refusal = %refusal, path, "refused before the handler");
            told(RpcFault::MalformedRequest)
        }
    }
}

fn told(fault: RpcFault) -> Answer {
    status(fault).into_http()
}
