//! `bellhop contacts show`: all that is kept of one person, for the people of the business (MEM-1).

use anyhow::{Context, Result};
use clap::Args;
use domain::inbound::{Trend, trend};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use store::{BookedEntry, NoteEntry, OnFile, OptOutEntry, ProposedEntry, TenantTx, VoiceCall, Who};

use crate::{
    commands::{conversation, notes, tenant, texts::whom},
    config, plain, say,
};

#[derive(Args)]
pub struct Show {
    #[arg(long)]
    tenant: String,
    /// The contact (`con_…`), or a number in any usual form
    contact: String,
    /// Of appointments, calls and notes the newest so many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// A person as they are known here. It holds personal data and so has no `Debug`.
struct Profile {
    on_file: OnFile,
    appointments: Vec<BookedEntry>,
    /// Oldest first.
    calls: Vec<VoiceCall>,
    trend: Option<Trend>,
    notes: Vec<NoteEntry>,
    call_backs: Vec<Timestamp>,
    proposed: Vec<ProposedEntry>,
    opt_outs: Vec<OptOutEntry>,
}

pub(super) async fn run(options: Show) -> Result<()> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let zone = tenant.settings.tenant.zone()?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let (contact, _) = whom(&mut tx, &options.contact, &tenant.settings).await?;
    let contact = contact.context("the number is nobody's, or several people's")?;
    let on_file = tx.on_file(contact).await?;
    let on_file = on_file.with_context(|| format!("there is no contact {contact}"))?;
    let profile = Profile::of(&mut tx, on_file, options.limit).await?;
    if options.json {
        say!("{}", serde_json::to_string_pretty(&profile.as_json())?)?;
    } else {
        for line in profile.lines(&zone) {
            say!("{}", plain(&line))?;
        }
    }
    Ok(())
}

impl Profile {
    async fn of(tx: &mut TenantTx, on_file: OnFile, most: u32) -> Result<Self> {
        let id = on_file.id;
        let calls = tx.voice_calls(Who::Contact(id), most).await?;
        let newest_first = calls.iter().rev().filter_map(|call| call.sentiment);
        Ok(Self {
            appointments: tx.appointments_before(id, Timestamp::MAX, most).await?,
            trend: trend(&newest_first.collect::<Vec<_>>()),
            calls,
            notes: tx.notes_of(id, most).await?,
            call_backs: tx.call_backs_due(&on_file.numbers).await?,
            proposed: tx.proposed_of(id).await?,
            opt_outs: tx.opt_outs_of(id).await?,
            on_file,
        })
    }

    fn lines(&self, zone: &TimeZone) -> Vec<String> {
        let on_file = &self.on_file;
        let at = |at: Timestamp| when(at, zone);
        let mut lines = vec![format!("{}  {}", on_file.id, on_file.name)];
        let mut add = |what: &str, text: &str| lines.push(format!("{what:12}  {text}"));
        for number in &on_file.numbers {
            add("number", number);
        }
        for (what, text) in [
            ("mail", &on_file.email),
            ("address", &on_file.address),
            ("remarks", &on_file.remarks),
        ] {
            if let Some(text) = text {
                add(what, text);
            }
        }
        if let Some(erased_at) = on_file.erased_at {
            add("erased", &at(erased_at));
        }
        for wish in &self.opt_outs {
            let number = wish.e164.as_deref().unwrap_or("any number");
            add(
                "not to call",
                &format!("{number}, {}, {}", wish.source, at(wish.at)),
            );
        }
        for booked in &self.appointments {
            add("appointment", &appointment(booked));
        }
        for call in self.calls.iter().rev() {
            for line in conversation::of_voice_call(call, zone) {
                add("call", &line);
            }
        }
        if let Some(trend) = self.trend {
            add("mood", trend.code());
        }
        for note in &self.notes {
            let what = if is_open(note) { "open" } else { "note" };
            add(what, &notes::line(note, zone));
        }
        for due in &self.call_backs {
            add("open", &format!("to be called back by {}", at(*due)));
        }
        for each in &self.proposed {
            add(
                "open",
                &format!(
                    "{} may be {}: see `bellhop approvals`",
                    each.field, each.value
                ),
            );
        }
        lines
    }

    fn as_json(&self) -> Value {
        let on_file = &self.on_file;
        let appointments = self.appointments.iter().map(|booked| {
            json!({
                "id": booked.id, "external_id": booked.external_id, "starts_at": booked.starts_at,
                "time_zone": booked.time_zone, "status": booked.status.code(), "type": booked.kind,
                "provider": booked.practitioner,
            })
        });
        let notes = |open| {
            let notes = self.notes.iter().filter(move |note| is_open(note) == open);
            notes.map(notes::as_json).collect::<Vec<_>>()
        };
        let opt_outs = self.opt_outs.iter();
        let proposed = self.proposed.iter();
        json!({
            "id": on_file.id,
            "name": on_file.name,
            "numbers": on_file.numbers,
            "email": on_file.email,
            "address": on_file.address,
            "remarks": on_file.remarks,
            "erased_at": on_file.erased_at,
            "appointments": appointments.collect::<Vec<_>>(),
            "calls": self.calls.iter().map(conversation::voice_call_as_json).collect::<Vec<_>>(),
            "sentiment": self.trend.map(Trend::code),
            "notes": notes(false),
            "open": {
                "notes": notes(true),
                "call_backs": self.call_backs,
                "approvals": proposed
                    .map(|each| json!({ "field": each.field, "value": each.value }))
                    .collect::<Vec<_>>(),
            },
            "opt_outs": opt_outs
                .map(|wish| json!({ "number": wish.e164, "source": wish.source, "at": wish.at }))
                .collect::<Vec<_>>(),
        })
    }
}

/// Nobody has seen to it, or cleared it.
fn is_open(note: &NoteEntry) -> bool {
    note.done_at.is_none() || note.is_held
}

fn appointment(booked: &BookedEntry) -> String {
    // Stored zones were checked when they came in.
    let zone = TimeZone::get(&booked.time_zone).unwrap_or(TimeZone::UTC);
    let kind = booked.kind.iter().map(|kind| format!(", {kind}"));
    let provider = booked.practitioner.iter().map(|who| format!(", {who}"));
    let more: String = kind.chain(provider).collect();
    let at = when(booked.starts_at, &zone);
    format!("{at}  {}  {}{more}", booked.status, booked.external_id)
}

fn when(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone());
    at.strftime("%a %Y-%m-%d %H:%M %Z").to_string()
}
