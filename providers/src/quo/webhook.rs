//! Quo's webhooks: signed as Standard Webhooks.

use http::HeaderMap;

use crate::{
    openphone::event::outline_of,
    outline::{Outline, ParseProblem},
    standard_webhooks::webhook::delivery_id,
};
pub use crate::{
    openphone::event::{Event, read},
    standard_webhooks::webhook::{STANDARD, sign},
};

/// Reads the outline of an event.
///
/// The dedupe key is the envelope's id, else `webhook-id`, with the body's hash. Both stay the same over
/// retries; the envelope's also over two endpoints that lead to the same address. An id that comes back with
/// another body is kept beside the first: to lose an event is worse than to have it twice.
pub fn outline(headers: &HeaderMap, body: &[u8]) -> Result<Outline, ParseProblem> {
    outline_of("quo", delivery_id(headers), body)
}
