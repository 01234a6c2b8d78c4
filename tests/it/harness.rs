//! One small world for each test: servers, processes, a simulated Retell and a clinic.

mod clocks;
mod operator;
mod process;
mod questions;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use bellhop::{
    appointment_file::options_for,
    commands::{import, tenant},
    conductor::Conductor,
};
use domain::{
    ids::{AppointmentId, CallId, TenantId},
    reminder::Ending,
    settings::Settings,
};
use embedded::{Postgres, PostgresOptions, Temporal, TemporalOptions, Tools, free_port};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Weekday, tz::TimeZone};
use providers::retell::webhook::{SIGNATURE_HEADER, sign};
use secrecy::{ExposeSecret, SecretString};
use simulator::retell::{
    Account, CallSeen, Config, Delivery, Direction, Ledger, Outcome, Running, Scenario,
};
use store::{KeyRing, PoolOptions, Report, Store};
use temporalio_client::Client;

pub(crate) use clocks::{go_ahead, go_on};
pub(crate) use process::Process;
pub(crate) use questions::{QUESTIONS, answers_of};

pub(crate) const API_KEY: &str = "key_test_0000000000000000";
pub(crate) const SLUG: &str = "test-clinic";

/// How the reminder of somebody who confirmed has ended.
pub(crate) const CONFIRMED: &str = "confirmed: appointment_confirmed";

/// Real time without any change after which a play has failed.
const PATIENCE: Duration = Duration::from_secs(150);
/// Real time after which a silent call is taken ahead to its next look.
pub(crate) const SILENCE: Duration = Duration::from_secs(3);

/// Settings of a clinic that is open on every day and never limits itself; tests add what they are about.
pub(crate) const OPEN_CLINIC: &str = r#"
[tenant]
name = "Test Clinic"
live = true

[hours]
monday = ["00:00-24:00"]
tuesday = ["00:00-24:00"]
wednesday = ["00:00-24:00"]
thursday = ["00:00-24:00"]
friday = ["00:00-24:00"]
saturday = ["00:00-24:00"]
sunday = ["00:00-24:00"]
holidays = "none"

[limits]
per_15_minutes = 10000
per_day = 10000
concurrent = 100

[retell]
agent_id = "agent_test"
from_number = "+442079460000"
calls_per_second = 0
"#;

pub(crate) struct World {
    pub(crate) postgres: Postgres,
    pub(crate) temporal: Temporal,
    pub(crate) retell: Running,
    pub(crate) store: Store,
    pub(crate) tenant: TenantId,
    pub(crate) settings: Settings,
    pub(crate) worker: Option<Process>,
    pub(crate) ingress: Option<Process>,
    /// Where webhooks are sent.
    pub(crate) webhook_url: String,
    /// Real time after which a call that shows no sign of life is taken ahead to its next look.
    pub(crate) silence: Duration,
    /// Variables that this test's processes get besides.
    pub(crate) extra: Vec<(String, String)>,
    keys: SecretString,
    ingress_port: u16,
    folder: PathBuf,
    files: u32,
}

impl World {
    /// A clinic with these settings, whose calls go as the scenario says. Worker and ingress are running.
    pub(crate) async fn start(settings: &str, scenario: Scenario) -> Result<Self> {
        let mut world = Self::without_processes(settings, scenario).await?;
        world.start_worker("all")?;
        world.start_ingress().await?;
        Ok(world)
    }

    pub(crate) async fn start_unhurried(settings: &str, scenario: Scenario) -> Result<Self> {
        let mut world = Self::without_processes(settings, scenario).await?;
        world.unhurried();
        world.start_worker("all")?;
        world.start_ingress().await?;
        Ok(world)
    }

    /// Gives every question time, however busy the machine is: how long one may take is another test's.
    pub(crate) fn unhurried(&mut self) {
        for of in ["QUESTION", "FUNCTION"] {
            let limit = format!("BELLHOP_INGRESS_{of}_TIME_LIMIT_MS");
            self.extra.push((limit, "60000".to_owned()));
        }
    }

