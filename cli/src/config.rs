//! Every environment variable the binary reads, in one table, and how it is read.

use std::{
    cell::RefCell,
    env,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use activities::{
    Accounts, CalendarOptions, Calendars, ChannelOptions, CrmOptions, Platform, TextOptions,
    VoiceOptions,
};
use anyhow::{Context, Result, bail};
use providers::{
    calendar::{cal_com, google},
    gemini, openphone, retell,
    twilio::client as twilio,
    vapi,
    voice::Timeouts,
};
use secrecy::SecretString;
use serde::Serialize;
use store::{KeyRing, PoolOptions, Store};
use worker::{Means, TemporalOptions};

/// One environment variable.
#[derive(Debug, Clone, Serialize)]
pub struct Variable {
    pub name: &'static str,
    /// `None`: it must be set, or is found in another way that `meaning` tells. Empty: not set is a choice.
    pub default: Option<&'static str>,
    pub meaning: &'static str,
    /// The commands that read it.
    pub commands: &'static [&'static str],
}

const STORE: &[&str] = &[
    "dev",
    "worker",
    "ingress",
    "migrate",
    "tenant",
    "import",
    "why",
    "review",
    "opt-out",
    "wake",
    "contacts",
    "calendars",
    "crm",
    "events",
    "trace",
    "logs",
    "alerts",
    "capture",
    "doctor",
    "texts",
    "conversation",
    "approvals",
];
const TEMPORAL: &[&str] = &["dev", "worker", "ingress", "trace", "doctor"];
const PROVIDER: &[&str] = &["dev", "worker"];
const CALENDARS: &[&str] = &["dev", "worker", "tenant"];
const ALL: &[&str] = &[
    "dev",
    "demo",
    "worker",
    "ingress",
    "migrate",
    "tenant",
    "import",
    "why",
    "review",
    "opt-out",
    "wake",
    "contacts",
    "calendars",
    "events",
    "trace",
    "logs",
    "alerts",
    "texts",
    "conversation",
    "approvals",
    "capture",
    "crm",
    "plan",
    "doctor",
    "simulator",
    "healthcheck",
    "env",
];

const fn variable(
    name: &'static str,
    default: Option<&'static str>,
    meaning: &'static str,
    commands: &'static [&'static str],
) -> Variable {
    Variable {
        name,
        default,
        meaning,
        commands,
    }
}

/// Every variable there is. Those of ingress are the ones its configuration asks for.
pub fn variables() -> Vec<Variable> {
    let asked = RefCell::new(Vec::new());
    // With nothing set, reading cannot fail; what counts is what it asks for.
    let _ = ingress::Config::read(|name| {
        asked.borrow_mut().push(name);
        None
    });
    let of_ingress = asked.into_inner().into_iter().map(|name| {
        variable(
            name,
            Some("built in"),
            "a limit of ingress; see docs/configuration.md",
            &["dev", "ingress"],
        )
    });
    VARIABLES.iter().cloned().chain(of_ingress).collect()
}

