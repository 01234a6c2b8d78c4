//! The simulator's memory, and everything that is true of it at once.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::sync::Notify;

use super::{
    Account,
    call::{Call, Direction, Plan},
    ledger::{
        ATTEMPT_KEY, CALL_ID_KEY, CallSeen, CreateSeen, Delivery, Ledger, Totals, Try, WebhookSeen,
    },
    scenario::{CreateFault, Scenario, ScenarioError, WebhookFault},
};
use crate::{
    chance,
    outbound::{self, Tasks, now_ms},
};

/// What all handlers and calls share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// The calls being played and webhooks being sent; dropped with the simulator.
    tasks: Tasks,
    changed: Notify,
    reads: AtomicU64,
    pub(super) http: reqwest::Client,
}

#[derive(Debug)]
struct State {
    scenario: Arc<Scenario>,
    accounts: BTreeMap<String, Account>,
    calls: HashMap<String, Call>,
    /// The ids of the calls in the order of their creation.
    order: Vec<String>,
    creates: Vec<CreateSeen>,
    webhooks: Vec<WebhookSeen>,
    numbers: HashMap<String, Counts>,
    dialed_per_call: BTreeMap<String, usize>,
    on_the_line: HashMap<String, usize>,
    lines_in_use: usize,
    totals: Totals,
}

/// What of a call is counted while it changes.
#[derive(Clone, Copy)]
struct Standing {
    on_the_line: bool,
    in_progress: bool,
    stuck: bool,
}

impl Standing {
    fn of(call: &Call) -> Self {
        let (on_the_line, in_progress) = (call.on_the_line(), call.in_progress);
        Self {
            on_the_line,
            in_progress,
            stuck: on_the_line && !in_progress,
        }
    }
}

/// What has happened to one number.
#[derive(Debug, Default)]
struct Counts {
    requests: usize,
    placed: usize,
}

/// What is to become a call.
pub(super) struct NewCall {
    pub(super) account: String,
    pub(super) direction: Direction,
    pub(super) agent_id: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) metadata: Value,
    pub(super) variables: Value,
}

impl Shared {
    pub(super) fn new(accounts: Vec<Account>, scenario: Scenario) -> anyhow::Result<Arc<Self>> {
        let state = State {
            scenario: Arc::new(scenario),
            accounts: accounts
                .into_iter()
                .map(|account| (account.key.expose_secret().to_owned(), account))
                .collect(),
            calls: HashMap::new(),
            order: Vec::new(),
            creates: Vec::new(),
            webhooks: Vec::new(),
            numbers: HashMap::new(),
            dialed_per_call: BTreeMap::new(),
            on_the_line: HashMap::new(),
            lines_in_use: 0,
            totals: Totals::default(),
        };
        Ok(Arc::new(Self {
            state: Mutex::new(state),
            tasks: Tasks::default(),
            changed: Notify::new(),
            reads: AtomicU64::new(0),
            http: outbound::client()?,
        }))
    }

    pub(super) fn scenario(&self) -> Arc<Scenario> {
        self.state().scenario.clone()
    }

    pub(super) fn set_scenario(&self, scenario: Scenario) -> Result<(), ScenarioError> {
        scenario.check()?;
        self.state().scenario = Arc::new(scenario);
        Ok(())
    }

    pub(super) fn set_account(&self, account: Account) {
        self.state()
            .accounts
            .insert(account.key.expose_secret().to_owned(), account);
    }

    pub(super) fn account(&self, key: &str) -> Option<Account> {
        self.state().accounts.get(key).cloned()
    }

    /// How many requests to dial this number came before, this one then counted.
    pub(super) fn count_request(&self, to: &str) -> usize {
        let mut state = self.state();
        let counts = state.numbers.entry(to.to_owned()).or_default();
        counts.requests += 1;
        counts.requests - 1
    }

