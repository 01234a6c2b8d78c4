//! `bellhop capture`: the hook's own side runs before this (see `main`); here is what the server knows.

use std::{io::Write, process::ExitCode};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use store::{SessionEntry, SessionLine};

use crate::{commands::tenant, config, say};

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
pub enum Action {
    #[command(flatten)]
    Client(::capture::Action),
    /// List the conversations that came in, newest first
    Sessions(SessionsOptions),
    /// Show one conversation: messages and tool uses in order
    Show(ShowOptions),
}

#[derive(Args)]
pub struct SessionsOptions {
    #[arg(long)]
    tenant: String,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    limit: i64,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct ShowOptions {
    #[arg(long)]
    tenant: String,
    /// The session's id, as `bellhop capture sessions` lists it
    session: String,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    match options.action {
        Some(Action::Client(action)) => Ok(action.run()),
        Some(Action::Sessions(options)) => sessions(options).await,
        Some(Action::Show(options)) => show(options).await,
        None => bail!("an event is taken before the program starts; this is a mistake of ours"),
    }
}

async fn sessions(options: SessionsOptions) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let sessions = tx.agent_sessions(options.limit).await?;
    if options.json {
        say!("{}", serde_json::to_string_pretty(&sessions)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    for session in &sessions {
        say!("{}", session_line(session))?;
    }
    if sessions.is_empty() {
        say!("nothing was captured yet")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn session_line(session: &SessionEntry) -> String {
    let ended = match (&session.ended_at, &session.end_reason) {
        (Some(_), Some(reason)) => format!("ended: {reason}"),
        (Some(_), None) => "ended".to_owned(),
        (None, _) => "open".to_owned(),
    };
    let mut line = format!(
        "{}  {}  {}, {}, {ended}",
        session.last_seen_at.strftime("%F %TZ"),
        session.session_id,
        crate::counted(session.messages.unsigned_abs(), "message"),
        crate::counted(session.tool_uses.unsigned_abs(), "tool use"),
    );
    for part in [&session.client, &session.model, &session.cwd]
        .into_iter()
        .flatten()
    {
        line.push_str(&format!(", {part}"));
    }
    line
}

async fn show(options: ShowOptions) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let lines = tx.agent_session(&options.session).await?;
    let known = lines.first().map(|_| ());
    known.with_context(|| format!("nothing is known of a session {:?}", options.session))?;
    if options.json {
        say!("{}", serde_json::to_string_pretty(&lines)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = std::io::stdout().lock();
    for line in &lines {
        writeln!(out, "{}", told(line))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn told(line: &SessionLine) -> String {
    match line {
        SessionLine::Message { at, role, text } => {
            format!("{}  {role}: {text}", at.strftime("%T"))
        }
        SessionLine::ToolUse {
            at,
            tool_name,
            input,
            response,
            error,
            duration_ms,
            ..
        } => {
            let mut told = format!(
                "{}  tool {}",
                at.strftime("%T"),
                tool_name.as_deref().unwrap_or("unknown")
            );
            if let Some(milliseconds) = duration_ms {
                told.push_str(&format!(" ({milliseconds} ms)"));
            }
            for (name, text) in [("in", input), ("out", response), ("error", error)] {
                if let Some(text) = text {
                    told.push_str(&format!("\n          {name}: {text}"));
                }
            }
            told
        }
    }
}
