//! Calls at Vapi: dialed at most once, answered before they are taken, with tools, by the same processes as Retell's.

mod callers;
mod coming_in;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use simulator::{
    gemini,
    retell::{CreateFault, Outcome, WebhookFault},
    senders::{VapiAuth, Vendor},
    vapi::{
        Account, CallScript, Caller, Config, Direction, MessageServer, Rang, Running, Scenario,
        Taken, ToolShape, ToolUse,
    },
};

use crate::harness::{
    CONFIRMED, HEADER, OPEN_CLINIC, SLUG, World, eventually, number, quick, row, rows,
};

const KEY: &str = "vapi-private-key-000000";
const READER_KEY: &str = "gm_key_of_the_test_000000";
const ASSISTANT: &str = "2f6c0a1e-1f0b-4f0b-8a8c-8f1f0c7d1a11";
const NUMBER_ID: &str = "9e8d7c6b-5a49-4838-a726-150403020100";
const OUR_NUMBER: &str = "+442079460000";

/// A clinic whose calls Vapi places and takes.
struct Clinic {
    world: World,
    vapi: Running,
}

fn settings(more: &str) -> String {
    let vapi = format!(
        "\n[vapi]\nassistant_id = \"{ASSISTANT}\"\nphone_number_id = \"{NUMBER_ID}\"\ncalls_per_second = 0\n
         [booking]\nenabled = true\n"
    );
    let chosen = OPEN_CLINIC.replace("live = true", "live = true\nvoice_provider = \"vapi\"");
    chosen + &vapi + more
}

/// Messages are sent again, as a server at Vapi has to be set up for.
fn scenario() -> Scenario {
    let mut scenario = Scenario::default().at_speed(200.0);
    scenario.messages.retries = 10;
    scenario.messages.backoff_seconds = 0.2;
    scenario
}

impl Clinic {
    async fn start(scenario: Scenario) -> Result<Self> {
        Self::with_settings("", scenario).await
    }

    async fn with_settings(more: &str, scenario: Scenario) -> Result<Self> {
        let world = World::without_processes(&settings(more), quick()).await?;
        Self::start_in(world, scenario).await
    }

    async fn start_in(mut world: World, scenario: Scenario) -> Result<Self> {
        let vapi = simulator::vapi::start(Config::with_account(KEY, None, scenario)).await?;
        let base_url = ("BELLHOP_VAPI_BASE_URL".to_owned(), vapi.base_url());
        world.extra.push(base_url);
        world.unhurried();
        world
            .operate_with(&["tenant", "add-key", SLUG, "--for", "vapi"], KEY)
            .await?;
        let source = world
            .add_source(SLUG, Vendor::Vapi(VapiAuth::default()))
            .await?;
        vapi.set_account(Account {
            key: KEY.into(),
            server: Some(MessageServer {
                url: source.url.clone(),
                secret: source.secrets.first().context("a secret")?.clone(),
                auth: VapiAuth::default(),
            }),
            assistants: None,
            phone_numbers: None,
        });
        world.start_worker("all")?;
        world.start_ingress().await?;
        Ok(Self { world, vapi })
    }

    /// With an appointment of Ada Archer in three days.
    async fn with_appointment(scenario: Scenario) -> Result<Self> {
        let mut clinic = Self::start(scenario).await?;
        let file = format!("{HEADER}{}", row("A1", 1, 3));
        clinic.world.import(&file).await?;
        clinic.world.settled().await?;
        Ok(clinic)
    }

    async fn ring(&self, caller: Caller) -> Result<Rang> {
        let caller = Caller {
            phone_number_id: NUMBER_ID.to_owned(),
            ..caller
        };
        self.vapi.ring(&caller).await.context("the account exists")
    }

    async fn call_is_over(&self) -> Result<()> {
        eventually("the call is over", || async {
            let over =
                "calls where direction = 'inbound' and provider = 'vapi' and outcome is not null";
            Ok(self.world.count(over).await? == 1)
        })
        .await
    }
}

fn caller(of: u32) -> Caller {
    Caller::new(KEY, &number(of), OUR_NUMBER)
}

fn told<'a>(rang: &'a Rang, name: &str) -> &'a str {
    let Taken::Assistant { overrides, .. } = &rang.taken else {
        return "";
    };
    let value = overrides
        .get("variableValues")
        .and_then(|all| all.get(name));
    value.and_then(Value::as_str).unwrap_or_default()
}

