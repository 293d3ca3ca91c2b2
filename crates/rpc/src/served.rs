//! A service with everything around it that every service has: a span, a deadline, panic isolation, authorization.

use std::{convert::Infallible, fmt, future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{FutureExt as _, future::BoxFuture};
use http::HeaderMap;
use loquat_proto::methods::{self, Method};
use tokio::time::{Instant, timeout_at};
use tonic::{Status, body::Body, service::Routes};
use tower::{Service, ServiceExt as _, util::BoxCloneSyncService};
use tracing::{Instrument as _, Span, field};

use crate::{
    Caller, Verifier,
    body::{WellEnded, WhenBroken},
    fault::{RpcFault, status},
    trace,
};

mod authorize;
mod meter;
mod normalize;

use meter::Meter;

/// An HTTP request that carries a gRPC call.
pub type Call = http::Request<Body>;
/// The answer to a call.
pub type Answer = http::Response<Body>;

/// The largest request that a generated server decodes, in bytes.
pub const MAX_REQUEST_BYTES: usize = 1 << 20;

/// How many bytes of requests a service has in hand whose callers have not said who they are, such as of those who sign in.
const MAX_UNKNOWN_BYTES: usize = 64 << 20;

/// How long a unary call may take where its caller names no deadline, and at the most.
const UNARY_DEADLINE: Duration = Duration::from_secs(30);

/// Something that answers calls: routes with their layers, or anything of that shape. Clones share what they serve.
#[derive(Clone)]
pub struct Served(BoxCloneSyncService<Call, Answer, Infallible>);

impl fmt::Debug for Served {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Served").finish_non_exhaustive()
    }
}

impl Served {
    /// Puts the layers around a service's routes. From the outside in: the call's span; the deadline that the caller
    /// names (at most 30 s for a unary call); panic isolation; authorization by the method's rule; a bound on the bytes of all
    /// callers together that are not known; one form for all errors.
    #[must_use]
    pub fn guarded(routes: Routes, verifier: Verifier) -> Self {
        let (routes, meter) = (routes.prepare(), Meter::new(MAX_UNKNOWN_BYTES));
        Self::new(tower::service_fn(move |call| answer(routes.clone(), verifier.clone(), meter.clone(), call)))
    }

    /// Serves with something of the right shape, as it is.
    #[must_use]
    pub fn new<S>(service: S) -> Self
    where
        S: Service<Call, Response = Answer, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self(BoxCloneSyncService::new(service))
    }

    /// Answers one call.
    pub async fn call(&self, call: Call) -> Answer {
        match self.0.clone().oneshot(call).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }
}

impl Service<Call> for Served {
    type Response = Answer;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Answer, Infallible>>;

    fn poll_ready(&mut self, context: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        Box::pin(self.0.call(call))
    }
}

async fn answer(routes: Routes, verifier: Verifier, meter: Meter, mut call: Call) -> Result<Answer, Infallible> {
    let method = methods::find(call.uri().path());
    let deadline = deadline(call.headers(), method);
    let span = span(&call);
    let work = async {
        if let Err(fault) = authorize::authorize(&verifier, method, &mut call).await {
            return status(fault).into_http();
        }
        let path = call.uri().path().to_owned();
        let (call, _held) = measured(call, &meter);
        match routes.oneshot(call).await {
            Ok(answer) => normalize::normalize(answer, &path),
            Err(never) => match never {},
        }
    };
    let answer =
        timeout_at(deadline.unwrap_or_else(far), AssertUnwindSafe(work).catch_unwind()).instrument(span.clone()).await;
    let answer = match answer {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => status(RpcFault::Internal).into_http(),
        Err(_) => status(RpcFault::Deadline).into_http(),
    };
    span.record("rpc.grpc.status_code", grpc_code(answer.headers()));
    Ok(answer.map(|body| WellEnded::wrap(body, WhenBroken::Internal, deadline)))
}

fn measured(call: Call, meter: &Meter) -> (Call, Option<Arc<meter::Held>>) {
    if call.extensions().get().is_some_and(Caller::is_known) {
        return (call, None);
    }
    let (head, body) = call.into_parts();
    let (body, held) = meter.measure(body);
    (Call::from_parts(head, body), Some(held))
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(86_400 * 365)
}

/// When the call must have ended. A stream without a deadline of its caller's has none.
fn deadline(headers: &HeaderMap, method: Option<&Method>) -> Option<Instant> {
    let is_stream = method.is_some_and(|method| method.server_streaming || method.client_streaming);
    let asked = asked_timeout(headers);
    let span = match (asked, is_stream) {
        (Some(asked), true) => asked,
        (None, true) => return None,
        (asked, false) if method.is_some() => asked.unwrap_or(UNARY_DEADLINE).min(UNARY_DEADLINE),
        // Health and reflection have streams too, and no row in the table.
        (asked, false) => asked?,
    };
    Some(Instant::now() + span)
}

/// How long the caller gives a call.
pub(crate) fn asked_timeout(headers: &HeaderMap) -> Option<Duration> {
    headers.get("grpc-timeout").and_then(|value| value.to_str().ok()).and_then(parse_timeout)
}

/// Reads the header `grpc-timeout`: up to 8 digits and a unit.
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3_600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

fn span(call: &Call) -> Span {
    let name = name_of(call.uri().path());
    let (service, method) = name.split_once('/').unwrap_or((name, ""));
    let span = tracing::info_span!(
        "serve",
        otel.name = name,
        otel.kind = "server",
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        rpc.grpc.status_code = field::Empty,
        trace_id = field::Empty,
    );
    trace::continue_from_headers(&span, call.headers());
    if let Some(trace_id) = trace::id(&span) {
        span.record("trace_id", trace_id);
    }
    span
}

/// The methods that no table of ours names.
const OTHER_METHODS: [&str; 3] = [
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
];

/// What a call of a path is named in traces: after its method, where there is such a one. Otherwise anybody could fill them with
/// names of any length.
pub(crate) fn name_of(path: &str) -> &str {
    let is_known = methods::find(path).is_some() || OTHER_METHODS.contains(&path);
    if is_known { path.trim_start_matches('/') } else { "unknown method" }
}

fn grpc_code(headers: &HeaderMap) -> i64 {
    headers.get("grpc-status").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Does work to its end even where the client leaves and the handler is dropped: a half-done change is nobody's wish, and
/// a dropped driver future can break its connection.
///
/// # Errors
///
/// The work's own; INTERNAL where it panicked.
pub async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, Status>> + Send + 'static,
) -> Result<T, Status> {
    match tokio::spawn(work.in_current_span()).await {
        Ok(outcome) => outcome,
        Err(_) => Err(status(RpcFault::Internal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_named_after_methods_that_there_are() {
        assert_eq!(
            name_of("/loquat.messages.v1.MessageService/SendMessage"),
            "loquat.messages.v1.MessageService/SendMessage"
        );
        assert_eq!(name_of("/grpc.health.v1.Health/Check"), "grpc.health.v1.Health/Check");
        for path in [format!("/{}", "x".repeat(16_000)), "/grpc.health.v1.Health/Shred".to_owned(), "/".to_owned()] {
            assert_eq!(name_of(&path), "unknown method");
        }
    }

    #[test]
    fn a_timeout_is_digits_and_a_unit() {
        assert_eq!(parse_timeout("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse_timeout("2S"), Some(Duration::from_secs(2)));
        for text in ["", "S", "-1S", "1", "1x", "123456789S", "é"] {
            assert_eq!(parse_timeout(text), None, "{text}");
        }
    }
}
