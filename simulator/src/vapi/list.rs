//! `GET /call`: the account's calls between times, the latest first.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{call::Call, state::Shared};
use crate::outbound::now_ms;

/// Most calls in one answer.
const MAX_LIMIT: usize = 1000;
const LIMIT: usize = 100;

/// The calls asked for; an error text when the question is not understood.
pub(super) fn calls(
    shared: &Shared,
    account: &str,
    query: &BTreeMap<String, String>,
) -> Result<Value, String> {
    let wanted = Wanted::read(query)?;
    let lag_ms = shared.scenario().faults.read.list_lag_seconds * 1000.0;
    let listed_before = now_ms().saturating_sub(lag_ms as i64);
    let found = shared.calls_of(account, |call| {
        (call.created_ms <= listed_before && wanted.has(call)).then(|| call.object())
    });
    Ok(found.into_iter().take(wanted.limit).collect())
}

struct Wanted {
    limit: usize,
    id: Option<String>,
    assistant_id: Option<String>,
    phone_number_id: Option<String>,
    times: Vec<(Field, Bound, i64)>,
}

#[derive(Clone, Copy)]
enum Field {
    Created,
    Updated,
}

#[derive(Clone, Copy)]
enum Bound {
    After,
    Before,
    From,
    To,
}

const TIMES: [(&str, Field, Bound); 8] = [
    ("createdAtGt", Field::Created, Bound::After),
    ("createdAtLt", Field::Created, Bound::Before),
    ("createdAtGe", Field::Created, Bound::From),
    ("createdAtLe", Field::Created, Bound::To),
    ("updatedAtGt", Field::Updated, Bound::After),
    ("updatedAtLt", Field::Updated, Bound::Before),
    ("updatedAtGe", Field::Updated, Bound::From),
    ("updatedAtLe", Field::Updated, Bound::To),
];

impl Wanted {
    fn read(query: &BTreeMap<String, String>) -> Result<Self, String> {
        let limit = match query.get("limit").map(|limit| limit.parse()) {
            None => LIMIT,
            Some(Ok(limit)) if (1..=MAX_LIMIT).contains(&limit) => limit,
            Some(_) => return Err(format!("limit must be between 1 and {MAX_LIMIT}")),
        };
        let mut times = Vec::new();
        for (name, field, bound) in TIMES {
            if let Some(text) = query.get(name) {
                let at: Timestamp = text
                    .parse()
                    .map_err(|_| format!("{name} must be a valid ISO 8601 date string"))?;
                times.push((field, bound, at.as_millisecond()));
            }
        }
        Ok(Self {
            limit,
            id: query.get("id").cloned(),
            assistant_id: query.get("assistantId").cloned(),
            phone_number_id: query.get("phoneNumberId").cloned(),
            times,
        })
    }

    fn has(&self, call: &Call) -> bool {
        let same = |wanted: &Option<String>, value: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == value
        };
        let in_time = |(field, bound, at): &(Field, Bound, i64)| {
            let time = match field {
                Field::Created => call.created_ms,
                Field::Updated => call.updated_ms,
            };
            match bound {
                Bound::After => time > *at,
                Bound::Before => time < *at,
                Bound::From => time >= *at,
                Bound::To => time <= *at,
            }
        };
        same(&self.id, Some(&call.id))
            && same(&self.assistant_id, call.assistant_id.as_deref())
            && same(&self.phone_number_id, Some(&call.phone_number_id))
            && self.times.iter().all(in_time)
    }
}