    pub(crate) async fn without_processes(settings: &str, scenario: Scenario) -> Result<Self> {
        let tools = Tools::locate()?;
        let folder = std::env::temp_dir().join(format!(
            "bellhop-test-{}-{}",
            std::process::id(),
            TenantId::generate()
        ));
        std::fs::create_dir_all(&folder)?;
        let postgres = Postgres::start(&tools, PostgresOptions::temporary()).await?;
        postgres.create_database("bellhop").await?;
        let options = TemporalOptions {
            data_file: Some(folder.join("temporal.db")),
            ..Default::default()
        };
        let temporal = Temporal::start(&tools, options).await?;
        let keys = KeyRing::generate();
        let store = Store::new(
            &postgres.url("bellhop").into(),
            KeyRing::parse(&keys)?,
            PoolOptions::default(),
        )?;
        store.migrate().await?;
        let settings = parse(settings)?;
        let source = tenant::create(&store, SLUG, &settings).await?;
        let clinic = tenant::find(&store, SLUG).await?.id;
        let mut tx = store.tenant(clinic).begin().await?;
        tx.add_provider_secret(store.keys(), "retell", &API_KEY.into())
            .await?;
        tx.commit().await?;
        let ingress_port = free_port()?;
        let webhook_url = format!("http://127.0.0.1:{ingress_port}/hooks/{source}");
        let retell =
            simulator::retell::start(Config::with_account(API_KEY, None, scenario)).await?;
        retell.set_account(Account {
            key: API_KEY.into(),
            webhook_url: Some(webhook_url.clone()),
            agents: None,
            numbers: None,
        });
        Ok(Self {
            postgres,
            temporal,
            retell,
            store,
            tenant: clinic,
            settings,
            worker: None,
            ingress: None,
            webhook_url,
            silence: SILENCE,
            extra: Vec::new(),
            keys,
            ingress_port,
            folder,
            files: 0,
        })
    }

    /// Starts `bellhop worker`; the one before is left to whoever killed it.
    pub(crate) fn start_worker(&mut self, role: &str) -> Result<()> {
        self.worker = Some(self.spawn_worker(role)?);
        Ok(())
    }

    /// A further worker, which the caller keeps.
    pub(crate) fn spawn_worker(&self, role: &str) -> Result<Process> {
        Process::start(
            &["worker", "--role", role],
            &self.environment(free_port()?),
            &self.folder,
        )
    }

    /// Starts `bellhop ingress` on the address the simulator sends to, and waits until it listens.
    pub(crate) async fn start_ingress(&mut self) -> Result<()> {
        self.ingress = Some(self.spawn_ingress().await?);
        Ok(())
    }

    /// As [`World::start_ingress`], for a caller who keeps the process.
    pub(crate) async fn spawn_ingress(&self) -> Result<Process> {
        let ingress = Process::start(&["ingress"], &self.environment(free_port()?), &self.folder)?;
        let url = format!("http://127.0.0.1:{}/healthz", self.ingress_port);
        eventually("ingress listens", || async {
            Ok(reqwest::get(&url)
                .await
                .is_ok_and(|a| a.status().is_success()))
        })
        .await?;
        Ok(ingress)
    }

    /// SIGKILL, as a power cut would.
    pub(crate) fn kill_worker(&mut self) {
        self.worker = None;
    }

    pub(crate) fn kill_ingress(&mut self) {
        self.ingress = None;
    }

    /// Temporal dies with its disk, and starts empty.
    pub(crate) async fn lose_temporal(&mut self) -> Result<()> {
        self.temporal.kill();
        for ending in ["", "-wal", "-shm"] {
            // A server that wrote nothing has not all of them.
            let _ = std::fs::remove_file(self.folder.join(format!("temporal.db{ending}")));
        }
        Ok(self.temporal.start_again().await?)
    }

