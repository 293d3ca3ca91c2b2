//! A NATS message and news: subject, payload, and the trace in its headers.

use async_nats::{HeaderMap, Message};

use crate::{
    News, TraceContext,
    nats::settings::NatsSettings,
    trace::{TRACEPARENT, TRACESTATE},
};

/// Returns the headers that carry the current span's place, where it is in a trace.
pub(super) fn of_current_span() -> Option<HeaderMap> {
    let trace = TraceContext::current()?;
    Some(of_trace(Some(&trace)))
}

/// Returns the headers that carry a place in a trace.
pub(super) fn of_trace(trace: Option<&TraceContext>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(trace) = trace {
        headers.insert(TRACEPARENT, trace.traceparent.as_str());
        if !trace.tracestate.is_empty() {
            headers.insert(TRACESTATE, trace.tracestate.as_str());
        }
    }
    headers
}

/// Reads a message. What is not published on one of our subjects is nobody's news here.
pub(super) fn news(settings: &NatsSettings, message: Message) -> Option<News> {
    let Some(subject) = settings.unwire(&message.subject) else {
        tracing::debug!(subject = %message.subject, "a message on a subject that is not ours");
        return None;
    };
    Some(News { subject, trace: message.headers.as_ref().and_then(trace), payload: message.payload })
}

/// Reads a place in a trace.
pub(super) fn trace(headers: &HeaderMap) -> Option<TraceContext> {
    let read = |name| headers.get(name).map(|value| value.as_str().to_owned());
    Some(TraceContext { traceparent: read(TRACEPARENT)?, tracestate: read(TRACESTATE).unwrap_or_default() })
}
