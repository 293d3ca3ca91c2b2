//! An OTLP receiver in this process.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::any_value::Value,
    trace::v1::{Span, span::SpanKind},
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// Takes spans for as long as the test's executor runs.
pub(crate) struct Receiver {
    address: SocketAddr,
    spans: Received,
}

/// Spans, each with the process that sent it.
type Received = Arc<Mutex<Vec<(Source, Span)>>>;

/// Who sent a span.
#[derive(Debug, Clone, Default)]
struct Source {
    /// `service.name`.
    service: String,
    /// `service.instance.id`, which ends in the process's number.
    instance: String,
}

impl Receiver {
    /// Listens on a free port.
    pub(crate) async fn listen() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let spans = Received::default();
        let service = TraceServiceServer::new(Collector(Arc::clone(&spans)));
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Self { address, spans }
    }

    /// What a process is told.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The services that have sent any span by now.
    pub(crate) fn services(&self) -> BTreeSet<String> {
        self.spans.lock().expect("no holder panicked").iter().map(|(source, _)| source.service.clone()).collect()
    }

    /// All spans of a trace by now.
    pub(crate) fn trace(&self, trace_id: &str) -> Trace {
        let spans = self.spans.lock().expect("no holder panicked");
        Trace(spans.iter().filter(|(_, span)| hex(&span.trace_id) == trace_id).cloned().collect())
    }
}

struct Collector(Received);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut spans = self.0.lock().expect("no holder panicked");
        for of_resource in request.into_inner().resource_spans {
            let attributes = of_resource.resource.map(|resource| resource.attributes).unwrap_or_default();
            let text = |key: &str| {
                let attribute = attributes.iter().find(|attribute| attribute.key == key);
                match attribute.and_then(|attribute| attribute.value.clone()?.value) {
                    Some(Value::StringValue(text)) => text,
                    _ => "nobody".to_owned(),
                }
            };
            let source = Source { service: text("service.name"), instance: text("service.instance.id") };
            let found = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.extend(found.map(|span| (source.clone(), span)));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// The spans of one trace.
#[derive(Debug)]
pub(crate) struct Trace(Vec<(Source, Span)>);

impl Trace {
    /// Returns, for each span of a name from which parents lead to the sender, the spans from the first under the sender's down
    /// to it: `service|kind|name` each.
    pub(crate) fn chains_to(&self, name: &str, sender: &str) -> Vec<Vec<String>> {
        self.named(name).filter_map(|last| self.chain(last, sender)).collect()
    }

    /// Returns the processes that have sent spans of a name.
    pub(crate) fn instances_of(&self, name: &str) -> BTreeSet<&str> {
        self.named(name).map(|(source, _)| source.instance.as_str()).collect()
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &(Source, Span)> {
        self.0.iter().filter(move |(_, span)| span.name == name)
    }

    fn chain(&self, last: &(Source, Span), sender: &str) -> Option<Vec<String>> {
        let mut chain = vec![describe(last)];
        let mut parent = &last.1.parent_span_id;
        while hex(parent) != sender {
            let above = self.0.iter().find(|(_, span)| span.span_id == *parent)?;
            chain.push(describe(above));
            parent = &above.1.parent_span_id;
        }
        chain.reverse();
        Some(chain)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for span in &self.0 {
            writeln!(formatter, "{} <- {}: {}", hex(&span.1.span_id), hex(&span.1.parent_span_id), describe(span))?;
        }
        Ok(())
    }
}

fn describe((source, span): &(Source, Span)) -> String {
    let kind = match span.kind() {
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal | SpanKind::Unspecified => "internal",
    };
    format!("{}|{kind}|{}", source.service, span.name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}