    fn environment(&self, worker_port: u16) -> Vec<(String, String)> {
        [
            ("BELLHOP_DATABASE_URL", self.postgres.url("bellhop")),
            ("BELLHOP_SECRET_KEYS", self.keys.expose_secret().to_owned()),
            ("TEMPORAL_ADDRESS", self.temporal.address()),
            ("BELLHOP_RETELL_BASE_URL", self.retell.base_url()),
            ("BELLHOP_DIAL_TIMEOUT_SECONDS", "5".to_owned()),
            ("BELLHOP_WORKER_LISTEN", format!("127.0.0.1:{worker_port}")),
            (
                "BELLHOP_INGRESS_LISTEN",
                format!("127.0.0.1:{}", self.ingress_port),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .chain(self.extra.iter().cloned())
        .collect()
    }

    pub(crate) async fn client(&self) -> Result<Client> {
        let options = worker::TemporalOptions {
            address: self.temporal.address(),
            namespace: "default".into(),
        };
        worker::connect(&options, "test").await
    }

    /// Imports appointments as a file would bring them.
    pub(crate) async fn import(&mut self, csv: &str) -> Result<import::Outcome> {
        self.files += 1;
        let file = self.folder.join(format!("appointments-{}.csv", self.files));
        std::fs::write(&file, csv)?;
        let target = self.store.tenant(self.tenant);
        let files = import::SideFiles::beside(&file);
        import::import(
            &file,
            &options_for(&self.settings, None)?,
            Some(&target),
            &files,
            false,
        )
        .await
    }

    /// One appointment, of the person with this number, in so many days.
    pub(crate) async fn book(&mut self, external_id: &str, of: u32, days: i64) -> Result<()> {
        self.import(&format!("{HEADER}{}", row(external_id, of, days)))
            .await?;
        Ok(())
    }

    pub(crate) async fn appointment(&self, external_id: &str) -> Result<AppointmentId> {
        let mut tx = self.store.tenant(self.tenant).begin().await?;
        tx.appointment_by_external_id(external_id)
            .await?
            .context("the appointment was imported")
    }

    /// Fast-forwards until every reminder has ended and every call is over.
    pub(crate) async fn play(&self) -> Result<()> {
        self.play_until(None).await
    }

    /// As [`World::play`], but not beyond an instant of the processes' time.
    pub(crate) async fn play_until(&self, until: Option<Timestamp>) -> Result<()> {
        let client = self.client().await?;
        let conductor = Conductor {
            client: &client,
            store: &self.store,
            tenant: self.tenant,
            silence: SILENCE,
        };
        conductor.play(until, PATIENCE, |_| {}).await
    }

    /// Plays until a condition holds; fails when everything ended without it.
    pub(crate) async fn play_until_seen<F, Fut>(&self, what: &str, mut holds: F) -> Result<()>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<bool>>,
    {
        tokio::select! {
            seen = eventually(what, &mut holds) => return seen,
            played = self.play() => played?,
        }
        ensure!(holds().await?, "everything ended before {what}");
        Ok(())
    }

    /// Asks the database; columns are separated by `|`.
    pub(crate) async fn sql(&self, query: &str) -> Result<String> {
        Ok(self
            .postgres
            .psql("bellhop", query)
            .await?
            .trim()
            .to_owned())
    }

    /// A count in the database.
    pub(crate) async fn count(&self, of: &str) -> Result<i64> {
        self.sql(&format!("select count(*) from {of}"))
            .await?
            .parse()
            .context("a count is a number")
    }

    /// When the calls to an appointment were dialed, in order, by the time of their processes.
    pub(crate) async fn dialed_at(&self, external_id: &str) -> Result<Vec<Timestamp>> {
        let answer = self
            .sql(&format!(
                "select to_char(c.dialing_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
                 from calls c join appointments a on a.id = c.appointment_id
                 where a.external_id = '{external_id}' and c.dialing_at is not null order by c.id"
            ))
            .await?;
        answer
            .lines()
            .map(|line| line.parse().context("an instant"))
            .collect()
    }

    /// How the reminder of an appointment ended, as `ending` or `ending: reason`.
    pub(crate) async fn ending(&self, external_id: &str) -> Result<String> {
        self.sql(&format!(
            "select concat_ws(': ', coalesce(r.ending, r.state), r.reason) from reminders r
             join appointments a on a.id = r.appointment_id where a.external_id = '{external_id}'"
        ))
        .await
    }

    /// Sends a webhook about the only call, as Retell would, beside those of the simulator.
    pub(crate) async fn hear(&self, event: &str, about_the_call: serde_json::Value) -> Result<()> {
        let ledger = self.ledger();
        let call = ledger.calls.first().context("no call was placed")?;
        let mut body = serde_json::json!({ "event": event, "call": about_the_call });
        body["call"]["call_id"] = call.provider_call_id.clone().into();
        let body = body.to_string();
        let now = Timestamp::now().as_millisecond();
        let signature = sign(body.as_bytes(), &API_KEY.into(), now);
        let answer = reqwest::Client::new()
            .post(&self.webhook_url)
            .header(SIGNATURE_HEADER, signature)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await?;
        ensure!(
            answer.status() == 204,
            "a webhook was answered {}",
            answer.status()
        );
        Ok(())
    }

    /// Runs `bellhop` to its end, as an operator would; answers with what it printed.
    pub(crate) async fn operate(&self, arguments: &[&str]) -> Result<String> {
        let ended = tokio::process::Command::new(env!("CARGO_BIN_EXE_bellhop"))
            .args(arguments)
            .envs(self.environment(free_port()?))
            .output()
            .await?;
        ensure!(
            ended.status.success(),
            "{arguments:?}: {}{}",
            String::from_utf8_lossy(&ended.stdout),
            String::from_utf8_lossy(&ended.stderr)
        );
        Ok(String::from_utf8(ended.stdout)?)
    }

    /// Replaces the clinic's settings, as an operator would.
    pub(crate) async fn apply_settings(&self, settings: &str) -> Result<()> {
        let file = self.folder.join("settings.toml");
        std::fs::write(&file, settings)?;
        self.operate(&[
            "tenant",
            "apply",
            SLUG,
            "--settings",
            &file.display().to_string(),
        ])
        .await?;
        Ok(())
    }

    /// What the processes have written so far.
    pub(crate) fn logs(&self) -> Result<String> {
        let mut text = String::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                text += &std::fs::read_to_string(path)?;
            }
        }
        Ok(text)
    }

