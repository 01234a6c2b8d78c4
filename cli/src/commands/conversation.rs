//! `bellhop conversation`: all texts and calls with a person, in order.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use domain::{
    call::Direction,
    text::{Number, PhoneCall, Speaker, Text, What, Words},
};
use jiff::tz::TimeZone;
use serde_json::json;
use store::{SoundEntry, StoredEntry, Who};

use crate::{
    commands::{tenant, texts::whom},
    config, plain, say,
};

#[derive(Args)]
pub struct Options {
    #[arg(long)]
    tenant: String,
    /// The contact (`con_…`), or a number in any usual form
    contact: String,
    /// The newest so many texts and calls
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let zone = tenant.settings.tenant.zone()?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let (contact, e164) = whom(&mut tx, &options.contact, &tenant.settings).await?;
    let who = match (contact, &e164) {
        (Some(contact), _) => Who::Contact(contact),
        (None, Some(e164)) => Who::Number(e164),
        // A contact is always found by one of the two.
        (None, None) => Who::Number(""),
    };
    let entries = tx.conversation(who, options.limit).await?;
    let mut all = Vec::new();
    for entry in entries {
        let sounds = tx.sounds_of(entry.id).await?;
        all.push((entry, sounds));
    }
    if options.json {
        let all: Vec<_> = all.iter().map(as_json).collect();
        say!("{}", serde_json::to_string_pretty(&all)?)?;
    } else if all.is_empty() {
        say!("there is no text and no call")?;
    } else {
        for (entry, sounds) in &all {
            for line in lines(entry, sounds, &zone) {
                // One line for each: what people write may hold anything.
                say!("{}", plain(&line))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json((stored, sounds): &(StoredEntry, Vec<SoundEntry>)) -> serde_json::Value {
    let sounds: Vec<_> = sounds
        .iter()
        .map(|sound| {
            json!({
                "id": sound.id, "kind": sound.kind, "length": sound.length, "ended": sound.ended,
            })
        })
        .collect();
    json!({
        "id": stored.id,
        "at": stored.at,
        "number": stored.e164,
        "contact": stored.contact,
        "entry": stored.entry,
        "sounds": sounds,
    })
}

fn lines(stored: &StoredEntry, sounds: &[SoundEntry], zone: &TimeZone) -> Vec<String> {
    let at = stored.at.to_zoned(zone.clone());
    let from = match stored.entry.parties.direction {
        Some(Direction::Inbound) => "←",
        Some(Direction::Outbound) => "→",
        None => "·",
    };
    let who = match &stored.entry.parties.person {
        Some(Number::Dialable(number)) => number.e164().to_owned(),
        Some(Number::Other(name)) => name.0.clone(),
        None => "somebody".to_owned(),
    };
    let (first, more) = match &stored.entry.what {
        What::Text(text) => (of_text(text), Vec::new()),
        What::Call(call) => {
            let stage = call.stage(stored.entry.parties.direction);
            let length = call.duration_s.map(|seconds| format!(", {seconds} s"));
            let first = format!("call, {stage}{}", length.unwrap_or_default());
            (first, of_call(call))
        }
    };
    let head = format!(
        "{}  {from} {who}  {first}",
        at.strftime("%a %Y-%m-%d %H:%M:%S %Z")
    );
    let sounds = sounds
        .iter()
        .map(|sound| match (sound.length, &sound.ended) {
            (Some(bytes), _) => format!("{}: {}, {bytes} bytes", sound.kind, sound.id),
            (None, Some(why)) => format!("{}: not kept ({why})", sound.kind),
            (None, None) => format!("{}: not fetched yet", sound.kind),
        });
    let more = more
        .into_iter()
        .chain(sounds)
        .map(|line| format!("    {line}"));
    std::iter::once(head).chain(more).collect()
}

fn of_text(text: &Text) -> String {
    let body = text.body.as_ref().map_or("", |body| body.0.as_str());
    let status = text.status.map(|status| format!("[{status}] "));
    let media = match text.media.len() {
        0 => String::new(),
        count => format!(" ({count} attached)"),
    };
    format!("{}{body}{media}", status.unwrap_or_default())
}

fn of_call(call: &PhoneCall) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |what: &str, words: &Words| lines.push(format!("{what}: {}", words.0));
    if let Some(words) = call
        .voicemail
        .as_ref()
        .and_then(|it| it.transcript.as_ref())
    {
        add("voicemail", words);
    }
    if let Some(summary) = &call.summary {
        summary
            .points
            .iter()
            .for_each(|point| add("summary", point));
        summary
            .next_steps
            .iter()
            .for_each(|step| add("next step", step));
    }
    for line in call
        .transcript
        .iter()
        .flat_map(|transcript| &transcript.lines)
    {
        let speaker = match line.speaker {
            Speaker::Business => "business",
            Speaker::Person => "person",
            Speaker::Unknown => "somebody",
        };
        add(speaker, &line.words);
    }
    lines
}
