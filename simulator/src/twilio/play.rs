//! A message's way: queued, sent, delivered or not, and a callback at each state.

use std::{sync::Arc, time::Duration};

use super::{
    Shared,
    callback::{Callback, Courier},
    scenario::Outcome,
};
use crate::{
    chance::{dice, happens, within},
    outbound::now_ms,
    retell::WebhookFault,
};

/// What is to become of one message.
#[derive(Debug)]
pub(super) struct Plan {
    /// The message's place in the ledger.
    pub(super) place: usize,
    /// Which message to its number it is.
    pub(super) nth: u64,
    pub(super) outcome: Outcome,
    pub(super) callback_url: Option<reqwest::Url>,
}

/// The states after the first.
fn states(outcome: Outcome) -> &'static [&'static str] {
    match outcome {
        Outcome::Delivered => &["sent", "delivered"],
        Outcome::Sent => &["sent"],
        Outcome::Undelivered => &["sent", "undelivered"],
        Outcome::Failed => &["failed"],
    }
}

/// Lets a message that was taken go its way.
pub(super) async fn play(shared: Arc<Shared>, plan: Plan) {
    let mut courier = Courier::new(shared.clone());
    report(&shared, &plan, &mut courier);
    for state in states(plan.outcome) {
        let scenario = shared.book.scenario();
        let mut dice = dice(scenario.seed, &["step", state, &plan.place.to_string()]);
        let step = within(&mut dice, scenario.timing.step_seconds) / scenario.timing.speed;
        tokio::time::sleep(Duration::from_secs_f64(step)).await;
        let error_code =
            matches!(*state, "undelivered" | "failed").then_some(scenario.undelivered_code);
        shared.book.note(|ledger| {
            if let Some(message) = ledger.messages.get_mut(plan.place) {
                message.status = (*state).to_owned();
                message.error_code = error_code;
                message.updated_ms = now_ms();
                if *state == "sent" {
                    message.sent_ms = Some(message.updated_ms);
                }
            }
        });
        report(&shared, &plan, &mut courier);
    }
    courier.send_held();
}

/// Sends a callback about the message as it is now, if one is wanted.
fn report(shared: &Shared, plan: &Plan, courier: &mut Courier) {
    let message = shared
        .book
        .read(|ledger| ledger.messages.get(plan.place).cloned());
    let Some((message, url)) = message.zip(plan.callback_url.clone()) else {
        return;
    };
    let scenario = shared.book.scenario();
    let subject = [
        "callback",
        &message.to,
        &plan.nth.to_string(),
        &message.status,
    ];
    let mut dice = dice(scenario.seed, &subject);
    let fault = happens(&mut dice, &scenario.callbacks.chances()).unwrap_or(WebhookFault::None);
    let delay = Duration::from_secs_f64(within(&mut dice, scenario.callbacks.delay_seconds));
    courier.send(Callback::about(message, url), fault, delay);
}
