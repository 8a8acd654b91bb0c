//! What OpenTelemetry sees of a span beside its fields: the parent that a delivery names, and how the span ended.
//!
//! Without the feature `opentelemetry`, or where nobody exports spans, the functions do nothing.

#[cfg(feature = "opentelemetry")]
mod client;
#[cfg(feature = "opentelemetry")]
mod export;

use tracing::Span;

#[cfg(feature = "opentelemetry")]
pub(crate) use self::export::Exporter;
use crate::trace_context::TraceContext;

/// Makes `span`, which has no child yet, a part of the trace that its delivery belongs to.
pub(crate) fn continue_trace(span: &Span, trace: Option<&TraceContext>) {
    #[cfg(feature = "opentelemetry")]
    if let Some(trace) = trace {
        use opentelemetry::{Context, trace::TraceContextExt};
        use tracing_opentelemetry::OpenTelemetrySpanExt;
        // It fails only where nobody listens.
        let _ = span.set_parent(Context::new().with_remote_span_context(trace.into()));
    }
    #[cfg(not(feature = "opentelemetry"))]
    let _ = (span, trace);
}

/// Notes how `span` ended, by a word of the metrics.
pub(crate) fn outcome(span: &Span, outcome: &'static str) {
    #[cfg(feature = "opentelemetry")]
    {
        use opentelemetry::trace::Status;
        use tracing_opentelemetry::OpenTelemetrySpanExt;
        span.set_attribute("outcome", outcome);
        if let "failed" | "panicked" | "late" | "dead" | "fallback" = outcome {
            span.set_status(Status::error(outcome));
        }
    }
    #[cfg(not(feature = "opentelemetry"))]
    let _ = (span, outcome);
}

/// The parent of a request to elsewhere, or of what is done later: the span that is entered, or, where nobody exports that,
/// what the `delivery` said.
pub(crate) fn current(delivery: Option<&TraceContext>) -> Option<TraceContext> {
    #[cfg(feature = "opentelemetry")]
    {
        use opentelemetry::trace::TraceContextExt;
        use tracing_opentelemetry::OpenTelemetrySpanExt;
        let context = Span::current().context();
        let span = context.span();
        let span = span.span_context();
        if span.is_valid() {
            return Some(TraceContext::new(
                u128::from_be_bytes(span.trace_id().to_bytes()),
                u64::from_be_bytes(span.span_id().to_bytes()),
                span.is_sampled(),
                span.trace_state().header(),
            ));
        }
    }
    delivery.cloned()
}

#[cfg(feature = "opentelemetry")]
impl From<&TraceContext> for opentelemetry::trace::SpanContext {
    fn from(trace: &TraceContext) -> Self {
        use opentelemetry::trace::{SpanId, TraceFlags, TraceId};
        Self::new(
            TraceId::from(trace.trace_id()),
            SpanId::from(trace.parent_id()),
            if trace.is_sampled() { TraceFlags::SAMPLED } else { TraceFlags::default() },
            true,
            trace.tracestate().and_then(|state| state.parse().ok()).unwrap_or_default(),
        )
    }
}
