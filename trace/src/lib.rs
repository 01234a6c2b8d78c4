//! Joins what is done for a request, in whichever process and whenever, to the trace of that request (HOOK-10).

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Makes `span` a part of a trace: 32 and 16 hexadecimal digits, as of a `traceparent`. Ids that are none, and a
/// process that exports no traces, change nothing.
pub fn join(span: &Span, trace_id: &str, span_id: &str) {
    let (Ok(trace), Ok(parent)) = (TraceId::from_hex(trace_id), SpanId::from_hex(span_id)) else {
        return;
    };
    let remote = SpanContext::new(trace, parent, TraceFlags::SAMPLED, true, TraceState::NONE);
    let context = opentelemetry::Context::new().with_remote_span_context(remote);
    // Refused only for a span that is under way, or that nobody records.
    let _ = span.set_parent(context);
}
