//! One stream of server-sent events: the state at once, and then each change, until the call is over.

use std::{
    convert::Infallible,
    hash::{DefaultHasher, Hash, Hasher},
    time::{Duration, Instant},
};

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use domain::live::CallStatus;
use futures::stream;
use jiff::Timestamp;
use tokio::{sync::watch, time::timeout_at};

use super::{Found, followers::Seen, places::Place};
use crate::app::App;

/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);

/// What is left of a stream. What it sends in its whole life fits into the system's buffers, so that it ends in time also
/// when nobody reads it.
struct Following {
    /// To be sent next.
    first: Option<CallStatus>,
    /// As it was sent last.
    told: Option<CallStatus>,
    /// What was read before is older than what was sent first.
    since: Instant,
    news: watch::Receiver<Seen>,
    closing: watch::Receiver<bool>,
    until: Instant,
    _place: Place,
}

pub(super) fn respond(app: &App, found: Found, place: Place) -> Response {
    let first = Seen {
        read_at: found.read_at,
        status: Some(found.status.clone()),
    };
    let live = &app.live;
    let following = Following {
        news: live.followers.follow(found.tenant, first, found.status.id),
        first: Some(found.status),
        told: None,
        since: found.read_at,
        closing: live.closing.subscribe(),
        until: Instant::now() + app.config.live.stream_life,
        _place: place,
    };
    let events = stream::unfold(following, async |mut following| {
        let status = following.next().await?;
        let event = event(&status, following.told.is_none());
        following.told = Some(status);
        Some((Ok::<_, Infallible>(event), following))
    });
    let heartbeat = KeepAlive::new().interval(app.config.live.heartbeat);
    let mut response = Sse::new(events).keep_alive(heartbeat).into_response();
    // Or a proxy would hold events back.
    let unbuffered = axum::http::HeaderValue::from_static("no");
    response
        .headers_mut()
        .insert("x-accel-buffering", unbuffered);
    response
}

impl Following {
    /// The next state to be told; `None` once there will be none, or the time is up.
    async fn next(&mut self) -> Option<CallStatus> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        if self.told.as_ref().is_some_and(CallStatus::is_over) {
            return None;
        }
        loop {
            let until = self.until.into();
            tokio::select! {
                changed = timeout_at(until, self.news.changed()) => changed.ok()?.ok()?,
                _ = self.closing.wait_for(|closing| *closing) => return None,
            }
            let seen = self.news.borrow_and_update().clone();
            if seen.read_at < self.since {
                continue;
            }
            let status = seen.status?;
            if self.told.as_ref() != Some(&status) {
                return Some(status);
            }
        }
    }
}

fn event(status: &CallStatus, is_first: bool) -> Event {
    let event = Event::default()
        .event("status")
        .id(version(status))
        .data(status.json(Timestamp::now()).to_string());
    if is_first { event.retry(RETRY) } else { event }
}

/// Names a state, so that whoever connects again can say what was seen last.
pub(super) fn version(status: &CallStatus) -> String {
    let mut hasher = DefaultHasher::new();
    status.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
