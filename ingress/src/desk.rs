//! What is done about a function that a voice agent asks for in a call: read, decided, changed and kept in one
//! transaction (MEM-4).

mod change;
mod facts;

use std::time::Duration;

use domain::{
    call::Direction,
    desk::{Act, Deed, Function, Identity, OnCall, Reach, Want, Wish, decide},
    ids::{CallId, ContextId, TenantId},
    inbound::{self, Called, Line},
    settings::Settings,
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use store::{Arrival, Arrived, AskedIn, FunctionEntry, Result, Store, TenantTx};

use crate::{batch::OnWake, times::Times};
use facts::Facts;

/// A function that an agent asks for. It holds personal data and so has no `Debug`.
pub(crate) struct AskedFunction {
    pub(crate) provider: &'static str,
    pub(crate) name: String,
    pub(crate) arguments: Map<String, Value>,
    /// The same for the same question asked again.
    pub(crate) invocation: String,
    /// Two questions with one `invocation` are surely one: the provider numbers them.
    pub(crate) is_numbered: bool,
    pub(crate) provider_call_id: Option<String>,
    /// Ours, in a call that we placed.
    pub(crate) call: Option<CallId>,
    /// What the agent was told before it picked up.
    pub(crate) context: Option<ContextId>,
    pub(crate) agent_id: Option<String>,
    pub(crate) from_number: Option<String>,
    pub(crate) to_number: Option<String>,
    /// The provider's id of our number.
    pub(crate) to_number_id: Option<String>,
}

/// When and by which request it is asked.
pub(crate) struct Asking<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) now: Timestamp,
    /// For all of it.
    pub(crate) limit: Duration,
    /// Told of what has become due.
    pub(crate) on_wake: &'a OnWake,
    pub(crate) request_id: &'a str,
    pub(crate) trace_id: &'a str,
}

/// So often it is tried, should the facts change between reading and acting.
const TRIES: u32 = 3;

/// Carries the function out, once however often it is asked, and answers with JSON on one line for the agent's
/// model. `None` when the facts changed under every try.
pub(crate) async fn carry_out(
    store: &Store,
    asked: &AskedFunction,
    asking: &Asking<'_>,
) -> Result<Option<String>> {
    for _ in 0..TRIES {
        let mut tx = store.tenant(asking.tenant).begin().await?;
        // The connection is not to be held for longer than anybody waits.
        tx.hurry(asking.limit).await?;
        if let Some(done) = once(&mut tx, asked, asking).await? {
            tx.commit().await?;
            if done.makes_due {
                (asking.on_wake)();
            }
            done.tell(asked.provider);
            return Ok(Some(done.answer));
        }
    }
    Ok(None)
}

/// One try; `None` when something changed between reading and acting, and nothing may be committed.
async fn once(
    tx: &mut TenantTx,
    asked: &AskedFunction,
    asking: &Asking<'_>,
) -> Result<Option<Done>> {
    // Without the call's id two callers may ask with one key: nothing is changed then, and nothing repeated.
    if asked.provider_call_id.is_some() {
        let before = tx
            .answered_before(asked.provider, &asked.invocation, !asked.is_numbered)
            .await?;
        if let Some(answer) = before {
            return Ok(Some(Done {
                answer,
                makes_due: false,
                function: "repeated",
                refusal: "",
            }));
        }
    }
    let settings = tx.tenant_row().await?.settings;
    let mut place = Place::of(tx, asked, &settings, asking.now).await?;
    let wish = Wish::read(&asked.name, &asked.arguments, asking.now, &settings);
    let (deed, answer) = match &wish {
        Err(unclear) => (
            None,
            unclear.answer(asking.now, Function::named(&asked.name), &settings),
        ),
        Ok(wish) => {
            let deed = decided(tx, wish, &place, &settings, asking.now).await?;
            if let (Act::OptOut { .. }, Some(call)) = (&deed.act, &place.call) {
                tx.lock_call_row(call.id).await?;
            }
            if !change::make(tx, &deed, place.call.as_ref(), &settings, asking.now).await? {
                return Ok(None);
            }
            let answer = deed.answer.clone();
            (Some(deed), answer)
        }
    };
    let is_changed = deed.as_ref().is_some_and(|deed| deed.act != Act::Nothing);
    let makes_due = is_changed || place.arrival.is_some();
    if let Some(arrival) = place.arrival.take() {
        tx.after_arrival(arrival, asking.now).await?;
    }
    let answer = Value::Object(answer.json).to_string();
    keep(tx, asked, asking, &place, deed.as_ref(), &answer).await?;
    if let (Some(deed), Some(call)) = (&deed, &place.call) {
        remember(tx, call, deed.identity).await?;
    }
    Ok(Some(Done {
        answer,
        makes_due,
        function: deed.as_ref().map_or("unknown", |deed| deed.function.code()),
        refusal: refusal(deed.as_ref()),
    }))
}

/// What is said in the call is remembered of whoever it turned out to be with.
async fn remember(tx: &mut TenantTx, call: &AskedIn, identity: Identity) -> Result<()> {
    match identity {
        Identity::Number(contact) | Identity::Proof(contact) => {
            tx.call_is_with(call.id, Some(contact)).await
        }
        Identity::Mistaken => tx.call_is_with(call.id, None).await,
        Identity::Nobody => Ok(()),
    }
}

