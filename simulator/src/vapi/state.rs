//! The simulator's memory, and everything that is true of it at once.

mod count;

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
    Account, CreateFault, CreateSeen, Delivery, Direction, Try, WebhookFault,
    call::{Call, Shows},
    ledger::{Ledger, QuestionSeen, ToolSeen, Totals, WebhookSeen},
    plan::Plan,
    scenario::{Scenario, ScenarioError},
};
use crate::{
    chance,
    outbound::{self, Tasks, now_ms},
};
use count::{call_seen, our_id};

/// What all handlers and calls share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// The calls being played and messages being sent; dropped with the simulator.
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
    questions: Vec<QuestionSeen>,
    tools: Vec<ToolSeen>,
    /// Requests to dial each number, and calls with it.
    requests: HashMap<String, usize>,
    placed: HashMap<String, usize>,
}

/// What is to become a call.
pub(super) struct NewCall {
    pub(super) account: String,
    pub(super) direction: Direction,
    pub(super) assistant_id: Option<String>,
    pub(super) phone_number_id: String,
    pub(super) our_number: Option<String>,
    pub(super) person: Option<String>,
    pub(super) name: Option<String>,
    pub(super) overrides: Value,
}

impl Shared {
    pub(super) fn new(accounts: Vec<Account>, scenario: Scenario) -> anyhow::Result<Arc<Self>> {
        let keyed = accounts
            .into_iter()
            .map(|account| (account.key.expose_secret().to_owned(), account));
        let state = State {
            scenario: Arc::new(scenario),
            accounts: keyed.collect(),
            calls: HashMap::new(),
            order: Vec::new(),
            creates: Vec::new(),
            webhooks: Vec::new(),
            questions: Vec::new(),
            tools: Vec::new(),
            requests: HashMap::new(),
            placed: HashMap::new(),
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
        let key = account.key.expose_secret().to_owned();
        self.state().accounts.insert(key, account);
    }

    pub(super) fn account(&self, key: &str) -> Option<Account> {
        self.state().accounts.get(key).cloned()
    }

    /// How many requests to dial this number came before, this one then counted.
    pub(super) fn count_request(&self, number: &str) -> usize {
        let mut state = self.state();
        counted(state.requests.entry(number.to_owned()).or_default())
    }

    /// How many reads came before, this one then counted.
    pub(super) fn count_read(&self) -> u64 {
        self.reads.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn lines_in_use(&self) -> usize {
        let state = self.state();
        state
            .calls
            .values()
            .filter(|call| call.on_the_line())
            .count()
    }

    /// Creates a call and answers its id and what to play.
    pub(super) fn place(&self, new: NewCall) -> (String, Plan) {
        let mut state = self.state();
        let scenario = state.scenario.clone();
        let person = new.person.clone().unwrap_or_default();
        let nth = counted(state.placed.entry(person.clone()).or_default());
        let plan = Plan::of(&scenario, &person, nth);
        let now = now_ms();
        let call = Call {
            id: uuid(rand::random()),
            account: new.account,
            direction: new.direction,
            assistant_id: new.assistant_id,
            phone_number_id: new.phone_number_id,
            our_number: new.our_number,
            person: new.person,
            name: new.name,
            overrides: new.overrides,
            plan: plan.clone(),
            seed: scenario.seed,
            shows: Shows {
                outcome_field: scenario.outcome_field.clone(),
                overrides: scenario.shows_overrides,
                analysis: scenario.analysis,
            },
            status: match new.direction {
                Direction::Outbound => "queued",
                Direction::Inbound => "ringing",
            },
            created_ms: now,
            updated_ms: now,
            started_ms: None,
            ended: None,
            analyzed: false,
            in_progress: true,
        };
        let id = call.id.clone();
        state.order.push(id.clone());
        state.calls.insert(id.clone(), call);
        (id, plan)
    }

    pub(super) fn note_create(&self, seen: CreateSeen) {
        self.state().creates.push(seen);
    }

    pub(super) fn note_question(&self, seen: QuestionSeen) {
        self.state().questions.push(seen);
    }

    pub(super) fn note_tool(&self, seen: ToolSeen) {
        self.state().tools.push(seen);
    }

    /// Reads one call; `None` when there is none of this id.
    pub(super) fn read<T>(&self, id: &str, read: impl FnOnce(&Call) -> T) -> Option<T> {
        self.state().calls.get(id).map(read)
    }

    /// Changes one call, if there is one of this id.
    pub(super) fn change(&self, id: &str, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.state().calls.get_mut(id) {
            change(call);
            call.updated_ms = now_ms();
        }
        self.changed.notify_waiters();
    }

    /// What is wanted of the calls of an account, the latest first.
    pub(super) fn calls_of<T>(&self, account: &str, read: impl Fn(&Call) -> Option<T>) -> Vec<T> {
        let state = self.state();
        let calls = state
            .order
            .iter()
            .rev()
            .filter_map(|id| state.calls.get(id));
        calls
            .filter(|call| call.account == account)
            .filter_map(read)
            .collect()
    }

    /// Notes a message that is due and answers its place in the ledger.
    pub(super) fn note_webhook(&self, id: &str, event: &str, fault: WebhookFault) -> usize {
        let mut state = self.state();
        let call_id = state.calls.get(id).and_then(our_id);
        state.webhooks.push(WebhookSeen {
            provider_call_id: id.to_owned(),
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
        if let Some(seen) = self.state().webhooks.get_mut(webhook) {
            seen.delivery = delivery;
        }
        self.changed.notify_waiters();
    }

    pub(super) fn totals(&self) -> Totals {
        self.state().totals()
    }

    pub(super) fn ledger(&self) -> Ledger {
        let state = self.state();
        let calls = state.order.iter().filter_map(|id| state.calls.get(id));
        Ledger {
            totals: state.totals(),
            dialed_per_call: state.dialed_per_call(),
            creates: state.creates.clone(),
            calls: calls.map(call_seen).collect(),
            webhooks: state.webhooks.clone(),
            questions: state.questions.clone(),
            tools: state.tools.clone(),
        }
    }

    /// Waits until nothing is under way.
    pub(super) async fn quiet(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listening before looking, so that no change falls in between.
            changed.as_mut().enable();
            if self.state().totals().quiet {
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

fn counted(count: &mut usize) -> usize {
    *count += 1;
    *count - 1
}

/// A random number in the form of a UUID.
pub(super) fn uuid(random: u128) -> String {
    let hex = format!("{random:032x}");
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-4{}-a{}-{}",
        part(0, 8),
        part(8, 12),
        part(13, 16),
        part(17, 20),
        part(20, 32)
    )
}

/// What the dice say of the `nth` request to dial a number, unless it is scripted.
pub(super) fn create_fault(scenario: &Scenario, number: &str, nth: usize) -> CreateFault {
    let script = scenario
        .script(number)
        .filter(|script| !script.creates.is_empty());
    if let Some(script) = script {
        return script
            .creates
            .get(nth)
            .copied()
            .unwrap_or(CreateFault::None);
    }
    let mut dice = chance::dice(scenario.seed, &["create", number, &nth.to_string()]);
    chance::happens(&mut dice, &scenario.faults.create.chances()).unwrap_or(CreateFault::None)
}
