//! A call's life: it rings, talks, asks for what it wants carried out, ends and is analyzed, and says so by messages.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    Direction,
    call::{Call, Ended},
    deliver::Courier,
    message,
    plan::{Plan, connects, ending},
    state::Shared,
    tools,
};
use crate::outbound::now_ms;

/// Lets a created call play out.
pub(super) fn start(shared: &Arc<Shared>, id: String, plan: Plan) {
    let play = play(shared.clone(), id, plan);
    shared.spawn(play);
}

/// Ends a call at once, before anybody took it.
pub(super) fn end_at_once(shared: &Arc<Shared>, id: String, plan: Plan, reason: &str) {
    let reason = reason.to_owned();
    let act = Act::new(shared.clone(), id, plan);
    shared.spawn(async move { act.end(&reason).await });
}

async fn play(shared: Arc<Shared>, id: String, plan: Plan) {
    let mut act = Act::new(shared, id, plan);
    let Some(direction) = act.shared.read(&act.id, |call| call.direction) else {
        return;
    };
    if direction == Direction::Outbound {
        act.status("ringing");
    }
    tokio::time::sleep(act.plan.ring).await;
    if connects(act.plan.outcome) {
        act.shared
            .change(&act.id, |call| call.started_ms = Some(now_ms()));
        act.status("in-progress");
        tools::ask_all(&act.shared, &act.id, &act.plan.tools).await;
        tokio::time::sleep(act.plan.talk).await;
    }
    if act.plan.stuck {
        act.shared.change(&act.id, |call| call.in_progress = false);
        // What waits for a successor would wait for ever.
        return act.courier.send_held();
    }
    let reason = ending(act.plan.outcome, direction);
    act.end(reason).await;
}

/// A call being played.
struct Act {
    shared: Arc<Shared>,
    id: String,
    plan: Plan,
    courier: Courier,
}

impl Act {
    fn new(shared: Arc<Shared>, id: String, plan: Plan) -> Self {
        let courier = Courier::new(shared.clone(), &id);
        Self {
            shared,
            id,
            plan,
            courier,
        }
    }

    async fn end(mut self, reason: &str) {
        let speed = self.shared.scenario().timing.speed;
        self.shared
            .change(&self.id, |call| end(call, reason, speed));
        self.status("ended");
        tokio::time::sleep(self.plan.analysis).await;
        self.shared.change(&self.id, |call| call.analyzed = true);
        self.report();
        self.courier.send_held();
        self.shared
            .change(&self.id, |call| call.in_progress = false);
    }

    fn status(&mut self, status: &'static str) {
        self.shared.change(&self.id, |call| call.status = status);
        let message = self.shared.read(&self.id, message::status);
        self.send(status, message);
    }

    fn report(&mut self) {
        let place = self.shared.scenario().artifact;
        let message = self
            .shared
            .read(&self.id, |call| message::report(call, place));
        self.send("end-of-call-report", message);
    }

    fn send(&mut self, name: &str, message: Option<Map<String, Value>>) {
        let fate = self.plan.fate(name, self.courier.count());
        if let Some(message) = message {
            self.courier.send(name, &message, fate);
        }
    }
}

fn end(call: &mut Call, reason: &str, speed: f64) {
    let now = now_ms();
    let at_ms = call.started_ms.map_or(now, |started| {
        let lasted = (now - started) as f64 * speed;
        started + call.plan.talk_ms.min(lasted as i64).max(1)
    });
    call.ended = Some(Ended {
        reason: reason.to_owned(),
        at_ms,
    });
}
