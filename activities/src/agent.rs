//! What the voice agent is told of a call.

use std::collections::BTreeMap;

use domain::settings::Settings;
use jiff::Timestamp;
use store::DialTarget;

pub(crate) fn variables(
    target: &DialTarget,
    settings: &Settings,
    _now: Timestamp,
) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("customer_name".to_owned(), target.name.clone()),
        ("business_name".to_owned(), settings.tenant.name.clone()),
    ])
}
