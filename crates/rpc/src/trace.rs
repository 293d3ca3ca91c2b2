//! The trace that a call belongs to (<https://www.w3.org/TR/trace-context/>).

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    global,
    propagation::{Extractor, Injector},
    trace::TraceContextExt as _,
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// A place in a trace, as the two headers write it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TraceContext {
    /// The header `traceparent`.
    pub traceparent: String,
    /// The header `tracestate`. May be empty.
    pub tracestate: String,
}

/// Returns the place in its trace where the current span stands, where there is a trace.
#[must_use]
pub fn current() -> Option<TraceContext> {
    let mut headers = HeaderMap::new();
    inject(&mut headers);
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let context = TraceContext { traceparent: text("traceparent").into(), tracestate: text("tracestate").into() };
    (!context.traceparent.is_empty()).then_some(context)
}

/// Makes a span, which has not been entered yet, go on with a trace.
pub fn continue_from(span: &Span, context: &TraceContext) {
    let mut headers = HeaderMap::new();
    for (name, value) in [("traceparent", &context.traceparent), ("tracestate", &context.tracestate)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    continue_from_headers(span, &headers);
}

/// Returns the id of the trace that a span is of, for logs.
pub(crate) fn id(span: &Span) -> Option<String> {
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_valid().then(|| context.trace_id().to_string())
}

pub(crate) fn continue_from_headers(span: &Span, headers: &HeaderMap) {
    let parent = global::get_text_map_propagator(|propagator| propagator.extract(&Headers(headers)));
    if parent.span().span_context().is_valid() {
        // Without a layer for OpenTelemetry there is no trace to go on with.
        drop(span.set_parent(parent));
    }
}

pub(crate) fn inject(headers: &mut HeaderMap) {
    let context = Span::current().context();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut HeadersMut(headers)));
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}
