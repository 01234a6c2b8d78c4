//! `bellhop demo`: a clinic's week plays out on the real engine, with a simulated Retell (SIM-4).

mod clinic;
mod summary;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use activities::{
    Accounts, Calendars, ChannelOptions, CrmOptions, Platform, TextOptions, VoiceOptions,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use embedded::PostgresOptions;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use simulator::retell::{Account, Config, Running, Scenario};
use store::{KeyRing, PoolOptions, Store};
use worker::Means;

use crate::{
    appointment_file::options_for,
    commands::{asked_to_stop, import, tenant},
    conductor::{Conductor, Progress},
    stack::{Servers, Stack, Wanted},
};
use summary::Summary;

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

/// Times faster than life that the simulated calls play.
const SPEED: f64 = 300.0;
/// A play in which nothing at all happens for this long is broken.
const PATIENCE: Duration = Duration::from_secs(90);
const SILENCE: Duration = Duration::from_secs(4);

pub async fn run(options: Options) -> Result<ExitCode> {
    let started = Instant::now();
    let folder = PathBuf::from(".bellhop").join(format!("demo-{}", std::process::id()));
    say("starting PostgreSQL and Temporal");
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
    folder: &std::path::Path,
    started: Instant,
) -> Result<ExitCode> {
    let store = servers
        .store(&KeyRing::generate(), PoolOptions::default())
        .await?;
    let retell = simulated_retell(options.seed).await?;
    let accounts = Accounts::new(VoiceOptions {
        retell_base_url: retell.base_url(),
        ..VoiceOptions::default()
    });
    let means = Means {
        store: store.clone(),
        accounts,
        channels: ChannelOptions::default(),
        calendars: Calendars::default(),
        crm: CrmOptions::default(),
        texts: TextOptions::default(),
        platform: Platform::default(),
    };
    say("starting ingress and workers");
    let ingress = ingress::Config {
        listen: ([127, 0, 0, 1], 0).into(),
        ..Default::default()
    };
    let mut stack = Stack::start(servers, means, ingress, None).await?;

    let settings = clinic::settings()?;
    let source = tenant::create(&store, clinic::SLUG, &settings).await?;
    let clinic = tenant::find(&store, clinic::SLUG).await?;
    let mut tx = store.tenant(clinic.id).begin().await?;
    tx.add_provider_secret(store.keys(), "retell", &clinic::API_KEY.into())
        .await?;
    tx.opt_out(clinic::OPTED_OUT, "demo").await?;
    tx.commit().await?;
    retell.set_account(Account {
        key: clinic::API_KEY.into(),
        webhook_url: Some(format!("{}/hooks/{source}", stack.ingress_url)),
        agents: None,
        numbers: None,
    });

    let file = folder.join("appointments.csv");
    std::fs::write(
        &file,
        clinic::appointments(Timestamp::now(), options.appointments, options.seed)?,
    )
    .with_context(|| format!("cannot write {}", file.display()))?;
    let files = import::SideFiles::beside(&file);
    let target = store.tenant(clinic.id);
    let imported = import::import(
        &file,
        &options_for(&settings, None)?,
        Some(&target),
        &files,
        false,
    )
    .await?;
    say(&format!(
        "{} made, {} appointments imported, {} rows rejected",
        settings.tenant.name, imported.added, imported.rejected
    ));
    for line in std::fs::read_to_string(&files.rejects)
        .unwrap_or_default()
        .lines()
        .skip(1)
    {
        println!("    rejected: {line}");
    }
    if let Some(ui) = &servers.ui_url {
        say(&format!("Temporal's screens: {ui}"));
    }

    say("fast forward until every reminder has ended");
    let conductor = Conductor {
        client: &stack.client,
        store: &store,
        tenant: clinic.id,
        silence: SILENCE,
    };
    let bar = Bar::new(imported.added);
    tokio::select! {
        played = conductor.play(None, PATIENCE, |progress| bar.show(progress)) => played?,
        () = asked_to_stop() => bail!("stopped before the end"),
    }
    bar.finish();
    retell.quiet(Duration::from_secs(30)).await;
    settle(&store, &conductor).await?;

    let summary = Summary::read(&store, clinic.id, &retell, imported, started.elapsed()).await?;
    summary.print(servers.ui_url.as_deref());
    if !options.exit {
        println!("\nCtrl-C ends the demo");
        tokio::select! {
            ended = stack.watch() => ended?,
            () = asked_to_stop() => {}
        }
    }
    stack.stop().await?;
    retell.stop().await;
    store.close().await;
    println!("{}", summary.json());
    Ok(if summary.is_sound() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn simulated_retell(seed: u64) -> Result<Running> {
    let scenario = Scenario {
        seed,
        ..Scenario::default()
    }
    .at_speed(SPEED);
    simulator::retell::start(Config::with_account(clinic::API_KEY, None, scenario)).await
}

/// The last webhooks came after their reminders had ended: their processes run once more.
async fn settle(store: &Store, conductor: &Conductor<'_>) -> Result<()> {
    conductor.play(None, PATIENCE, |_| {}).await?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
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

fn say(text: &str) {
    println!("• {text}");
}

/// Progress on a terminal as a bar, elsewhere as a line now and then.
struct Bar {
    bar: ProgressBar,
    total: u64,
    told: AtomicU64,
}

impl Bar {
    fn new(total: u64) -> Self {
        let bar = ProgressBar::new(total);
        if let Ok(style) = ProgressStyle::with_template("  {bar:40} {pos}/{len} ended  {msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            total,
            told: AtomicU64::new(0),
        }
    }

    fn show(&self, progress: Progress) {
        let ended = self.total.saturating_sub(progress.open_reminders as u64);
        let at = progress
            .at
            .map(|at| at.strftime("%a %-d %b %H:%M UTC").to_string())
            .unwrap_or_default();
        if self.bar.is_hidden() {
            let tenth = ended * 10 / self.total.max(1);
            if self.told.fetch_max(tenth, Ordering::Relaxed) < tenth {
                println!("  {ended} of {} reminders ended, {at}", self.total);
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
