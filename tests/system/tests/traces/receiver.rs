//! An OTLP receiver in this process.

use std::{
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
pub(super) struct Receiver {
    address: SocketAddr,
    spans: Received,
}

/// Spans, each with the service that sent it.
type Received = Arc<Mutex<Vec<(String, Span)>>>;

impl Receiver {
    /// Listens on a free port.
    pub(super) async fn listen() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let spans = Received::default();
        let service = TraceServiceServer::new(Collector(Arc::clone(&spans)));
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Self { address, spans }
    }

    /// What a process is told.
    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All spans of a trace by now.
    pub(super) fn trace(&self, trace_id: &str) -> Trace {
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
            let name = attributes.into_iter().find(|attribute| attribute.key == "service.name");
            let service = match name.and_then(|name| name.value?.value) {
                Some(Value::StringValue(name)) => name,
                _ => "nobody".to_owned(),
            };
            let found = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.extend(found.map(|span| (service.clone(), span)));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// The spans of one trace.
#[derive(Debug)]
pub(super) struct Trace(Vec<(String, Span)>);

impl Trace {
    /// Returns the spans from the first under the sender's down to the first of a name: `service|kind|name` each.
    pub(super) fn chain_to(&self, name: &str, sender: &str) -> Result<Vec<String>, String> {
        self.chains_to(name, sender).into_iter().next().ok_or_else(|| format!("no chain from {sender} to `{name}`"))
    }

    /// The same, of all spans of the name from which a chain leads to the sender.
    pub(super) fn chains_to(&self, name: &str, sender: &str) -> Vec<Vec<String>> {
        let last = self.0.iter().filter(|(_, span)| span.name == name || span.name.ends_with(name));
        last.filter_map(|last| self.chain(last, sender)).collect()
    }

    fn chain(&self, last: &(String, Span), sender: &str) -> Option<Vec<String>> {
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

fn describe((service, span): &(String, Span)) -> String {
    let kind = match span.kind() {
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal | SpanKind::Unspecified => "internal",
    };
    format!("{service}|{kind}|{}", span.name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}