#[tokio::test]
async fn what_a_caller_says_is_read() -> Result<()> {
    let reader = gemini::Scenario::default().finding("ada@", json!({"email": "ada@said.example"}));
    let reader = gemini::start(gemini::Config::with_key(READER_KEY, reader)).await?;
    let extraction = "\n[extraction]\nenabled = true\nmodel = \"gemini-test\"\n";
    let mut world = World::without_processes(&settings(extraction), quick()).await?;
    world.extra.extend([
        ("BELLHOP_GEMINI_BASE_URL".to_owned(), reader.base_url()),
        ("BELLHOP_TEXTS_ALLOW_PRIVATE".to_owned(), "yes".to_owned()),
    ]);
    let key = ["tenant", "add-secret", SLUG, "--channel", "gemini"];
    world.operate_with(&key, READER_KEY).await?;
    let says = CallScript {
        says: vec!["You reach me at ada@said.example".to_owned()],
        ..CallScript::from(Outcome::NoClearAnswer)
    };
    let mut clinic = Clinic::start_in(world, scenario().with_calls(&number(1), [says])).await?;
    let file = format!("{HEADER}{}", row("A1", 1, 3));
    clinic.world.import(&file).await?;
    clinic.world.settled().await?;

    clinic.ring(caller(1)).await?;
    clinic.call_is_over().await?;

    eventually("it is filled in", || async {
        let filled = "contacts where email = 'ada@said.example'";
        Ok(clinic.world.count(filled).await? == 1)
    })
    .await?;
    let of_call =
        "extractions where kind = 'transcript' and call_id is not null and state = 'read'";
    assert_eq!(clinic.world.count(of_call).await?, 1);
    Ok(())
}

#[tokio::test]
async fn reminders_are_called_at_vapi_and_only_there() -> Result<()> {
    let mut clinic = Clinic::start(scenario().always(Outcome::Confirmed)).await?;
    clinic.world.import(&rows(3, &[3])).await?;

    clinic.world.play().await?;

    for of in 1..=3 {
        let ending = clinic.world.ending(&format!("A{of}")).await?;
        assert_eq!(
            ending,
            CONFIRMED,
            "{:#?}",
            clinic.world.why(&format!("A{of}")).await?
        );
    }
    let totals = clinic.vapi.totals();
    assert_eq!((totals.calls_placed, totals.double_dials), (3, 0));
    assert_eq!(clinic.world.ledger().totals.create_requests, 0);
    Ok(())
}

