//! What the ledger counts, from what is remembered.

use std::collections::BTreeMap;

use super::State;
use crate::vapi::{
    CallSeen, Delivery, Direction, Totals, WebhookFault, WebhookSeen,
    call::Call,
    ledger::{ATTEMPT_KEY, CALL_ID_KEY},
};

impl State {
    pub(super) fn dialed_per_call(&self) -> BTreeMap<String, usize> {
        let mut dialed = BTreeMap::new();
        let placed = self
            .calls
            .values()
            .filter(|call| call.direction == Direction::Outbound);
        for call_id in placed.filter_map(our_id) {
            *dialed.entry(call_id).or_default() += 1;
        }
        dialed
    }

    pub(super) fn totals(&self) -> Totals {
        let calls =
            |which: fn(&Call) -> bool| self.calls.values().filter(|call| which(call)).count();
        let webhooks = |delivery| {
            self.webhooks
                .iter()
                .filter(|seen| seen.delivery == delivery)
                .count()
        };
        let mut calls_by_outcome = BTreeMap::new();
        for call in self.calls.values() {
            *calls_by_outcome.entry(call.plan.outcome).or_default() += 1;
        }
        let believed = |seen: &&WebhookSeen| {
            seen.fault == WebhookFault::BadSignature && seen.delivery == Delivery::Acknowledged
        };
        let calls_in_progress = calls(|call| call.in_progress);
        let webhooks_pending = webhooks(Delivery::Pending);
        Totals {
            create_requests: self.creates.len(),
            calls_placed: calls(|call| call.direction == Direction::Outbound),
            calls_taken: calls(|call| call.direction == Direction::Inbound),
            double_dials: self
                .dialed_per_call()
                .values()
                .map(|dialed| dialed - 1)
                .sum(),
            calls_in_progress,
            calls_stuck: calls(|call| call.on_the_line() && !call.in_progress),
            webhooks_pending,
            webhooks_acknowledged: webhooks(Delivery::Acknowledged),
            webhooks_dropped: webhooks(Delivery::Dropped),
            webhooks_gave_up: webhooks(Delivery::GaveUp),
            bad_signatures_accepted: self.webhooks.iter().filter(believed).count(),
            calls_by_outcome,
            quiet: calls_in_progress == 0 && webhooks_pending == 0,
        }
    }
}

/// Our own id of a call, from its metadata or else its name.
pub(super) fn our_id(call: &Call) -> Option<String> {
    call.metadata_text(CALL_ID_KEY)
        .or_else(|| call.name.clone())
}

pub(super) fn call_seen(call: &Call) -> CallSeen {
    let person = call.person.clone().unwrap_or_default();
    let ours = call
        .our_number
        .clone()
        .unwrap_or_else(|| call.phone_number_id.clone());
    let (from_number, to_number) = match call.direction {
        Direction::Outbound => (ours, person),
        Direction::Inbound => (person, ours),
    };
    CallSeen {
        provider_call_id: call.id.clone(),
        call_id: our_id(call),
        attempt: call.metadata_text(ATTEMPT_KEY),
        direction: call.direction,
        from_number,
        to_number,
        created_ms: call.created_ms,
        outcome: call.plan.outcome,
        stuck: call.plan.stuck,
        status: call.status.to_owned(),
        disconnection_reason: call.ended.as_ref().map(|ended| ended.reason.clone()),
    }
}