fn refusal(deed: Option<&Deed>) -> &'static str {
    match deed {
        Some(deed) => deed.refusal.map_or("", |refusal| refusal.code()),
        None => "not_understood",
    }
}

/// What was carried out, and the answer.
struct Done {
    answer: String,
    /// Processes are to look again, or may have to.
    makes_due: bool,
    function: &'static str,
    refusal: &'static str,
}

impl Done {
    /// Without a word of what was said.
    fn tell(&self, provider: &'static str) {
        let (function, refusal) = (self.function, self.refusal);
        tracing::info!(provider, function, refusal, "a function was carried out");
        metrics::counter!("bellhop_call_functions_total", "function" => function, "refusal" => refusal)
            .increment(1);
    }
}

async fn decided(
    tx: &mut TenantTx,
    wish: &Wish,
    place: &Place,
    settings: &Settings,
    now: Timestamp,
) -> Result<Deed> {
    if matches!(wish.want, Want::Book { .. } | Want::Reschedule { .. }) {
        tx.lock_slots().await?;
    }
    let mut facts = Facts::of(tx, wish, place, settings, now).await?;
    let decided = |facts: &Facts| facts.with_view(place, |view| decide(now, wish, view, settings));
    if !settings.booking.enabled {
        return Ok(decided(&facts));
    }
    let reaches = Reach::for_wish(now, wish, settings);
    if !reaches.is_empty() {
        facts.times = Times::begin(tx, settings, now).await?;
    }
    for reach in reaches {
        facts.times.look_through(tx, settings, reach.within).await?;
        let deed = decided(&facts);
        if reach.settles(&deed, wish, settings) {
            return Ok(deed);
        }
    }
    Ok(decided(&facts))
}

async fn keep(
    tx: &mut TenantTx,
    asked: &AskedFunction,
    asking: &Asking<'_>,
    place: &Place,
    deed: Option<&Deed>,
    answer: &str,
) -> Result<()> {
    let identity = deed
        .map(|deed| serde_json::to_value(deed.identity))
        .transpose()?;
    let act = deed
        .map(|deed| serde_json::to_value(&deed.act))
        .transpose()?;
    let took = Timestamp::now().duration_since(asking.now).as_millis();
    tx.keep_function(&FunctionEntry {
        provider: asked.provider,
        invocation: &asked.invocation,
        provider_call_id: asked.provider_call_id.as_deref(),
        call: place.call.as_ref().map(|call| call.id),
        name: &asked.name,
        arguments: &Value::Object(asked.arguments.clone()),
        identity: identity.as_ref(),
        act: act.as_ref(),
        refusal: Some(refusal(deed)).filter(|code| !code.is_empty()),
        answer,
        took_ms: u32::try_from(took).unwrap_or_default(),
        request_id: asking.request_id,
        trace_id: asking.trace_id,
        asked_at: asking.now,
    })
    .await
}

/// The call and the line on which something is asked.
pub(crate) struct Place {
    line: Line,
    on_call: OnCall,
    call: Option<AskedIn>,
    /// Who is on the other end, as the provider or our own call has it.
    number: Option<String>,
    /// When the call was not heard of before.
    arrival: Option<Arrival>,
}

impl Place {
    /// Finds the call; one that came in and was not heard of yet is made ours by the question itself.
    async fn of(
        tx: &mut TenantTx,
        asked: &AskedFunction,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Place> {
        let to_number = asked.to_number.as_deref();
        let called = Called {
            agent_id: asked.agent_id.as_deref(),
            number: to_number,
            number_id: asked.to_number_id.as_deref(),
        };
        let line = inbound::line(settings, called);
        let mut call = Self::find(tx, asked).await?;
        let mut arrival = None;
        if let (None, None, Line::Ours, Some(id)) =
            (&call, asked.call, line, &asked.provider_call_id)
        {
            let caller = tx.recognise(asked.from_number.as_deref(), settings).await?;
            let arrived = Arrived {
                provider: asked.provider,
                provider_call_id: id,
                caller: &caller,
                line,
                to_number,
                was_asked_about: asked.context.is_some(),
            };
            arrival = Some(tx.call_arrived(&arrived, now).await?);
            if let Some(context) = asked.context {
                tx.context_belongs(context, asked.provider, id).await?;
            }
            call = Self::find(tx, asked).await?;
            if let Some(call) = &call {
                // Its process begins, and asks for the call should nothing more be heard of it.
                tx.wake_call(call.id).await?;
            }
        }
        Ok(Place {
            line: match &call {
                // We chose agent and number ourselves.
                Some(call) if call.direction == Direction::Outbound => Line::Ours,
                // Not every question names the number that was called.
                Some(call) => inbound::line(
                    settings,
                    Called {
                        number: to_number.or(call.line.as_deref()),
                        ..called
                    },
                ),
                None => line,
            },
            on_call: match &call {
                Some(call) if call.is_over => OnCall::Over,
                Some(_) => OnCall::Live,
                None => OnCall::Unknown,
            },
            number: match &call {
                Some(call) => call.e164.clone(),
                None => asked.from_number.clone(),
            },
            call,
            arrival,
        })
    }

    async fn find(tx: &mut TenantTx, asked: &AskedFunction) -> Result<Option<AskedIn>> {
        match &asked.provider_call_id {
            Some(id) => tx.asked_in(asked.provider, asked.call, id).await,
            None => Ok(None),
        }
    }
}
