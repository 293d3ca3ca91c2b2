//! The trace that news belongs to, so that one trace runs from who published to who heard.

use std::collections::HashMap;

use opentelemetry::global;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

pub(crate) const TRACEPARENT: &str = "traceparent";
pub(crate) const TRACESTATE: &str = "tracestate";

/// A place in a trace, as W3C Trace Context writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// Version, trace, parent and flags.
    pub traceparent: String,
    /// What vendors add. Often empty.
    pub tracestate: String,
}

impl TraceContext {
    /// Returns the place of the current span, written by the process's propagator; nothing where there is no trace.
    #[must_use]
    pub fn current() -> Option<Self> {
        let context = Span::current().context();
        let mut fields = HashMap::new();
        global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut fields));
        let traceparent = fields.remove(TRACEPARENT)?;
        Some(Self { traceparent, tracestate: fields.remove(TRACESTATE).unwrap_or_default() })
    }

    /// Makes a span go on from here: its parent is who published. To be called before the span is entered.
    pub fn continue_in(&self, span: &Span) {
        let fields = HashMap::from([
            (TRACEPARENT.to_owned(), self.traceparent.clone()),
            (TRACESTATE.to_owned(), self.tracestate.clone()),
        ]);
        let parent = global::get_text_map_propagator(|propagator| propagator.extract(&fields));
        if let Err(reason) = span.set_parent(parent) {
            tracing::debug!(%reason, "span does not go on from its news");
        }
    }
}
