//! The way of texts and calls, and what is told of them.

use std::{sync::Arc, time::Duration};

use rand::Rng;

use super::{
    CallStory, Line, Shared,
    courier::Courier,
    event::{Event, of_call, of_material, of_message},
    ledger::{Call, Message},
    scenario::Outcome,
};
use crate::{
    chance::{dice, within},
    outbound::now_ms,
};

/// `AC…`, of texts and calls alike.
pub(super) fn new_id() -> String {
    format!("AC{:032x}", rand::rng().random::<u128>())
}

/// A text of which nothing has become yet.
pub(super) fn new_message(line: &Line, person: &str, incoming: bool, body: &str) -> Message {
    let at_ms = now_ms();
    Message {
        id: new_id(),
        line_id: line.id.clone(),
        line: line.number.clone(),
        person: person.to_owned(),
        incoming,
        body: body.to_owned(),
        status: if incoming { "received" } else { "queued" }.to_owned(),
        created_ms: at_ms,
        updated_ms: at_ms,
    }
}

pub(super) fn text_from(
    shared: &Arc<Shared>,
    person: &str,
    line: &str,
    body: &str,
) -> Option<String> {
    let message = new_message(shared.line(line)?, person, true, body);
    let id = message.id.clone();
    shared
        .book
        .note(|ledger| ledger.messages.push(message.clone()));
    let mut courier = Courier::new(shared.clone());
    tell(shared, &mut courier, |shape| {
        of_message(shape, &message, "received")
    });
    courier.send_held();
    Some(id)
}

/// Lets a text that was taken go its way; to another line of the workspace it comes in there.
pub(super) async fn play_message(shared: Arc<Shared>, message: Message, outcome: Outcome) {
    let mut courier = Courier::new(shared.clone());
    let states: &[&str] = match outcome {
        Outcome::Delivered => &["sent", "delivered"],
        Outcome::Sent | Outcome::Lost => &["sent"],
        Outcome::Undelivered => &["sent", "undelivered"],
        Outcome::Failed => &["failed"],
    };
    for state in states {
        pause(&shared, &message.id, state, |timing| timing.step_seconds).await;
        let changed = shared.book.note(|ledger| {
            let mut all = ledger.messages.iter_mut();
            let found = all.find(|known| known.id == message.id)?;
            found.status = (*state).to_owned();
            found.updated_ms = now_ms();
            Some(found.clone())
        });
        if let Some(changed) = changed.filter(|_| *state != "sent") {
            tell(&shared, &mut courier, |shape| {
                of_message(shape, &changed, state)
            });
        }
    }
    courier.send_held();
    let arrives = matches!(outcome, Outcome::Delivered | Outcome::Sent);
    if arrives && shared.line(&message.person).is_some() {
        text_from(&shared, &message.line, &message.person, &message.body);
    }
}

pub(super) fn call_from(
    shared: &Arc<Shared>,
    person: &str,
    line: &str,
    story: CallStory,
) -> Option<String> {
    let line = shared.line(line)?;
    let call = Call {
        id: new_id(),
        line_id: line.id.clone(),
        line: line.number.clone(),
        person: person.to_owned(),
        status: "ringing".to_owned(),
        created_ms: now_ms(),
        answered_ms: None,
        completed_ms: None,
        duration_s: story.duration_s,
        recording: story.recording,
        talk: story.talk,
        summary: story.summary,
        voicemail: story.voicemail.filter(|_| !story.answered),
    };
    let id = call.id.clone();
    shared.book.note(|ledger| ledger.calls.push(call.clone()));
    shared.spawn(play_call(shared.clone(), call, story.answered));
    Some(id)
}

async fn play_call(shared: Arc<Shared>, mut call: Call, answered: bool) {
    let mut courier = Courier::new(shared.clone());
    let media = shared.media_url(&call.id);
    let mut state = |call: &Call, kind: &str| {
        tell(&shared, &mut courier, |shape| {
            of_call(shape, call, kind, &media, now_ms())
        });
    };
    state(&call, "call.ringing");
    pause(&shared, &call.id, "rings", |timing| timing.step_seconds).await;
    if answered {
        call.answered_ms = Some(now_ms());
        shared.change(&mut call, "in-progress");
        state(&call, "call.answered");
        pause(&shared, &call.id, "talks", |timing| timing.step_seconds).await;
    }
    call.completed_ms = Some(now_ms());
    shared.change(&mut call, if answered { "completed" } else { "missed" });
    if !answered {
        state(&call, "call.missed");
    }
    state(&call, "call.completed");
    for kind in [
        "call.recording.completed",
        "call.voicemail.completed",
        "call.summary.completed",
        "call.transcript.completed",
    ] {
        pause(&shared, &call.id, kind, |timing| timing.material_seconds).await;
        tell(&shared, &mut courier, |shape| match kind {
            "call.recording.completed" if call.recording => {
                of_call(shape, &call, kind, &media, now_ms())
            }
            "call.recording.completed" => None,
            _ => of_material(shape, &call, kind, &media, now_ms()),
        });
    }
    courier.send_held();
}

/// Tells the summary of a call that was told without one; `false` when there is no such call.
pub(super) fn summarise(shared: &Arc<Shared>, id: &str, points: &[&str]) -> bool {
    let summary: Vec<String> = points.iter().map(|point| (*point).to_owned()).collect();
    let call = shared.book.note(|ledger| {
        let call = ledger.calls.iter_mut().find(|known| known.id == id)?;
        call.summary = summary;
        Some(call.clone())
    });
    let Some(call) = call else {
        return false;
    };
    let mut courier = Courier::new(shared.clone());
    tell(shared, &mut courier, |shape| {
        of_material(shape, &call, "call.summary.completed", "", now_ms())
    });
    courier.send_held();
    true
}

fn tell(shared: &Shared, courier: &mut Courier, event: impl FnOnce(super::Shape) -> Option<Event>) {
    if let Some(webhook) = shared.webhook() {
        courier.tell(event(webhook.shape));
    }
}

async fn pause(
    shared: &Shared,
    id: &str,
    what: &str,
    range: impl FnOnce(&super::Timing) -> [f64; 2],
) {
    let scenario = shared.book.scenario();
    let mut dice = dice(scenario.seed, &["pause", id, what]);
    let seconds = within(&mut dice, range(&scenario.timing)) / scenario.timing.speed;
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

impl Shared {
    /// Where the sound of a call is, signed for a while.
    pub(super) fn media_url(&self, call_id: &str) -> String {
        let base = self.base_url.get().map(String::as_str).unwrap_or_default();
        format!("{base}/media/{call_id}.mp3?expires=300&signature=demo")
    }

    fn change(&self, call: &mut Call, status: &str) {
        call.status = status.to_owned();
        self.book.note(|ledger| {
            if let Some(known) = ledger.calls.iter_mut().find(|known| known.id == call.id) {
                known.clone_from(call);
            }
        });
    }
}