    /// How many reads came before, this one then counted.
    pub(super) fn count_read(&self) -> u64 {
        self.reads.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn lines_in_use(&self) -> usize {
        self.state().lines_in_use
    }

    /// Creates a call and answers its id and what to play.
    pub(super) fn place(&self, new: NewCall) -> (String, Plan) {
        let mut state = self.state();
        let scenario = state.scenario.clone();
        let person = match new.direction {
            Direction::Outbound => &new.to,
            Direction::Inbound => &new.from,
        };
        let counts = state.numbers.entry(person.clone()).or_default();
        let plan = Plan::of(&scenario, person, counts.placed);
        counts.placed += 1;
        let call = Call {
            id: format!("call_{:032x}", rand::random::<u128>()),
            account: new.account,
            direction: new.direction,
            agent_id: new.agent_id,
            from: new.from,
            to: new.to,
            metadata: new.metadata,
            variables: new.variables,
            plan: plan.clone(),
            seed: scenario.seed,
            outcome_field: scenario.outcome_field.clone(),
            status: "registered",
            created_ms: now_ms(),
            started_ms: None,
            ended: None,
            analyzed: false,
            in_progress: true,
            hang_up: Arc::new(Notify::new()),
            talk_over: Arc::new(Notify::new()),
        };
        let id = call.id.clone();
        state.count_placed(&call);
        state.order.push(id.clone());
        state.calls.insert(id.clone(), call);
        (id, plan)
    }

    /// Notes a request to dial and answers its place in the ledger.
    pub(super) fn note_create(&self, seen: CreateSeen) {
        let mut state = self.state();
        state.totals.create_requests += 1;
        state.creates.push(seen);
    }

    /// Reads or changes one call; `None` when there is none of this id.
    pub(super) fn with_call<T>(&self, id: &str, act: impl FnOnce(&mut Call) -> T) -> Option<T> {
        let mut state = self.state();
        let call = state.calls.get_mut(id)?;
        let before = Standing::of(call);
        let result = act(call);
        let after = Standing::of(call);
        let number = call.person().to_owned();
        state.count_change(&number, before, after);
        drop(state);
        self.changed.notify_waiters();
        Some(result)
    }

    /// Every call of an account, oldest first.
    pub(super) fn calls_of<T>(&self, account: &str, read: impl Fn(&Call) -> Option<T>) -> Vec<T> {
        let state = self.state();
        let calls = state.order.iter().filter_map(|id| state.calls.get(id));
        calls
            .filter(|call| call.account == account)
            .filter_map(read)
            .collect()
    }

    /// Notes a webhook that is due and answers its place in the ledger.
    pub(super) fn note_webhook(
        &self,
        provider_call_id: &str,
        event: &str,
        fault: WebhookFault,
    ) -> usize {
        let mut state = self.state();
        let call_id = state
            .calls
            .get(provider_call_id)
            .and_then(|call| call.metadata_text(CALL_ID_KEY));
        state.totals.webhooks_pending += 1;
        state.webhooks.push(WebhookSeen {
            provider_call_id: provider_call_id.to_owned(),
            call_id,
            event: event.to_owned(),
            fault,
            delivery: Delivery::Pending,
            tries: Vec::new(),
        });
        state.webhooks.len() - 1
    }

    pub(super) fn note_try(&self, webhook: usize, tried: Try) {
        if let Some(seen) = self.state().webhooks.get_mut(webhook) {
            seen.tries.push(tried);
        }
    }

    pub(super) fn settle_webhook(&self, webhook: usize, delivery: Delivery) {
        let mut state = self.state();
        let Some(seen) = state.webhooks.get_mut(webhook) else {
            return;
        };
        seen.delivery = delivery;
        let forged = seen.fault == WebhookFault::BadSignature;
        state.totals.webhooks_pending -= 1;
        match delivery {
            Delivery::Acknowledged => {
                state.totals.webhooks_acknowledged += 1;
                state.totals.bad_signatures_accepted += usize::from(forged);
            }
            Delivery::Dropped => state.totals.webhooks_dropped += 1,
            Delivery::GaveUp => state.totals.webhooks_gave_up += 1,
            Delivery::Pending => {}
        }
        drop(state);
        self.changed.notify_waiters();
    }

    pub(super) fn totals(&self) -> Totals {
        let state = self.state();
        Totals {
            quiet: state.is_quiet(),
            ..state.totals.clone()
        }
    }

    pub(super) fn ledger(&self) -> Ledger {
        let state = self.state();
        Ledger {
            totals: Totals {
                quiet: state.is_quiet(),
                ..state.totals.clone()
            },
            dialed_per_call: state.dialed_per_call.clone(),
            creates: state.creates.clone(),
            calls: state
                .order
                .iter()
                .filter_map(|id| state.calls.get(id))
                .map(call_seen)
                .collect(),
            webhooks: state.webhooks.clone(),
        }
    }

    /// Waits until nothing is under way.
    pub(super) async fn quiet(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listening before looking, so that no change falls in between.
            changed.as_mut().enable();
            if self.state().is_quiet() {
                return;
            }
            changed.await;
        }
    }

