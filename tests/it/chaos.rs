//! The fault campaign: webhooks of every sender and reminders of a clinic, with every fault of the simulators,
//! while each process is killed and frozen again and again. In the end the ledgers are compared with the
//! database, event by event.

mod blows;
mod by_hand;
mod counts;
mod effects;
mod endpoints;
mod progress;
mod questions;
mod stored;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use bellhop::conductor::Conductor;
use domain::ids::TenantId;
use simulator::{
    retell::{self, CreateFaults, WebhookFaults},
    senders::{self, Fault, Tries, Vendor},
};
use store::Store;
use tokio::time::Instant;

use crate::harness::{HEADER, OPEN_CLINIC, World, eventually, quick, row};
use counts::Counts;
use endpoints::Endpoint;
use progress::Watch;

/// Without an order from outside: small enough for every run of the tests.
const EVENTS: u64 = 600;
const SEED: u64 = 7;
/// Webhooks a second. More than the processes hold in a debug build for long would only wait.
const PER_SECOND: f64 = 60.0;
/// Webhooks in one wave.
const WAVE: u64 = 10_000;
/// Numbers that the clinic can call: each has one appointment.
const NUMBERS: u64 = 900;
/// Nothing lasts longer than this without any change, however large the campaign is.
const PATIENCE: Duration = Duration::from_secs(180);
/// A call that shows no sign of life for so long is taken ahead to its next look.
const SILENCE: Duration = Duration::from_millis(500);
/// The reminders of one wave end within this time.
const PLAYED: Duration = Duration::from_secs(900);

/// What is asked for.
struct Campaign {
    /// Webhooks, not counting those of the calls.
    events: u64,
    seed: u64,
    per_second: f64,
    /// Ingress keeps webhooks on its own disk while the database is away, instead of turning them away.
    spool: bool,
}

/// Webhooks that were sent together.
struct Wave {
    scenario: senders::Scenario,
    sent: senders::Running,
}

#[tokio::test]
async fn a_campaign_of_every_fault_loses_nothing_and_does_nothing_twice() -> Result<()> {
    let campaign = Campaign {
        events: asked("BELLHOP_CHAOS_EVENTS", EVENTS)?,
        seed: asked("BELLHOP_CHAOS_SEED", SEED)?,
        per_second: asked("BELLHOP_CHAOS_RATE", PER_SECOND)?,
        spool: asked("BELLHOP_CHAOS_SPOOL", 0)? != 0,
    };
    let mut world = World::without_processes(OPEN_CLINIC, campaign.trouble_at_retell()).await?;
    world.extra = campaign.environment(&world);
    let endpoints = endpoints::make(&world).await?;
    world.start_worker("all")?;
    world.start_ingress().await?;
    let watch = Watch::start(&world, campaign.events).await?;
    let mut waves = Vec::new();
    for number in 0..campaign.waves() {
        let wave = campaign
            .wave(number, &endpoints, &mut world, &watch)
            .await?;
        waves.push(wave);
    }
    if campaign.spool {
        until_drained(&world).await?;
    }
    watch.until_settled().await?;
    let mut counts = Counts::new(campaign.seed, &watch);
    counts.count(&world, &endpoints, &waves).await?;
    counts.print()?;
    world.assert_sound().await?;
    world.assert_heard().await?;
    counts.assert_sound()
}

/// Everything that was taken without the database has come to it.
async fn until_drained(world: &World) -> Result<()> {
    let metrics = world.ingress_url("/metrics");
    eventually("the spool is drained", || async {
        let text = reqwest::get(&metrics).await?.text().await?;
        Ok(text.lines().any(|line| line == "bellhop_spool_waiting 0"))
    })
    .await
}

fn asked<T>(variable: &str, standard: T) -> Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    match std::env::var(variable).ok().filter(|text| !text.is_empty()) {
        Some(text) => text.parse().with_context(|| format!("{variable}={text}")),
        None => Ok(standard),
    }
}

impl Campaign {
    fn environment(&self, world: &World) -> Vec<(String, String)> {
        // How much one sender may send is another test's.
        let rates = ["SOURCE_RATE", "SOURCE_BURST", "TENANT_RATE", "TENANT_BURST"];
        let rates = rates.map(|name| (format!("BELLHOP_INGRESS_{name}"), "100000".to_owned()));
        // A dial that is never answered takes real time.
        let timeout = ("BELLHOP_DIAL_TIMEOUT_SECONDS".to_owned(), "1".to_owned());
        let folder = world.path("spool").display().to_string();
        let spool = self
            .spool
            .then(|| ("BELLHOP_INGRESS_SPOOL_DIR".to_owned(), folder));
        rates.into_iter().chain([timeout]).chain(spool).collect()
    }

    fn waves(&self) -> u64 {
        self.events.div_ceil(WAVE).max(1)
    }

