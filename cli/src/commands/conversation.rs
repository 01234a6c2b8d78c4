//! `bellhop conversation`: all texts and calls with a person, in order.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use domain::{
    call::{CallOutcome, Direction, Sentiment},
    text::{Number, PhoneCall, Speaker, Text, What, Words},
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use store::{SoundEntry, StoredEntry, VoiceCall, Who};

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
    let mut all = Vec::new();
    for entry in tx.conversation(who, options.limit).await? {
        let sounds = tx.sounds_of(entry.id).await?;
        all.push(Part::OnALine(Box::new(entry), sounds));
    }
    let calls = tx.voice_calls(who, options.limit).await?;
    all.extend(calls.into_iter().map(Part::WithAnAgent));
    all.sort_by_key(Part::at);
    // The newest of both kinds.
    let limit = usize::try_from(options.limit).unwrap_or(usize::MAX);
    all.drain(..all.len().saturating_sub(limit));
    if options.json {
        let all: Vec<_> = all.iter().map(Part::as_json).collect();
        say!("{}", serde_json::to_string_pretty(&all)?)?;
    } else if all.is_empty() {
        say!("there is no text and no call")?;
    } else {
        for part in &all {
            for line in part.lines(&zone) {
                // One line for each: what people write may hold anything.
                say!("{}", plain(&line))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One part of a conversation. It holds personal data and so has no `Debug`.
enum Part {
    /// A text or call on a line of the business, with what is kept of its sound.
    OnALine(Box<StoredEntry>, Vec<SoundEntry>),
    /// A call of a voice agent.
    WithAnAgent(VoiceCall),
}

impl Part {
    fn at(&self) -> Timestamp {
        match self {
            Self::OnALine(entry, _) => entry.at,
            Self::WithAnAgent(call) => call.at,
        }
    }

    fn as_json(&self) -> Value {
        match self {
            Self::OnALine(entry, sounds) => as_json(entry, sounds),
            Self::WithAnAgent(call) => voice_call_as_json(call),
        }
    }

    fn lines(&self, zone: &TimeZone) -> Vec<String> {
        match self {
            Self::OnALine(entry, sounds) => lines(entry, sounds, zone),
            Self::WithAnAgent(call) => of_voice_call(call, zone),
        }
    }
}

pub(super) fn voice_call_as_json(call: &VoiceCall) -> Value {
    json!({
        "call": call.id,
        "provider": call.provider,
        "at": call.at,
        "number": call.e164,
        "direction": call.direction.code(),
        "outcome": call.outcome.map(CallOutcome::code),
        "seconds": call.duration_ms.map(|ms| ms / 1_000),
        "topic": call.topic,
        "summary": call.summary,
        "sentiment": call.sentiment.map(Sentiment::code),
    })
}

pub(super) fn of_voice_call(call: &VoiceCall, zone: &TimeZone) -> Vec<String> {
    let from = arrow(Some(call.direction));
    let who = call.e164.as_deref().unwrap_or("a withheld number");
    let outcome = call.outcome.map_or("not over", CallOutcome::code);
    let length = call.duration_ms.map(|ms| format!(", {} s", ms / 1_000));
    let head = format!(
        "{}  {from} {who}  call with an agent, {}{}  {}",
        when(call.at, zone),
        outcome.replace('_', " "),
        length.unwrap_or_default(),
        call.id
    );
    let topic = call.topic.iter().map(|topic| format!("    topic: {topic}"));
    let summary = call
        .summary
        .iter()
        .map(|text| format!("    summary: {text}"));
    std::iter::once(head).chain(topic).chain(summary).collect()
}

const fn arrow(direction: Option<Direction>) -> &'static str {
    match direction {
        Some(Direction::Inbound) => "←",
        Some(Direction::Outbound) => "→",
        None => "·",
    }
}

fn when(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone());
    at.strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string()
}

fn as_json(stored: &StoredEntry, sounds: &[SoundEntry]) -> Value {
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
    let from = arrow(stored.entry.parties.direction);
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
    let head = format!("{}  {from} {who}  {first}", when(stored.at, zone));
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
