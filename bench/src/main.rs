//! `bench`: Bellhop's speed. Each figure is printed beside a bare baseline measured in the same run, because a
//! number alone says more about the machine than about the code.

mod agent;
mod arrivals;
mod bare;
mod bare_wake;
mod callers;
mod capture;
mod conversations;
mod due;
mod duplicates;
mod durable_ingress;
mod figures;
mod load;
mod machine;
mod memory;
mod moved;
mod planning;
mod post;
mod process;
mod rows;
mod shape;
mod stage;
mod throughput;
mod webhooks;
mod woken;
mod world;

use std::{process::ExitCode, time::Duration};

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};

/// Measures Bellhop, and the engine and database below it, on this machine.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Small sizes: shows that everything runs, and measures nothing well
    #[arg(long, global = true)]
    quick: bool,
    /// How many reminders, instead of the usual number
    #[arg(long, global = true, value_parser = clap::value_parser!(u32).range(1..=90_000))]
    reminders: Option<u32>,
    /// How long webhooks are sent at a fixed rate, instead of the usual time
    #[arg(long, global = true, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: Option<u32>,
}

#[derive(Subcommand)]
enum Command {
    /// All of the below
    All,
    /// Webhooks acknowledged a second, beside single-row commits
    Ingress,
    /// Webhooks by schedule: their times at 500/s, and the highest rate that is held
    Arrivals,
    /// Answers to duplicates, beside those to first ones
    Duplicates,
    /// From a call's last event to its end on record, with a hundred calls at once
    Conversations,
    /// From an event's commit to its process having taken it up, beside a bare signal-with-start
    Woken,
    /// Who calls, and functions asked in a call, with a million people and five million calls in the database
    Callers,
    /// From the answer to a caller who moves an appointment to its reminder's new plan
    Moved,
    /// What a hook of `bellhop capture` costs, beside a program that does nothing
    Capture,
    /// From the planned instant to the request to dial
    Due,
    /// Reminders from import to end, beside a bare workflow of the same shape
    Throughput,
    /// Memory of a worker while reminders wait
    Memory,
    /// Plans a second on one core
    Planning,
    /// A part of Bellhop, as a process of its own
    #[command(hide = true)]
    Bellhop {
        #[command(subcommand)]
        command: bellhop::commands::Command,
    },
    /// The worker of the bare workflows, as a process of its own
    #[command(hide = true)]
    BareWorker,
}

/// How large the measurements are.
#[derive(Debug, Clone, Copy)]
struct Size {
    quick: bool,
    reminders: Option<usize>,
    seconds: Option<u32>,
}

impl Size {
    fn quick_or<T>(self, quick: T, usual: T) -> T {
        if self.quick { quick } else { usual }
    }

    fn reminders(self, quick: usize, usual: usize) -> usize {
        self.reminders.unwrap_or(self.quick_or(quick, usual))
    }

    fn seconds(self, quick: u32, usual: u32) -> Duration {
        let seconds = self.seconds.unwrap_or(self.quick_or(quick, usual));
        Duration::from_secs(seconds.into())
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let size = Size {
        quick: arguments.quick,
        reminders: arguments
            .reminders
            .and_then(|number| number.try_into().ok()),
        seconds: arguments.seconds,
    };
    let ended = match arguments.command.unwrap_or(Command::All) {
        Command::Bellhop { command } => {
            process::end_with_parent().and_then(|()| bellhop::commands::run(command))
        }
        Command::BareWorker => process::end_with_parent()
            .and_then(|()| bare::work())
            .map(|()| ExitCode::SUCCESS),
        command => measure(&command, size).map(|()| ExitCode::SUCCESS),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn measure(command: &Command, size: Size) -> Result<()> {
    machine::describe();
    if size.quick {
        println!("--quick: sizes too small for figures that mean something");
    }
    let wanted = |this: &Command| {
        matches!(command, Command::All)
            || std::mem::discriminant(command) == std::mem::discriminant(this)
    };
    if wanted(&Command::Planning) {
        planning::run(size)?;
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut is_met = true;
        if wanted(&Command::Ingress) {
            durable_ingress::run(size).await?;
        }
        if wanted(&Command::Arrivals) {
            arrivals::run(size).await?;
        }
        if wanted(&Command::Duplicates) {
            duplicates::run(size).await?;
        }
        if wanted(&Command::Callers) {
            callers::run(size).await?;
        }
        if wanted(&Command::Moved) {
            is_met = moved::run(size).await?;
        }
        if wanted(&Command::Capture) {
            capture::run(size).await?;
        }
        if wanted(&Command::Conversations) {
            conversations::run(size).await?;
        }
        if wanted(&Command::Woken) {
            woken::run(size).await?;
        }
        if wanted(&Command::Throughput) {
            throughput::run(size).await?;
        }
        if wanted(&Command::Due) {
            due::run(size).await?;
        }
        if wanted(&Command::Memory) {
            memory::run(size).await?;
        }
        // After all the others, which are worth having all the same. Quick sizes say nothing about speed.
        ensure!(
            is_met || size.quick,
            "a moved appointment's reminder took longer than its target"
        );
        Ok(())
    })
}