#[tokio::test]
async fn whatever_a_request_to_vapi_runs_into_the_phone_rings_once() -> Result<()> {
    use CreateFault::{Hang, HangAfter, RateLimited, ServerError, ServerErrorAfter};
    let faults: &[&[CreateFault]] = &[
        &[RateLimited],
        &[ServerError],
        &[ServerErrorAfter],
        &[Hang],
        &[HangAfter],
    ];
    let mut scenario = scenario().always(Outcome::Confirmed);
    for (of, creates) in (1..).zip(faults) {
        scenario = scenario.with_creates(&number(of), creates);
    }
    let mut clinic = Clinic::start(scenario).await?;
    clinic
        .world
        .import(&rows(u32::try_from(faults.len())?, &[3]))
        .await?;

    clinic.world.play().await?;

    assert_eq!(clinic.vapi.totals().double_dials, 0);
    for (of, creates) in (1..).zip(faults) {
        let name = format!("A{of}");
        let why = clinic.world.why(&name).await?;
        assert_eq!(
            clinic.world.ending(&name).await?,
            CONFIRMED,
            "{creates:?}: {why:#?}"
        );
        let ledger = clinic.vapi.ledger();
        let rang = ledger
            .calls
            .iter()
            .filter(|call| call.direction == Direction::Outbound && call.to_number == number(of));
        assert_eq!(rang.count(), 1, "{creates:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_returning_caller_is_known_before_the_assistant_takes_the_call() -> Result<()> {
    let clinic = Clinic::with_appointment(scenario().always(Outcome::NoClearAnswer)).await?;

    let rang = clinic.ring(caller(1)).await?;

    assert_eq!(rang.status, Some(200), "{rang:?}");
    assert_eq!(told(&rang, "caller"), "known", "{rang:?}");
    assert_eq!(told(&rang, "appointment_count"), "1", "{rang:?}");
    ensure!(told(&rang, "greeting").contains("Welcome back"), "{rang:?}");
    clinic.call_is_over().await?;
    let told = "context_log l join calls c on c.id = l.call_id
        where l.provider = 'vapi' and l.contact_id = c.contact_id and l.failure is null";
    assert_eq!(clinic.world.count(told).await?, 1);
    Ok(())
}

#[tokio::test]
async fn messages_that_name_our_number_by_its_id_alone_are_about_our_line() -> Result<()> {
    let clinic = Clinic::with_appointment(scenario().always(Outcome::NoClearAnswer)).await?;
    let cancel = [ToolUse::new("cancel", json!({}))];

    let rang = clinic
        .ring(caller(1).to_nameless_number().with_tools(cancel))
        .await?;

    assert_eq!(told(&rang, "caller"), "known", "{rang:?}");
    clinic.call_is_over().await?;
    clinic.world.play().await?;
    let ending = clinic.world.ending("A1").await?;
    ensure!(ending.contains("appointment_cancelled"), "{ending}");
    let unknown = "alerts where cause = 'unknown_caller'";
    assert_eq!(clinic.world.count(unknown).await?, 0);
    Ok(())
}

#[tokio::test]
async fn nobody_is_taken_for_the_caller_on_a_line_that_is_not_ours() -> Result<()> {
    let clinic = Clinic::with_appointment(scenario().always(Outcome::NoClearAnswer)).await?;
    let foreign = Caller::new(KEY, &number(1), "+442079469999");

    // Past `ring` of the clinic, which gives the call its own number's id.
    let rang = clinic
        .vapi
        .ring(&foreign)
        .await
        .context("the account exists")?;

    let answer = rang.answer.context("there is an answer")?.to_string();
    ensure!(!answer.contains("Ada"), "{answer}");
    clinic.call_is_over().await?;
    assert_eq!(
        clinic
            .world
            .count("calls where contact_id is not null")
            .await?,
        0
    );
    assert_eq!(
        clinic
            .world
            .count("context_log where contact_id is not null")
            .await?,
        0
    );
    eventually("somebody hears of the strange line", || async {
        let told = "alerts where cause = 'unknown_caller'";
        Ok(clinic.world.count(told).await? == 1)
    })
    .await
}

#[tokio::test]
async fn somebody_unknown_and_somebody_who_withholds_the_number_hear_nothing_of_anybody()
-> Result<()> {
    let clinic = Clinic::with_appointment(scenario()).await?;
    for (caller, who) in [(caller(99), "unknown"), (caller(1).withheld(), "withheld")] {
        let rang = clinic.ring(caller).await?;
        assert_eq!(told(&rang, "caller"), who, "{rang:?}");
        let answer = rang.answer.context("there is an answer")?.to_string();
        ensure!(!answer.contains("Ada"), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_call_whose_messages_never_come_is_asked_for() -> Result<()> {
    let mut scenario = scenario().always(Outcome::NoClearAnswer);
    scenario.faults.webhook.drop = 1.0;
    let clinic = Clinic::with_appointment(scenario).await?;

    let rang = clinic.ring(caller(1)).await?;
    assert_eq!(rang.status, Some(200), "{rang:?}");

    // Nothing but the question tells of the call.
    clinic.world.play().await?;
    let over =
        "calls where direction = 'inbound' and outcome is not null and contact_id is not null";
    assert_eq!(clinic.world.count(over).await?, 1);
    Ok(())
}

#[tokio::test]
async fn what_the_assistant_asks_for_is_done_once_in_every_shape() -> Result<()> {
    let clinic = Clinic::with_appointment(scenario().always(Outcome::NoClearAnswer)).await?;
    let shapes = ToolShape::ALL.into_iter().enumerate();
    let notes: Vec<_> = shapes
        .map(|(nth, shape)| {
            ToolUse::new("note", json!({"text": format!("note number {nth}")}))
                .in_shape(shape)
                .with_fault(WebhookFault::Duplicate)
        })
        .collect();
    let wanted = i64::try_from(notes.len())?;

    clinic.ring(caller(1).with_tools(notes)).await?;
    clinic.call_is_over().await?;

    let tools = clinic.vapi.ledger().tools;
    ensure!(
        tools
            .iter()
            .all(|tool| tool.problem.is_none() && tool.error.is_none()),
        "{tools:#?}"
    );
    assert_eq!(clinic.world.count("notes").await?, wanted);
    Ok(())
}

#[tokio::test]
async fn an_appointment_cancelled_by_a_tool_is_not_called() -> Result<()> {
    let clinic = Clinic::with_appointment(scenario().always(Outcome::NoClearAnswer)).await?;
    let cancel = [ToolUse::new("cancel", json!({}))];

    clinic.ring(caller(1).with_tools(cancel)).await?;
    clinic.call_is_over().await?;
    clinic.world.play().await?;

    let ending = clinic.world.ending("A1").await?;
    ensure!(ending.contains("appointment_cancelled"), "{ending}");
    assert_eq!(clinic.vapi.totals().calls_placed, 0);
    Ok(())
}

#[tokio::test]
async fn with_the_database_away_the_assistant_takes_the_call_all_the_same() -> Result<()> {
    let mut clinic = Clinic::with_appointment(scenario()).await?;
    clinic.ring(caller(1)).await?;
    clinic.world.postgres.kill();

    let rang = clinic.ring(caller(1)).await?;

    let Taken::Assistant { id, .. } = &rang.taken else {
        anyhow::bail!("nobody takes the call: {rang:?}");
    };
    assert_eq!(id.as_deref(), Some(ASSISTANT));
    assert_eq!(told(&rang, "caller"), "");
    clinic.world.postgres.start_again().await?;
    eventually("it is on record, and somebody hears of it", || async {
        let failed = "context_log where failure is not null and provider = 'vapi'";
        let told = "alerts where cause = 'caller_unanswered'";
        Ok(clinic.world.count(failed).await? == 1 && clinic.world.count(told).await? == 1)
    })
    .await
}