    /// Runs something until it ends or the simulator does.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Ends every call and delivery.
    pub(super) fn abandon(&self) {
        self.tasks.abandon();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_quiet(&self) -> bool {
        self.totals.calls_in_progress == 0 && self.totals.webhooks_pending == 0
    }

    fn count_placed(&mut self, call: &Call) {
        match call.direction {
            Direction::Outbound => self.totals.calls_placed += 1,
            Direction::Inbound => self.totals.calls_taken += 1,
        }
        self.totals.calls_in_progress += 1;
        *self
            .totals
            .calls_by_outcome
            .entry(call.plan.outcome)
            .or_default() += 1;
        if let Some(call_id) = call.metadata_text(CALL_ID_KEY) {
            let dialed = self.dialed_per_call.entry(call_id).or_default();
            *dialed += 1;
            self.totals.double_dials += usize::from(*dialed > 1);
        }
        let lines = self
            .on_the_line
            .entry(call.person().to_owned())
            .or_default();
        *lines += 1;
        self.totals.same_number_overlaps += usize::from(*lines > 1);
        self.lines_in_use += 1;
        self.totals.most_at_once = self.totals.most_at_once.max(self.lines_in_use);
    }

    fn count_change(&mut self, number: &str, before: Standing, after: Standing) {
        let moved = |count: usize, was: bool, is: bool| count + usize::from(is) - usize::from(was);
        self.totals.calls_in_progress = moved(
            self.totals.calls_in_progress,
            before.in_progress,
            after.in_progress,
        );
        self.totals.calls_stuck = moved(self.totals.calls_stuck, before.stuck, after.stuck);
        self.lines_in_use = moved(self.lines_in_use, before.on_the_line, after.on_the_line);
        if let Some(lines) = self.on_the_line.get_mut(number) {
            *lines = moved(*lines, before.on_the_line, after.on_the_line);
        }
    }
}

fn call_seen(call: &Call) -> CallSeen {
    CallSeen {
        provider_call_id: call.id.clone(),
        call_id: call.metadata_text(CALL_ID_KEY),
        attempt: call.metadata_text(ATTEMPT_KEY),
        direction: call.direction,
        from_number: call.from.clone(),
        to_number: call.to.clone(),
        created_ms: call.created_ms,
        outcome: call.plan.outcome,
        stuck: call.plan.stuck,
        status: call.status.to_owned(),
        disconnection_reason: call.ended.as_ref().map(|ended| ended.reason.to_owned()),
    }
}

/// What the dice say of the `nth` request to dial a number, unless it is scripted.
pub(super) fn create_fault(scenario: &Scenario, to: &str, nth: usize) -> CreateFault {
    if let Some(script) = scenario
        .script(to)
        .filter(|script| !script.creates.is_empty())
    {
        return script
            .creates
            .get(nth)
            .copied()
            .unwrap_or(CreateFault::None);
    }
    let count = nth.to_string();
    let mut dice = chance::dice(scenario.seed, &["create", to, &count]);
    chance::happens(&mut dice, &scenario.faults.create.chances()).unwrap_or(CreateFault::None)
}
