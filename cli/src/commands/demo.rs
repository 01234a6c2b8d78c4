//! `bellhop demo`: a clinic's inbound morning and its week of reminders play out on the real engine, with simulated vendors (SIM-4).

mod clinic;
mod ends;
mod morning;
mod summary;
mod vendors;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use domain::{ids::TenantId, settings::Settings};
use embedded::PostgresOptions;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{Timestamp, tz::TimeZone};
use secrecy::SecretString;
use store::{KeyRing, PoolOptions, Store};

use crate::{
    appointment_file::options_for,
    commands::{asked_to_stop, import, tenant},
    conductor::{Conductor, Progress},
    stack::{Servers, Stack, Wanted},
};
use morning::Place;
use summary::Summary;
use vendors::Vendors;

#[derive(Args)]
pub struct Options {
    /// End when every reminder has ended, instead of keeping the screens open
    #[arg(long)]
    exit: bool,
    /// How many appointments the clinic has
    #[arg(long, default_value_t = 72, value_parser = clap::value_parser!(u32).range(1..=5000))]
    appointments: u32,
    /// Another week, another fate
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

/// A play in which nothing at all happens for this long is broken.
const PATIENCE: Duration = Duration::from_secs(90);
const SILENCE: Duration = Duration::from_secs(4);

pub async fn run(options: Options) -> Result<ExitCode> {
    let started = Instant::now();
    let folder = PathBuf::from(".bellhop").join(format!("demo-{}", std::process::id()));
    say("starting PostgreSQL and Temporal")?;
    let wanted = Wanted {
        postgres: PostgresOptions::temporary(),
        durable_engine: false,
        use_named: false,
    };
    let servers = Servers::start(&folder, wanted).await?;
    let outcome = play(&options, &servers, &folder, started).await;
    servers.stop().await;
    // Nothing of a demo is worth keeping; what cannot be removed is named by its folder.
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

async fn play(
    options: &Options,
    servers: &Servers,
    folder: &Path,
    started: Instant,
) -> Result<ExitCode> {
    let keys = KeyRing::generate();
    let store = servers.store(&keys, PoolOptions::default()).await?;
    let vendors = Vendors::start(options.seed, morning::reads()).await?;
    say("starting ingress and workers")?;
    let ingress = ingress::Config {
        listen: ([127, 0, 0, 1], 0).into(),
        ..Default::default()
    };
    let mut stack = Stack::start(servers, vendors.means(&store), ingress, None).await?;
    let demo = Demo {
        options,
        servers,
        folder,
        keys: &keys,
        store: &store,
        vendors: &vendors,
    };
    let played = tokio::select! {
        played = demo.tell(&stack, started) => played,
        () = asked_to_stop() => Err(anyhow!("stopped before the end")),
    };
    let watched = match &played {
        Ok(_) if !options.exit => tokio::select! {
            ended = stack.watch() => ended,
            () = asked_to_stop() => Ok(()),
        },
        _ => Ok(()),
    };
    stack.stop().await?;
    vendors.stop().await;
    store.close().await;
    let summary = played?;
    watched?;
    crate::say!("{}", summary.json())?;
    Ok(match summary.troubles().is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// What the play has.
struct Demo<'a> {
    options: &'a Options,
    servers: &'a Servers,
    folder: &'a Path,
    keys: &'a SecretString,
    store: &'a Store,
    vendors: &'a Vendors,
}

impl Demo<'_> {
    /// The clinic is made, has its morning and its week, and is counted.
    async fn tell(&self, stack: &Stack, started: Instant) -> Result<Summary> {
        let (store, vendors) = (self.store, self.vendors);
        ends::write_variables(self.servers, self.keys, self.folder)?;
        let before = morning::crm::seed(vendors)?;
        let settings = clinic::settings()?;
        let source = tenant::create(store, clinic::SLUG, &settings).await?;
        let clinic = tenant::find(store, clinic::SLUG).await?.id;
        let mut tx = store.tenant(clinic).begin().await?;
        tx.opt_out(clinic::OPTED_OUT, "demo").await?;
        tx.commit().await?;
        vendors
            .connect(store, clinic, &source, &stack.ingress_url)
            .await?;
        let imported = self.import(clinic, &settings).await?;
        if let Some(ui) = &self.servers.ui_url {
            say(&format!("Temporal's screens: {ui}"))?;
        }
        let place = Place {
            store,
            client: &stack.client,
            tenant: clinic,
            zone: settings.tenant.zone()?,
            vendors,
        };
        let morning = morning::play(&place, &before).await?;
        crate::say!("")?;
        say("fast forward until every reminder has ended")?;
        let bar = Bar::new(place.reminders().await?, place.zone.clone());
        play_the_week(&place, &bar).await?;
        let summary = Summary::read(&place, morning, imported, started).await?;
        summary.print(&place, self.servers.ui_url.as_deref())?;
        if !self.options.exit {
            ends::tell_how_to_look(self.folder)?;
        }
        Ok(summary)
    }

    async fn import(&self, clinic: TenantId, settings: &Settings) -> Result<import::Outcome> {
        let Options {
            appointments, seed, ..
        } = self.options;
        let file = self.folder.join("appointments.csv");
        let rows = clinic::appointments(Timestamp::now(), *appointments, *seed)?;
        std::fs::write(&file, rows).with_context(|| format!("cannot write {}", file.display()))?;
        let files = import::SideFiles::beside(&file);
        let target = self.store.tenant(clinic);
        let rows = options_for(settings, None)?;
        let imported = import::import(&file, &rows, Some(&target), &files, false).await?;
        say(&format!(
            "{} made, {} appointments imported, {} rows rejected",
            settings.tenant.name, imported.added, imported.rejected
        ))?;
        // Without a bad row there is no such file.
        let rejects = std::fs::read(&files.rejects).unwrap_or_default();
        for row in csv::Reader::from_reader(rejects.as_slice()).deserialize() {
            let (line, field, value, problem): (String, String, String, String) = row?;
            crate::say!("    line {line}, {field} {value:?}: {problem}")?;
        }
        Ok(imported)
    }
}

/// Until every reminder has ended and every webhook was read.
async fn play_the_week(place: &Place<'_>, bar: &Bar) -> Result<()> {
    let conductor = Conductor {
        client: place.client,
        store: place.store,
        tenant: place.tenant,
        silence: SILENCE,
    };
    place.crm_goes_ahead().await?;
    conductor
        .play(None, PATIENCE, |progress| bar.show(progress))
        .await?;
    bar.finish();
    place.vendors.retell.quiet(Duration::from_secs(30)).await;
    settle(&conductor).await
}

/// The last webhooks came after their reminders had ended: their processes run once more.
async fn settle(conductor: &Conductor<'_>) -> Result<()> {
    conductor.play(None, PATIENCE, |_| {}).await?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        let store = conductor.store;
        let mut tx = store.tenant(conductor.tenant).begin().await?;
        let unread = tx.report().await?.unread_events;
        drop(tx);
        if unread == 0 && store.outbox_length().await? == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn say(text: &str) -> Result<()> {
    Ok(crate::say!("• {text}")?)
}

/// Progress on a terminal as a bar, elsewhere as a line now and then.
struct Bar {
    bar: ProgressBar,
    total: u64,
    zone: TimeZone,
    told: AtomicU64,
}

impl Bar {
    fn new(total: u64, zone: TimeZone) -> Self {
        let bar = ProgressBar::new(total);
        if let Ok(style) = ProgressStyle::with_template("  {bar:40} {pos}/{len} ended  {msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            total,
            zone,
            told: AtomicU64::new(0),
        }
    }

    fn show(&self, progress: Progress) {
        let ended = self.total.saturating_sub(progress.open_reminders as u64);
        let at = progress
            .at
            .map(|at| morning::clinics_time(at, &self.zone))
            .unwrap_or_default();
        if self.bar.is_hidden() {
            let tenth = ended * 10 / self.total.max(1);
            if self.told.fetch_max(tenth, Ordering::Relaxed) < tenth {
                // Whoever does not read any more is met by the next line of the story.
                let _ = crate::say!("  {ended} of {} reminders ended, {at}", self.total);
            }
        } else {
            self.bar.set_position(ended);
            self.bar.set_message(at);
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