/// Variables of the binary itself.
const VARIABLES: &[Variable] = &[
    variable(
        "BELLHOP_DATABASE_URL",
        None,
        "postgres:// address of Bellhop's database",
        STORE,
    ),
    variable(
        "BELLHOP_DATABASE_CONNECTIONS",
        Some("20"),
        "connections each process keeps",
        STORE,
    ),
    variable(
        "BELLHOP_SECRET_KEYS",
        None,
        "id:base64 of 32 bytes, separated by commas; the first encrypts",
        STORE,
    ),
    variable(
        "TEMPORAL_ADDRESS",
        Some("127.0.0.1:7233"),
        "host:port of Temporal",
        TEMPORAL,
    ),
    variable(
        "TEMPORAL_NAMESPACE",
        Some("default"),
        "Temporal namespace; `dev` reads it only beside TEMPORAL_ADDRESS",
        TEMPORAL,
    ),
    variable(
        "BELLHOP_WORKER_LISTEN",
        Some("127.0.0.1:9090"),
        "health and metrics of a worker",
        &["worker"],
    ),
    variable(
        "BELLHOP_RETELL_BASE_URL",
        Some(retell::BASE_URL),
        "where Retell answers",
        PROVIDER,
    ),
    variable(
        "BELLHOP_VAPI_BASE_URL",
        Some(vapi::BASE_URL),
        "where Vapi answers",
        PROVIDER,
    ),
    variable(
        "BELLHOP_DIAL_TIMEOUT_SECONDS",
        Some("30"),
        "longest wait for the answer to a dial, 1 to 60",
        PROVIDER,
    ),
    variable(
        "BELLHOP_TWILIO_BASE_URL",
        Some(twilio::BASE_URL),
        "where Twilio takes the texts of alerts",
        PROVIDER,
    ),
    variable(
        "BELLHOP_ZOHO_BASE_URL",
        Some(""),
        "where Zoho's tokens and data are, of all tenants: for a simulator; their own data centres when not set",
        PROVIDER,
    ),
    variable(
        "BELLHOP_ALERTS_ALLOW_PRIVATE",
        Some("no"),
        "yes lets alerts go to addresses that are not public, such as a mail server of one's own network",
        PROVIDER,
    ),
    variable(
        "BELLHOP_GOOGLE_BASE_URL",
        Some(google::BASE_URL),
        "where Google's calendars are read",
        CALENDARS,
    ),
    variable(
        "BELLHOP_GOOGLE_TOKEN_URL",
        Some(google::TOKEN_URL),
        "where Google gives out access tokens",
        CALENDARS,
    ),
    variable(
        "BELLHOP_CAL_COM_BASE_URL",
        Some(cal_com::BASE_URL),
        "where Cal.com's calendars are read",
        CALENDARS,
    ),
    variable(
        "BELLHOP_CALENDARS_ALLOW_PRIVATE",
        Some("no"),
        "yes lets calendars be read by http and at addresses that are not public, such as a simulator's",
        CALENDARS,
    ),
    variable(
        "BELLHOP_OPENPHONE_BASE_URL",
        Some(openphone::client::BASE_URL),
        "where OpenPhone sends texts and answers questions",
        PROVIDER,
    ),
    variable(
        "BELLHOP_GEMINI_BASE_URL",
        Some(gemini::BASE_URL),
        "where Gemini reads texts and transcripts",
        PROVIDER,
    ),
    variable(
        "BELLHOP_TEXTS_ALLOW_PRIVATE",
        Some("no"),
        "yes lets OpenPhone, Gemini and recordings be at addresses that are not public, such as a simulator's",
        PROVIDER,
    ),
    variable(
        "BELLHOP_PLATFORM_TENANT",
        Some(""),
        "the tenant whose channels hear of what is critical at any tenant; nobody when not set",
        PROVIDER,
    ),
    variable(
        "BELLHOP_LOG_DIR",
        Some(""),
        "folder of JSON log files, a new one each day, for `bellhop logs` and `bellhop trace`; none when not set",
        &["dev", "worker", "ingress", "simulator", "logs", "trace"],
    ),
    variable(
        "BELLHOP_LOG_FILES",
        Some("14"),
        "log files kept of each kind of process; older ones are deleted",
        &["dev", "worker", "ingress", "simulator"],
    ),
    variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        Some(""),
        "where traces go, by OTLP over HTTP, such as http://localhost:4318; nowhere when not set",
        &["dev", "worker", "ingress"],
    ),
    variable(
        "BELLHOP_LOG",
        Some("info"),
        "log filter, as of tracing-subscriber",
        ALL,
    ),
    variable("BELLHOP_LOG_FORMAT", Some("text"), "text or json", ALL),
    variable(
        "BELLHOP_TOOLS",
        None,
        "folder of the pinned servers; found as .tools without it",
        &["dev", "demo"],
    ),
];