    pub(crate) async fn report(&self) -> Result<Report> {
        self.store
            .tenant(self.tenant)
            .begin()
            .await?
            .report()
            .await
            .map_err(Into::into)
    }

    /// The decisions on an appointment, in words; for the assertion's message and for reasons.
    pub(crate) async fn why(&self, external_id: &str) -> Result<Vec<String>> {
        let appointment = self.appointment(external_id).await?;
        let mut tx = self.store.tenant(self.tenant).begin().await?;
        let timeline = tx.timeline(appointment).await?;
        Ok(timeline
            .into_iter()
            .map(|entry| format!("{} {}", entry.verdict, entry.words))
            .collect())
    }

    pub(crate) fn ledger(&self) -> Ledger {
        self.retell.ledger()
    }

    /// What must hold after any fault: nobody dialed twice for one attempt, no acknowledged event lost or
    /// left unread, every reminder ended, no forged webhook taken.
    pub(crate) async fn assert_sound(&self) -> Result<()> {
        ensure!(
            self.retell.quiet(Duration::from_secs(60)).await,
            "the simulator still sends"
        );
        eventually("every event is read", || async {
            Ok(self.report().await?.unread_events == 0 && self.store.outbox_length().await? == 0)
        })
        .await?;
        let ledger = self.ledger();
        ensure!(
            ledger.totals.double_dials == 0,
            "dialed twice: {:?}",
            ledger.dialed_per_call
        );
        ensure!(
            ledger.totals.bad_signatures_accepted == 0,
            "a forged webhook was taken"
        );
        let mut tx = self.store.tenant(self.tenant).begin().await?;
        let received = tx.received_events().await?;
        for webhook in ledger
            .webhooks
            .iter()
            .filter(|webhook| webhook.delivery == Delivery::Acknowledged)
        {
            let key = (
                webhook.event.clone(),
                Some(webhook.provider_call_id.clone()),
            );
            ensure!(
                received.contains(&key),
                "an acknowledged event is lost: {key:?}"
            );
        }
        let report = tx.report().await?;
        for (code, reason, count) in &report.endings {
            ensure!(
                Ending::from_code(code).is_some(),
                "{count} reminders are still {code} ({reason:?})"
            );
        }
        drop(tx);
        self.assert_accounted_for(&ledger).await?;
        self.assert_discreet()
    }

    /// Every call at the provider is one of ours, with a decision that says why it was made (RULE-5).
    async fn assert_accounted_for(&self, ledger: &Ledger) -> Result<()> {
        let dialed = |call: &&CallSeen| call.direction == Direction::Outbound;
        for call in ledger.calls.iter().filter(dialed) {
            let id = call.call_id.as_deref().context("a call without our id")?;
            let id = id.parse::<CallId>().ok().context("no id of ours")?.uuid();
            let known = format!(
                "calls where id = '{id}' and (dial_state = 'placed' or outcome = 'uncertain')"
            );
            ensure!(
                self.count(&known).await? == 1,
                "a call was placed and we do not know it: {call:?}"
            );
            let decided = format!("decisions where call_id = '{id}' and verdict = 'dial'");
            ensure!(
                self.count(&decided).await? == 1,
                "no decision says why {call:?} was made"
            );
        }
        let silent = "reminders r where not exists (select from decisions d where d.appointment_id = r.appointment_id)";
        ensure!(
            self.count(silent).await? == 0,
            "a reminder ended without any decision"
        );
        Ok(())
    }

    /// No process wrote a name, a number or a key, and none panicked.
    fn assert_discreet(&self) -> Result<()> {
        let logs = self.logs()?;
        for private in ["Ada", "Archer", "7700900", API_KEY] {
            let line = logs.lines().find(|line| line.contains(private));
            ensure!(line.is_none(), "a log tells {private:?}: {line:?}");
        }
        let panic = logs.lines().find(|line| line.contains("panicked"));
        ensure!(panic.is_none(), "{panic:?}");
        Ok(())
    }

