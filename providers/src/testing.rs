//! What the tests of several sources need.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const TOLERANCE: Duration = Duration::from_secs(300);

pub(crate) fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect()
}
