//! The commands, one file each.

pub mod alerts;
pub mod approvals;
pub mod calendars;
pub mod capture;
pub mod contacts;
pub mod conversation;
pub mod crm;
pub mod demo;
pub mod dev;
pub mod doctor;
pub mod environment;
pub mod erase;
pub mod events;
pub mod followups;
pub mod healthcheck;
pub mod import;
pub mod ingress;
pub mod logs;
pub mod migrate;
pub mod notes;
pub mod opt_out;
pub mod plan;
pub mod review;
pub mod simulator;
pub mod tenant;
pub mod texts;
pub mod trace;
pub mod wake;
pub mod why;
pub mod worker;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use crate::telemetry;

#[derive(Subcommand)]
pub enum Command {
    /// Play a clinic's inbound morning and its week of reminders on the real engine, with simulated vendors
    Demo(demo::Options),
    /// Run the whole stack for daily use; data is kept in .bellhop/
    Dev(dev::Options),
    /// Serve the task queues: reminders, calls, events, alerts, requests to other systems
    Worker(worker::Options),
    /// Receive webhooks
    Ingress,
    /// Bring the database schema up to date
    Migrate,
    /// Make, show and change tenants
    #[command(subcommand)]
    Tenant(tenant::Action),
    /// Read appointments from a CSV or JSON file
    Import(import::Options),
    /// Who would be called when, who not, and why; needs no server
    Plan(plan::Options),
    /// How a tenant stands with its CRM, and what a person has to decide
    #[command(subcommand)]
    Crm(crm::Action),
    /// Why was this appointment called, or not?
    Why(why::Options),
    /// What waits for a person?
    Review(review::Options),
    /// What callers left for the people of the business
    #[command(subcommand)]
    Notes(notes::Action),
    /// Who is stored, two contacts that are one person, and one who is to be forgotten
    #[command(subcommand)]
    Contacts(contacts::Action),
    /// When each calendar of a tenant was read, and what is wrong with it
    Calendars(calendars::Options),
    /// Texts of ours, and what reading costs
    #[command(subcommand)]
    Texts(texts::Action),
    /// All texts and calls with a person, in order
    Conversation(conversation::Options),
    /// Values that were read out of people's words and wait for somebody's word
    #[command(subcommand)]
    Approvals(approvals::Action),
    /// Who called, was not answered, and waits to be called back
    #[command(subcommand)]
    Followups(followups::Action),
    /// Never call this number again for this tenant
    OptOut(opt_out::Options),
    /// What came in, where it stands, and once more
    #[command(subcommand)]
    Events(events::Action),
    /// Everything known of one webhook, event or call, in order
    Trace(trace::Options),
    /// Search and export the log files of all processes
    Logs(logs::Options),
    /// What people are told of trouble, and whether it reaches them
    #[command(subcommand)]
    Alerts(alerts::Action),
    /// Take a coding agent's hook events; without a sub-command one event from standard input
    Capture(capture::Options),
    /// How everything stands, and why something does not work
    Doctor(doctor::Options),
    /// Tell every open process of every tenant to look again; safe at any time, needed when Temporal lost its data
    Wake,
    /// Run a stand-in for Retell, with faults on request
    Simulator(simulator::Options),
    /// Ask a health address; exit 0 when it answers 200
    Healthcheck(healthcheck::Options),
    /// List the environment variables
    Env(environment::Options),
}

impl Command {
    /// What a service's log file is named after.
    fn name(&self) -> &'static str {
        match self {
            Self::Dev(_) => "dev",
            Self::Worker(_) => "worker",
            Self::Ingress => "ingress",
            Self::Simulator(_) => "simulator",
            _ => "bellhop",
        }
    }
}

/// Runs one command. Its exit code is 0 when it did what was asked.
pub fn run(command: Command) -> Result<ExitCode> {
    let service = matches!(
        command,
        Command::Dev(_) | Command::Worker(_) | Command::Ingress | Command::Simulator(_)
    );
    let _traces = if service {
        Some(telemetry::start_service_logs(command.name())?)
    } else {
        telemetry::start_logs()?;
        None
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        match command {
            Command::Demo(options) => demo::run(options).await,
            Command::Dev(options) => dev::run(options).await,
            Command::Worker(options) => worker::run(options).await,
            Command::Ingress => ingress::run().await,
            Command::Migrate => migrate::run().await,
            Command::Tenant(action) => tenant::run(action).await,
            Command::Import(options) => import::run(options).await,
            Command::Plan(options) => plan::run(&options),
            Command::Doctor(options) => doctor::run(options).await,
            Command::Events(action) => events::run(action).await,
            Command::Trace(options) => trace::run(options).await,
            Command::Logs(options) => logs::run(options).await,
            Command::Alerts(action) => alerts::run(action).await,
            Command::Capture(options) => capture::run(options).await,
            Command::Why(options) => why::run(options).await,
            Command::Review(options) => review::run(options).await,
            Command::Notes(action) => notes::run(action).await,
            Command::Contacts(action) => contacts::run(action).await,
            Command::Calendars(options) => calendars::run(options).await,
            Command::Texts(action) => texts::run(action).await,
            Command::Conversation(options) => conversation::run(options).await,
            Command::Approvals(action) => approvals::run(action).await,
            Command::Crm(action) => crm::run(action).await,
            Command::Followups(action) => followups::run(action).await,
            Command::Wake => wake::run().await,
            Command::OptOut(options) => opt_out::run(options).await,
            Command::Simulator(options) => simulator::run(options).await,
            Command::Healthcheck(options) => healthcheck::run(options).await,
            Command::Env(options) => environment::run(&options),
        }
    })
}

/// Resolves when the process is asked to stop (Ctrl-C or SIGTERM).
pub async fn asked_to_stop() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