    /// Each reminder ended as the last call to its number went. For scenarios in which every appointment
    /// has a number of its own and every call can be found out about.
    pub(crate) async fn assert_heard(&self) -> Result<()> {
        let rows = self
            .sql(
                "select c.e164, coalesce(r.ending, r.state), a.external_id from reminders r
                 join appointments a on a.id = r.appointment_id join contacts c on c.id = a.contact_id",
            )
            .await?;
        let ledger = self.ledger();
        for row in rows.lines() {
            let mut columns = row.split('|').map(str::to_owned);
            let mut column = || columns.next().context("three columns");
            let (e164, ending, appointment) = (column()?, column()?, column()?);
            let mut calls = ledger.calls.iter().rev();
            let last = calls.find(|call| call.to_number == e164);
            let why = self.why(&appointment).await?;
            let last =
                last.with_context(|| format!("nobody called for {appointment}: {why:#?}"))?;
            let expected = match last.stuck {
                // Nobody can find out how it went.
                true => Ending::ManualReview,
                false => ending_after(last.outcome),
            };
            ensure!(
                ending == expected.code(),
                "{appointment} ended as {ending} after {last:?}: {why:#?}"
            );
        }
        Ok(())
    }
}

/// How a reminder ends whose last call went so.
fn ending_after(last: Outcome) -> Ending {
    match last {
        Outcome::Confirmed => Ending::Confirmed,
        Outcome::Cancelled | Outcome::CancelledAndDoNotCall => Ending::Cancelled,
        Outcome::Rescheduled => Ending::Rescheduled,
        Outcome::DoNotCall | Outcome::InvalidNumber => Ending::Refused,
        Outcome::NoPayment => Ending::TechnicalReview,
        _ => Ending::ManualReview,
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // A test that fails by an error does not panic here: its own report cannot be told from success.
        if std::thread::panicking() || std::env::var_os("BELLHOP_KEEP_LOGS").is_some() {
            eprintln!("logs of the processes are in {}", self.folder.display());
        } else {
            // Left behind, it only takes room.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn parse(settings: &str) -> Result<Settings> {
    Settings::from_toml(settings).map_err(|problems| anyhow::anyhow!("{problems:?}"))
}

/// Waits for a condition, for a minute at most.
pub(crate) async fn eventually<F, Fut>(what: &str, mut holds: F) -> Result<()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<bool>>,
{
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while !holds().await? {
        ensure!(
            tokio::time::Instant::now() < deadline,
            "{what}: not within a minute"
        );
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    Ok(())
}

/// A simulated Retell whose calls take a fraction of a second.
pub(crate) fn quick() -> Scenario {
    Scenario::default().at_speed(200.0)
}

/// Many lines of a file: `count` appointments on each of these days, every one with a number of its own.
pub(crate) fn rows(count: u32, days: &[i64]) -> String {
    let mut file = HEADER.to_owned();
    let mut of = 0;
    for day in days {
        for _ in 0..count {
            of += 1;
            file += &row(&format!("A{of}"), of, *day);
        }
    }
    file
}

/// A number of the range kept for fiction.
pub(crate) fn number(of: u32) -> String {
    format!("+447700900{of:03}")
}

pub(crate) const HEADER: &str = "external_id,name,phone,appointment_at,status\n";

/// A line of a file: the appointment is `days` days ahead, at noon.
pub(crate) fn row(external_id: &str, of: u32, days: i64) -> String {
    let at = in_days(days);
    format!("{external_id},Ada Archer,{},{at},\n", number(of))
}

/// Noon UTC, `days` days ahead, at least; never on a day whose noon is too near a change of clocks to matter.
pub(crate) fn in_days(days: i64) -> Timestamp {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let day = today.checked_add(days.days()).unwrap_or(today);
    day.at(12, 0, 0, 0)
        .to_zoned(TimeZone::UTC)
        .map(|zoned| zoned.timestamp())
        .unwrap_or(Timestamp::MAX)
}

/// The next such weekday that is at least `after` days ahead, at an hour of UTC.
pub(crate) fn next(weekday: Weekday, after: i64, hour: i8) -> Timestamp {
    let mut day = in_days(after).to_zoned(TimeZone::UTC).date();
    while day.weekday() != weekday {
        day = day.tomorrow().unwrap_or(day);
    }
    let at = day.at(hour, 0, 0, 0).to_zoned(TimeZone::UTC);
    at.map(|zoned| zoned.timestamp()).unwrap_or(Timestamp::MAX)
}

pub(crate) const HOUR: SignedDuration = SignedDuration::from_hours(1);
