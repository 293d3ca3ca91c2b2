//! One trace from the sender's screen to the reader's: what an event remembers of the call that brought it.

use loquat_rpc::trace;
use tracing::Span;

use crate::model::TraceContext;

/// Returns where in its trace the current call stands.
pub(crate) fn current() -> Option<TraceContext> {
    let trace::TraceContext { traceparent, tracestate } = trace::current()?;
    // The contract's limits. A longer state may be dropped (W3C Trace Context, 3.3.1.5).
    let tracestate = if tracestate.len() <= 512 { tracestate } else { String::new() };
    (traceparent.len() <= 64).then_some(TraceContext { traceparent, tracestate })
}

/// Makes a span, which has not been entered yet, part of an event's trace.
pub(crate) fn follow(span: &Span, event: Option<&TraceContext>) {
    if let Some(TraceContext { traceparent, tracestate }) = event {
        let context = trace::TraceContext { traceparent: traceparent.clone(), tracestate: tracestate.clone() };
        trace::continue_from(span, &context);
    }
}
