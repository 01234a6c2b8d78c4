//! Who a request is, from header to log to event (HOOK-10).

use axum::http::HeaderMap;
use jiff::Timestamp;
use rand::Rng;
use uuid::Uuid;

/// Longest request id taken from a sender, in bytes.
const MAX_REQUEST_ID: usize = 128;

/// The names of one request. All of them are safe to log and to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    /// The sender's, or ours when it sent none that can be used.
    pub(crate) request_id: String,
    /// 32 hexadecimal digits, of the sender's trace or of a new one.
    pub(crate) trace_id: String,
    /// 16 hexadecimal digits: this request's own step in the trace.
    pub(crate) span_id: String,
    /// The sender's step.
    pub(crate) parent_span_id: Option<String>,
    /// When the request began.
    pub(crate) arrived_at: Timestamp,
}

impl Trace {
    /// Reads `x-request-id` and the W3C `traceparent`; what is missing or unusable is made.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let request_id = text("x-request-id")
            .filter(|id| is_request_id(id))
            .map(str::to_owned);
        let (trace_id, parent_span_id) = text("traceparent").and_then(parents).unzip();
        Self {
            request_id: request_id.unwrap_or_else(|| format!("req_{}", Uuid::now_v7().simple())),
            trace_id: trace_id.unwrap_or_else(random_hex::<16>),
            span_id: random_hex::<8>(),
            parent_span_id,
            arrived_at: Timestamp::now(),
        }
    }
}

/// Whether an id may go into logs and answers as it is.
fn is_request_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte);
    (1..=MAX_REQUEST_ID).contains(&text.len()) && text.bytes().all(allowed)
}

/// Trace id and span id of a `traceparent`: `version-trace-span-flags`, in lower-case hexadecimal.
fn parents(header: &str) -> Option<(String, String)> {
    let mut parts = header.trim().split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let known = is_hex(version, 2) && version != "ff" && is_hex(flags, 2);
    // Only versions to come may carry more than these four.
    let ends = version != "00" || parts.next().is_none();
    let names =
        is_hex(trace, 32) && is_hex(span, 16) && trace.contains(nonzero) && span.contains(nonzero);
    (known && ends && names).then(|| (trace.to_owned(), span.to_owned()))
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn nonzero(digit: char) -> bool {
    digit != '0'
}

/// Random bytes as hexadecimal digits; all zeros means "none" to W3C, so that is never made.
fn random_hex<const N: usize>() -> String {
    let mut bytes = [0; N];
    while bytes.iter().all(|byte| *byte == 0) {
        rand::rng().fill(&mut bytes[..]);
    }
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(headers: &[(&'static str, &str)]) -> Trace {
        Trace::of(
            &headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect(),
        )
    }

    #[test]
    fn a_senders_trace_is_continued_with_a_step_of_our_own() {
        let trace = trace(&[(
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        )]);
        assert_eq!(trace.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(trace.parent_span_id.as_deref(), Some("00f067aa0ba902b7"));
        assert!(is_hex(&trace.span_id, 16) && trace.span_id != "00f067aa0ba902b7");
    }

    #[test]
    fn a_broken_traceparent_starts_a_new_trace() {
        for header in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            let trace = trace(&[("traceparent", header)]);
            assert!(
                is_hex(&trace.trace_id, 32) && trace.parent_span_id.is_none(),
                "{header}"
            );
            assert_ne!(
                trace.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736",
                "{header}"
            );
        }
    }

    #[test]
    fn a_request_id_is_kept_only_when_it_is_safe_to_log() {
        assert_eq!(
            trace(&[("x-request-id", "req-1.a:b")]).request_id,
            "req-1.a:b"
        );
        let long = "x".repeat(129);
        for unusable in ["", "two words", "<script>", &long] {
            assert!(
                trace(&[("x-request-id", unusable)])
                    .request_id
                    .starts_with("req_"),
                "{unusable}"
            );
        }
    }
}