/// A variable that is set but empty counts as not set: compose files write such lines.
pub fn read(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn default_of(name: &str) -> Option<String> {
    VARIABLES
        .iter()
        .find(|each| each.name == name)
        .and_then(|each| each.default)
        .map(str::to_owned)
}

fn required(name: &str) -> Result<String> {
    read(name)
        .or_else(|| default_of(name))
        .with_context(|| format!("{name} is not set; see `bellhop env`"))
}

fn parsed<T: std::str::FromStr>(name: &str, expected: &str) -> Result<T> {
    let text = required(name)?;
    text.parse()
        .ok()
        .with_context(|| format!("{name} is {text:?}; expected {expected}"))
}

/// The database, with the keys of its secrets.
pub fn store() -> Result<Store> {
    let url = SecretString::from(required("BELLHOP_DATABASE_URL")?);
    let keys =
        KeyRing::parse(&required("BELLHOP_SECRET_KEYS")?.into()).context("BELLHOP_SECRET_KEYS")?;
    Store::new(&url, keys, pool()?).context("BELLHOP_DATABASE_URL")
}

/// How the database is connected to.
pub fn pool() -> Result<PoolOptions> {
    let connections: NonZeroU32 = parsed("BELLHOP_DATABASE_CONNECTIONS", "a number of at least 1")?;
    Ok(PoolOptions {
        max_connections: connections.get(),
        ..PoolOptions::default()
    })
}

pub fn temporal() -> Result<TemporalOptions> {
    Ok(TemporalOptions {
        address: required("TEMPORAL_ADDRESS")?,
        namespace: required("TEMPORAL_NAMESPACE")?,
    })
}

/// What a worker works with, on this database.
pub fn means(store: &Store) -> Result<Means> {
    Ok(Means {
        store: store.clone(),
        accounts: Accounts::new(voice()?),
        channels: ChannelOptions {
            twilio_base_url: required("BELLHOP_TWILIO_BASE_URL")?,
            allow_private: yes_or_no("BELLHOP_ALERTS_ALLOW_PRIVATE")?,
        },
        texts: TextOptions {
            openphone_base_url: required("BELLHOP_OPENPHONE_BASE_URL")?,
            gemini_base_url: required("BELLHOP_GEMINI_BASE_URL")?,
            allow_private: yes_or_no("BELLHOP_TEXTS_ALLOW_PRIVATE")?,
        },
        calendars: calendars()?,
        crm: CrmOptions {
            base_url: read("BELLHOP_ZOHO_BASE_URL"),
        },
        platform: Platform {
            slug: read("BELLHOP_PLATFORM_TENANT"),
        },
    })
}

fn yes_or_no(name: &str) -> Result<bool> {
    match required(name)?.as_str() {
        "yes" => Ok(true),
        "no" => Ok(false),
        other => bail!("{name} is {other:?}; expected yes or no"),
    }
}

/// The clients of the tenants' calendars.
pub fn calendars() -> Result<Calendars> {
    Ok(Calendars::new(CalendarOptions {
        google_base_url: required("BELLHOP_GOOGLE_BASE_URL")?,
        google_token_url: required("BELLHOP_GOOGLE_TOKEN_URL")?,
        cal_com_base_url: required("BELLHOP_CAL_COM_BASE_URL")?,
        allow_private: yes_or_no("BELLHOP_CALENDARS_ALLOW_PRIVATE")?,
    }))
}

/// How many log files of one kind of process are kept.
pub fn log_files() -> Result<NonZeroUsize> {
    parsed("BELLHOP_LOG_FILES", "a number of at least 1")
}

pub fn worker_listen() -> Result<SocketAddr> {
    parsed("BELLHOP_WORKER_LISTEN", "address:port")
}

pub fn voice() -> Result<VoiceOptions> {
    let seconds: u64 = parsed("BELLHOP_DIAL_TIMEOUT_SECONDS", "whole seconds from 1 to 60")?;
    if !(1..=60).contains(&seconds) {
        bail!("BELLHOP_DIAL_TIMEOUT_SECONDS is {seconds}; expected whole seconds from 1 to 60");
    }
    let timeouts = Timeouts {
        place: Duration::from_secs(seconds),
        ..Timeouts::default()
    };
    Ok(VoiceOptions {
        retell_base_url: required("BELLHOP_RETELL_BASE_URL")?,
        vapi_base_url: required("BELLHOP_VAPI_BASE_URL")?,
        timeouts,
    })
}
