//! A call's life: it rings, talks, ends and is analyzed, and says so by webhooks.

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;

use super::{
    call::{Call, Ended, Plan, connects, ending},
    deliver::Courier,
    state::Shared,
};
use crate::outbound::now_ms;

/// Lets a created call play out.
pub(super) fn start(shared: &Arc<Shared>, id: String, plan: Plan) {
    let play = play(shared.clone(), id, plan);
    shared.spawn(play);
}

async fn play(shared: Arc<Shared>, id: String, plan: Plan) {
    let signals = |call: &mut Call| (call.hang_up.clone(), call.talk_over.clone());
    let Some((hang_up, talk_over)) = shared.with_call(&id, signals) else {
        return;
    };
    let mut courier = Courier::new(shared.clone(), &id);
    let speed = shared.scenario().timing.speed;
    let mut stopped = hung_up_within(plan.ring, &hang_up).await;
    if !stopped && connects(plan.outcome) {
        shared.with_call(&id, pick_up);
        courier.send("call_started", plan.started);
        stopped = tokio::select! {
            stopped = hung_up_within(plan.talk, &hang_up) => stopped,
            () = talk_over.notified() => false,
        };
    }
    if !stopped && plan.stuck {
        shared.with_call(&id, get_stuck);
        // What waits for a successor would wait for ever.
        courier.send_held();
        hang_up.notified().await;
        stopped = true;
    }
    shared.with_call(&id, |call| end(call, stopped, speed));
    courier.send("call_ended", plan.ended);
    if let Some(pause) = plan.analysis {
        tokio::time::sleep(pause).await;
        shared.with_call(&id, |call| call.analyzed = true);
        courier.send("call_analyzed", plan.analyzed);
    }
    courier.send_held();
    shared.with_call(&id, |call| call.in_progress = false);
}

/// Waits; true when the call was stopped meanwhile.
async fn hung_up_within(time: Duration, hang_up: &Notify) -> bool {
    tokio::time::timeout(time, hang_up.notified()).await.is_ok()
}

fn pick_up(call: &mut Call) {
    call.status = "ongoing";
    call.started_ms = Some(now_ms());
}

fn get_stuck(call: &mut Call) {
    call.status = "ongoing";
    call.started_ms.get_or_insert_with(now_ms);
    call.in_progress = false;
}

fn end(call: &mut Call, stopped: bool, speed: f64) {
    let (status, reason) = if stopped {
        ("ended", "manual_stopped")
    } else {
        ending(call.plan.outcome)
    };
    let duration_ms = call.started_ms.map(|started| {
        let lasted = (now_ms() - started) as f64 * speed;
        call.plan.talk_ms.min(lasted as i64).max(1)
    });
    call.status = status;
    call.in_progress = true;
    call.ended = Some(Ended {
        reason,
        at_ms: call
            .started_ms
            .zip(duration_ms)
            .map(|(at, lasted)| at + lasted),
        duration_ms,
    });
}
