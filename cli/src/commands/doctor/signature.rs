//! `bellhop doctor signature`: is a webhook accepted, and if not, why (HOOK-2).

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use jiff::Timestamp;
use providers::{
    diagnose::{Diagnosis, Evidence, Secret, SourceKind, diagnose},
    retell::webhook::TOLERANCE,
};
use serde::Serialize;

use super::{
    advice::advice,
    given::{self, Header, Secrets},
};

#[derive(Args)]
pub struct Options {
    /// Whose webhook it is
    #[arg(long, value_name = "CODE", default_value = "retell", value_parser = source_kinds())]
    source: SourceKind,
    /// A file with the source's options, as JSON or TOML, the same that `bellhop tenant add-source` takes
    #[arg(long, value_name = "FILE")]
    options_file: Option<PathBuf>,
    /// The address it was sent to, with its query, for signatures that cover it (Twilio). Scheme and host count
    /// unless the options name a public_base_url
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A file with a secret (at Retell: an API key); repeat it for several, the newest first
    #[arg(long, value_name = "FILE")]
    secret_file: Vec<PathBuf>,
    /// A secret itself; it stays in the shell's history, so rather use --secret-file
    #[arg(long, value_name = "SECRET")]
    secret: Vec<String>,
    /// A file with a secret that is no longer accepted, to find out whether the sender still uses it
    #[arg(long, value_name = "FILE")]
    retired_secret_file: Vec<PathBuf>,
    /// A secret that is no longer accepted; rather use --retired-secret-file
    #[arg(long, value_name = "SECRET")]
    retired_secret: Vec<String>,
    /// A header as received: 'X-Retell-Signature: v=…,d=…'; may be repeated
    #[arg(long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// A file with the headers, one a line or as a JSON object
    #[arg(long, value_name = "FILE")]
    headers_file: Option<PathBuf>,
    /// A file with the body, byte for byte as received; - for standard input
    #[arg(long, value_name = "FILE")]
    body_file: PathBuf,
    /// When it was received, such as 2026-01-01T00:00:00Z [default: the clock]
    #[arg(long, value_name = "INSTANT")]
    now: Option<Timestamp>,
    /// How far the signature's time may be from then
    #[arg(long, value_name = "SECONDS", default_value_t = TOLERANCE.as_secs())]
    tolerance_seconds: u64,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

fn source_kinds() -> impl TypedValueParser<Value = SourceKind> {
    PossibleValuesParser::new(SourceKind::ALL.map(SourceKind::code))
        .try_map(|code| SourceKind::from_code(&code).ok_or("no such source"))
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Report {
    valid: bool,
    /// A stable word: `valid`, `valid_older_secret`, or the likely cause.
    cause: &'static str,
    explanation: String,
    /// The file or option of the secret that made the signature, if one did.
    secret: Option<String>,
    /// How far the signature's time is from the receipt when that is too far; positive for the past.
    off_by_ms: Option<i128>,
    advice: Option<&'static str>,
}

pub(super) fn run(options: &Options) -> Result<ExitCode> {
    if !options.secret.is_empty() || !options.retired_secret.is_empty() {
        eprintln!(
            "warning: a secret on the command line stays in the shell's history and shows in the list of processes; \
             use --secret-file"
        );
    }
    let secrets = given::secrets(&options.secret_file, &options.secret, "--secret")?;
    let retired = given::secrets(
        &options.retired_secret_file,
        &options.retired_secret,
        "--retired-secret",
    )?;
    let headers = headers(options)?;
    let body = body(&options.body_file)?;
    let url = options.url.as_deref();
    let source_options =
        given::source_options(options.source, options.options_file.as_deref(), url)?;
    let diagnosis = diagnose(&Evidence {
        kind: options.source,
        options: &source_options,
        secrets: &secrets.values,
        retired: &retired.values,
        headers: &headers,
        path_and_query: given::path_and_query(url)?,
        body: &body,
        now_ms: options.now.unwrap_or_else(Timestamp::now).as_millisecond(),
        tolerance: Duration::from_secs(options.tolerance_seconds),
    });
    let report = Report {
        valid: diagnosis.is_valid(),
        cause: diagnosis.code(),
        explanation: diagnosis.to_string(),
        secret: source_of(&diagnosis, &secrets, &retired),
        off_by_ms: diagnosis.off_by_ms,
        advice: advice(&diagnosis, options.now.is_some()),
    };
    if options.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        tell(&report);
    }
    Ok(if report.valid {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell(report: &Report) {
    match report.valid {
        true => println!("{}", report.explanation),
        false => println!("not valid: {}", report.explanation),
    }
    if let Some(secret) = &report.secret {
        println!("secret: {secret}");
    }
    if let Some(advice) = report.advice {
        println!("advice: {advice}");
    }
}

fn headers(options: &Options) -> Result<Vec<Header>> {
    let mut headers: Vec<Header> = options
        .header
        .iter()
        .map(|text| given::header(text))
        .collect::<Result<_>>()?;
    if let Some(path) = &options.headers_file {
        headers.extend(given::headers_in(path)?);
    }
    Ok(headers)
}

fn body(path: &Path) -> Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut body = Vec::new();
        io::stdin()
            .read_to_end(&mut body)
            .context("cannot read standard input")?;
        return Ok(body);
    }
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The secret that made the signature, by where it is from.
fn source_of(diagnosis: &Diagnosis, secrets: &Secrets, retired: &Secrets) -> Option<String> {
    match diagnosis.finding.secret()? {
        Secret::Newest => secrets.sources.first().cloned(),
        Secret::Older(place) => secrets.sources.get(place).cloned(),
        Secret::Retired(place) => retired.sources.get(place).cloned(),
    }
}
