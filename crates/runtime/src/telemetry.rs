//! Logs and traces: where they go.

use std::io::IsTerminal as _;

use opentelemetry::{KeyValue, global, trace::TracerProvider as _};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{ProcessSettings, SettingError, settings::LogFormat};

/// The crates whose spans and debug logs are about the carrying, not about the call.
const CARRIERS: &str = "sea_orm_migration=warn,h2=warn,hyper=warn,hyper_util=warn,tonic=warn,tower=warn,sqlx=warn,rustls=warn,async_nats=warn,mongodb=warn";

/// Telemetry that is on until it is ended.
#[derive(Debug)]
pub(crate) struct Telemetry(SdkTracerProvider);

impl Telemetry {
    /// Starts logs to standard error and, where an endpoint is set, spans by OTLP. Trace ids are there without one too.
    pub(crate) fn start(name: &'static str, settings: &ProcessSettings) -> Result<Self, SettingError> {
        let provider = provider(name, settings.otlp_endpoint.as_deref())?;
        global::set_text_map_propagator(TraceContextPropagator::new());
        let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("loquat"));
        let logs = match settings.log_format {
            LogFormat::Text => tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::stderr().is_terminal())
                .with_target(false)
                .boxed(),
            LogFormat::Json => tracing_subscriber::fmt::layer().with_writer(std::io::stderr).json().boxed(),
        };
        tracing_subscriber::registry()
            .with(spans.with_filter(filter("info")))
            .with(logs.with_filter(filter(&settings.log)))
            .try_init()
            .map_err(|error| SettingError::new("LOQUAT_LOG", error))?;
        std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a panic")));
        Ok(Self(provider))
    }

    /// Sends what is left. Blocks: call it off the executor.
    pub(crate) fn end(self) {
        if let Err(error) = self.0.shutdown() {
            tracing::debug!(%error, "the last spans could not be sent");
        }
    }
}

/// Starts what a command beside serving says of itself: warnings, to standard error.
pub(crate) fn to_standard_error() {
    let logs = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).without_time();
    let logs = logs.with_ansi(std::io::stderr().is_terminal()).with_filter(filter("warn"));
    if let Err(error) = tracing_subscriber::registry().with(logs).try_init() {
        eprintln!("warning: nothing is logged: {error}");
    }
}

fn filter(directives: &str) -> EnvFilter {
    EnvFilter::new(format!("{CARRIERS},{directives}"))
}

/// Tells this process from others of its service: containers have names of their own, processes on one machine numbers.
fn instance() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}/{}", host.trim(), std::process::id())
}

fn provider(name: &'static str, endpoint: Option<&str>) -> Result<SdkTracerProvider, SettingError> {
    let instance = KeyValue::new("service.instance.id", instance());
    let resource = Resource::builder().with_service_name(format!("loquat-{name}")).with_attribute(instance).build();
    let builder = SdkTracerProvider::builder().with_resource(resource);
    let Some(endpoint) = endpoint else { return Ok(builder.with_sampler(Sampler::AlwaysOff).build()) };
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .map_err(|error| SettingError::new("LOQUAT_OTLP_ENDPOINT", error))?;
    Ok(builder.with_batch_exporter(exporter).build())
}