    /// Sends a wave's webhooks, with reminders of its own, and strikes at the processes meanwhile.
    async fn wave(
        &self,
        number: u64,
        endpoints: &[Endpoint],
        world: &mut World,
        watch: &Watch,
    ) -> Result<Wave> {
        let dialed = world.retell.totals().create_requests as u64;
        world.import(&self.appointments(number)).await?;
        let (store, address) = (world.store.clone(), world.temporal.address());
        let playing = tokio::spawn(play(store, address, world.tenant));
        let scenario = self.scenario(number);
        let each = self.events.div_ceil(self.waves() * endpoints.len() as u64);
        let sent = senders::start(senders::Config {
            sources: endpoints.iter().map(|each| each.source.clone()).collect(),
            events: each,
            scenario: scenario.clone(),
        })?;
        let sent = Arc::new(sent);
        watch.sends(&sent);
        let events = each * endpoints.len() as u64;
        for blow in blows::plan(self.seed, number, events) {
            blows::strike(world, &sent, &blow, self.spool).await?;
            watch.struck(blow.kind);
        }
        ensure!(
            sent.finished(PATIENCE).await,
            "a wave is not sent: {:?}",
            sent.totals()
        );
        // Time is skipped when nobody is to be woken: most calls are made when the flood is over.
        for blow in blows::plan_of_calls(self.seed, number, self.reminders()) {
            let dials = || world.retell.totals().create_requests as u64 - dialed;
            while dials() < blow.after && !playing.is_finished() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            blows::strike(world, &sent, &blow, self.spool).await?;
            watch.struck(blow.kind);
        }
        playing.await??;
        watch.until_few_wait().await?;
        Ok(Wave {
            scenario,
            sent: watch.take_back(sent)?,
        })
    }

    /// Of one wave: a few people, each with a number of their own.
    fn reminders(&self) -> u64 {
        let few = self.events / self.waves() / 100;
        few.max(12).min(NUMBERS / self.waves()).max(1)
    }

    fn appointments(&self, wave: u64) -> String {
        let each = self.reminders();
        let of = wave * each + 1..=((wave + 1) * each).min(NUMBERS);
        let lines = of.map(|of| row(&format!("A{of}"), of as u32, 3));
        HEADER.to_owned() + &lines.collect::<String>()
    }

    fn trouble_at_retell(&self) -> retell::Scenario {
        let mut scenario = retell::Scenario {
            seed: self.seed,
            ..quick()
        };
        // Ten seconds of tries, so that most outages of ours are survived; what is given up is asked for.
        scenario.webhooks.retries = 5;
        scenario.webhooks.backoff_seconds = 0.3;
        scenario.faults.webhook = WebhookFaults {
            duplicate: 0.2,
            reorder: 0.1,
            delay: 0.1,
            drop: 0.1,
            bad_signature: 0.1,
            delay_seconds: [0.2, 2.0],
        };
        scenario.faults.create = CreateFaults {
            rate_limited: 0.08,
            rate_limited_silently: 0.02,
            server_error: 0.05,
            server_error_after: 0.08,
            hang: 0.03,
            hang_after: 0.08,
            ..CreateFaults::default()
        };
        scenario.faults.read.server_error = 0.2;
        scenario.faults.call.stuck = 0.03;
        scenario
    }

    fn scenario(&self, wave: u64) -> senders::Scenario {
        let faults = [
            (Fault::Duplicate, 0.08),
            (Fault::Reorder, 0.06),
            (Fault::Delay, 0.05),
            (Fault::Drop, 0.05),
            (Fault::HangUp, 0.03),
            (Fault::BadSignature, 0.03),
            (Fault::Stale, 0.03),
            (Fault::Truncated, 0.02),
            (Fault::Garbage, 0.03),
            (Fault::ContentType, 0.02),
        ];
        let pauses = Vendor::CODES.map(|code| (code.to_owned(), vec![2.0, 4.0, 8.0]));
        senders::Scenario {
            seed: self.seed.wrapping_mul(1_000_003).wrapping_add(wave),
            concurrency: 32,
            per_second: Some(self.per_second),
            speed: 4.0,
            tries: Tries::UntilAcknowledged,
            // The vendors' own last for days.
            pauses: pauses.into(),
            timeout_seconds: Some(5.0),
            faults: faults.into(),
            ..senders::Scenario::default()
        }
    }
}

/// Fast-forwards until every reminder has ended. While a server is away nothing can be asked or moved.
async fn play(store: Store, temporal: String, tenant: TenantId) -> Result<()> {
    let deadline = Instant::now() + PLAYED;
    loop {
        let played = play_once(&store, &temporal, tenant).await;
        if played.is_ok() || Instant::now() > deadline {
            return played;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

async fn play_once(store: &Store, temporal: &str, tenant: TenantId) -> Result<()> {
    let options = worker::TemporalOptions {
        address: temporal.to_owned(),
        namespace: "default".into(),
    };
    let client = worker::connect_once(&options, "test").await?;
    let conductor = Conductor {
        client: &client,
        store,
        tenant,
        silence: SILENCE,
    };
    conductor.play(None, PATIENCE, |_| {}).await
}
