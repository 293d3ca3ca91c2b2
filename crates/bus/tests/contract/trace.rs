//! The trace that news belongs to.

use std::sync::Once;

use loquat_bus::{Pattern, Subject};
use loquat_ids::UserId;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_sdk::{propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

use crate::twin::{Twin, delivery, news, room, text};

/// Makes spans belong to traces, in this whole process.
fn trace_this_process() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        let tracer = SdkTracerProvider::builder().build().tracer("contract");
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).expect("the first");
    });
}

fn trace_id(span: &tracing::Span) -> String {
    span.context().span().span_context().trace_id().to_string()
}

pub async fn news_carries_the_trace_of_who_published(twin: &Twin) {
    trace_this_process();
    let subject = Subject::room(room());
    let mut subscription = twin.there.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    let name = "search".parse().expect("a name");
    let mut consumer = twin.there.consume(name, Pattern::exactly(subject)).await.expect("a consumer");
    let sending = tracing::info_span!("sending");
    twin.here.publish_durable(subject, text(""), "1").instrument(sending.clone()).await.expect("published");
    let heard = news(&mut subscription).await.trace.expect("a trace");
    let woken = delivery(&mut consumer).await;
    assert_eq!(woken.news.trace.as_ref(), Some(&heard));
    woken.ack().await.expect("taken");
    let reading = tracing::info_span!(parent: None, "reading");
    heard.continue_in(&reading);
    assert_eq!(trace_id(&reading), trace_id(&sending));
    // The parent is the publish itself, not the span that it stands in.
    let sender = sending.context().span().span_context().span_id().to_string();
    assert!(!heard.traceparent.contains(&sender), "{heard:?}");
}

pub async fn news_without_a_trace_carries_none(twin: &Twin) {
    let subject = Subject::user(UserId::from_uuid(room().as_uuid()));
    let mut subscription = twin.there.subscribe(Pattern::exactly(subject)).await.expect("a subscription");
    // No span of this publish is enabled, whatever other tests have set up.
    let nobody = tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::new());
    twin.here.publish(subject, text("")).await.expect("published");
    drop(nobody);
    assert_eq!(news(&mut subscription).await.trace, None);
}
