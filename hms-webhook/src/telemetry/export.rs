//! Sending spans to a collector, over OTLP, as `App::run` does where the environment names one.

use std::{env, time::Duration};

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing::{Level, Metadata, warn};
use tracing_subscriber::{Layer, Registry, filter::filter_fn};

use super::client::Client;

/// How long what was not sent yet may take at the end.
const FLUSH_WITHIN: Duration = Duration::from_secs(5);

/// Spans on their way to a collector.
#[derive(Debug)]
pub(crate) struct Exporter(SdkTracerProvider);

impl Exporter {
    /// Begins to export if the environment names a collector. Needs tokio's runtime.
    ///
    /// # Errors
    /// What is wrong with the environment, in one line.
    pub(crate) fn from_environment() -> Result<Option<Self>, String> {
        if !is_asked_for(setting) {
            return Ok(None);
        }
        let protocol = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"].into_iter();
        if let Some(other) = protocol.filter_map(setting).next().filter(|protocol| protocol != "http/protobuf") {
            return Err(format!(
                "spans cannot be exported by the protocol `{other}`: set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf, \
                 or unset it"
            ));
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(Client::new()?)
            .build()
            .map_err(|error| format!("spans cannot be exported: {error}"))?;
        let mut resource = Resource::builder();
        if !is_named(setting)
            && let Some(name) = env::current_exe().ok().and_then(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        {
            resource = resource.with_service_name(name);
        }
        Ok(Some(Self(
            SdkTracerProvider::builder().with_resource(resource.build()).with_batch_exporter(exporter).build(),
        )))
    }

    /// What takes over spans. It hears of no line of the log: those may quote what was said.
    pub(crate) fn layer(&self) -> Box<dyn Layer<Registry> + Send + Sync> {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("hms-webhook"))
            // A delivery's parent is known once its signature was verified, when its span was entered long before.
            .with_context_activation(false)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_level(false)
            .with_filter(filter_fn(is_exported))
            .boxed()
    }

    /// Sends what was not sent yet, and nothing from then on.
    pub(crate) async fn finish(self) {
        // It waits for its own thread, which in turn waits for tokio.
        let finished = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(FLUSH_WITHIN)).await;
        if let Ok(Err(error)) = finished {
            warn!("not every span could be exported: {error}");
        }
    }
}

/// The spans of the documented vocabulary, and those of the user's own code from `INFO` on.
fn is_exported(metadata: &Metadata<'_>) -> bool {
    let is_ours = metadata.target().starts_with("hms_webhook::");
    let is_documented = || matches!(metadata.name(), "delivery" | "tool" | "assistant-request" | "handler");
    metadata.is_span() && if is_ours { is_documented() } else { *metadata.level() <= Level::INFO }
}

/// A variable of the environment that is set, and not to nothing.
fn setting(name: &str) -> Option<String> {
    env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn is_asked_for(setting: impl Fn(&str) -> Option<String>) -> bool {
    let is = |name: &str, value: &str| setting(name).is_some_and(|found| found.eq_ignore_ascii_case(value));
    let has_endpoint = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"]
        .into_iter()
        .any(|name| setting(name).is_some());
    has_endpoint && !is("OTEL_SDK_DISABLED", "true") && !is("OTEL_TRACES_EXPORTER", "none")
}

/// Whether the environment says what the service is called.
fn is_named(setting: impl Fn(&str) -> Option<String>) -> bool {
    setting("OTEL_SERVICE_NAME").is_some()
        || setting("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|list| list.contains("service.name="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(variables: &[(&str, &str)]) -> bool {
        is_asked_for(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_endpoint_asks_for_spans_unless_they_are_switched_off() {
        const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");
        assert!(asked(&[ENDPOINT]));
        assert!(asked(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://localhost:4318/v1/traces")]));
        assert!(asked(&[ENDPOINT, ("OTEL_SDK_DISABLED", "false"), ("OTEL_TRACES_EXPORTER", "otlp")]));
        assert!(!asked(&[]));
        assert!(!asked(&[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://localhost:4318/v1/logs")]));
        assert!(!asked(&[ENDPOINT, ("OTEL_SDK_DISABLED", "TRUE")]));
        assert!(!asked(&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "none")]));
    }
}
