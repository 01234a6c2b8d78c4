//! Vapi's list of calls, page by page. It has neither pages nor a promised order: what lies beyond a full page is
//! asked for by its time.

use domain::ids::CallId;
use jiff::Timestamp;
use serde_json::Value;

use super::{webhook::our_call_in_call, wire::CallObject};
use crate::{error::ReadError, json::Json};

/// Calls on one page; the most that Vapi gives.
const PAGE_SIZE: usize = 1000;

/// The times of creation that are asked for, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    from: Timestamp,
    to: Option<Timestamp>,
}

impl Window {
    pub(super) fn since(from: Timestamp) -> Self {
        Self { from, to: None }
    }

    pub(super) fn query(&self) -> Vec<(&'static str, String)> {
        let at = |time: Timestamp| format!("{time:.3}");
        let mut query = vec![
            ("limit", PAGE_SIZE.to_string()),
            ("createdAtGe", at(self.from)),
        ];
        query.extend(self.to.map(|to| ("createdAtLe", at(to))));
        query
    }
}

/// One page. Its calls are read one by one, so that one odd call does not hide the others.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Page(Vec<Value>);

impl Page {
    /// Ours of this id, when it is on the page.
    pub(super) fn call(&self, call_id: CallId) -> Option<CallObject> {
        let is_ours = |call: &&Value| our_call_in_call(Json::from(*call)) == Some(call_id);
        let mut ours = self.0.iter().filter(is_ours);
        ours.find_map(|call| CallObject::of(call.clone()))
    }

    /// The window of the calls that are not on this page; `None` when it has them all.
    pub(super) fn rest(&self, window: &Window) -> Result<Option<Window>, ReadError> {
        if self.0.len() < PAGE_SIZE {
            return Ok(None);
        }
        let created = |call: &Value| Json::from(call).at("createdAt").instant();
        let (first, last) = (
            self.0.first().and_then(created),
            self.0.last().and_then(created),
        );
        let (Some(first), Some(last)) = (first, last) else {
            return Err(no_way());
        };
        // A whole millisecond is asked for again: several calls may have been made in it.
        let rest = match first >= last {
            true => Window {
                from: window.from,
                to: Some(last),
            },
            false => Window {
                from: last,
                to: window.to,
            },
        };
        match rest == *window {
            true => Err(no_way()),
            false => Ok(Some(rest)),
        }
    }
}

fn no_way() -> ReadError {
    ReadError::Unreadable("more calls, and no way to the next page".into())
}
