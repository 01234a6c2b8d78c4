//! `bellhop doctor signature`: is a webhook accepted, and if not, why (HOOK-2).

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use providers::{
    diagnose::{Diagnosis, Evidence, Finding, Secret, SourceKind, diagnose},
    retell::webhook::TOLERANCE,
};
use serde::Serialize;

use super::given::{self, Header, Secrets};

#[derive(Args)]
pub struct Options {
    /// Whose webhook it is
    #[arg(long, value_enum, default_value_t = Source::Retell)]
    source: Source,
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

#[derive(Clone, Copy, ValueEnum)]
enum Source {
    Retell,
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
    let Source::Retell = options.source;
    let diagnosis = diagnose(&Evidence {
        kind: SourceKind::Retell,
        secrets: &secrets.values,
        retired: &retired.values,
        headers: &headers,
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
    let secret = match &diagnosis.finding {
        Finding::Signed(secret)
        | Finding::BodyRewritten { secret, .. }
        | Finding::SecretMistyped { secret, .. } => *secret,
        Finding::NoSecret
        | Finding::MissingHeader { .. }
        | Finding::MalformedHeader
        | Finding::NoMatch => return None,
    };
    match secret {
        Secret::Newest => secrets.sources.first().cloned(),
        Secret::Older(place) => secrets.sources.get(place).cloned(),
        Secret::Retired(place) => retired.sources.get(place).cloned(),
    }
}

fn advice(diagnosis: &Diagnosis, received_at_given: bool) -> Option<&'static str> {
    Some(match &diagnosis.finding {
        Finding::NoSecret => "give the API key of the Retell workspace with --secret-file",
        Finding::MissingHeader { .. } => {
            "give every header as received, with --header or --headers-file; if it did not arrive, look at what stands \
             between Retell and ingress: it has to let the header pass"
        }
        Finding::MalformedHeader => {
            "copy the header's value whole and as received, without quotation marks or breaks"
        }
        Finding::Signed(Secret::Retired(_)) => {
            "a rotation is not finished: make the new key the one with the webhook badge at Retell, or store the old one \
             again with `bellhop tenant add-key` until that is done"
        }
        Finding::Signed(_) if diagnosis.off_by_ms.is_some() && !received_at_given => {
            "it was checked against this machine's clock of now; for a webhook that came earlier give the time of its \
             receipt with --now"
        }
        Finding::Signed(_) if diagnosis.off_by_ms.is_some() => {
            "compare the clock of the machine that runs ingress with a time server; a webhook that is held up or sent \
             again later keeps its first time and is refused rightly"
        }
        Finding::Signed(Secret::Older(_)) => {
            "the rotation is not finished: retire this secret only when no webhook is signed with it any more"
        }
        Finding::Signed(Secret::Newest) => return None,
        Finding::BodyRewritten { .. } => {
            "let every proxy and handler pass the body on as it came, without parsing it; when saving or sending it with \
             curl use --data-binary"
        }
        Finding::SecretMistyped { .. } => {
            "store the key again exactly as Retell shows it: bellhop tenant add-key TENANT < key.txt"
        }
        Finding::NoMatch => {
            "compare the key with the one that has the webhook badge at Retell, of the same workspace; then make sure \
             that the body file holds the bytes as received, whole"
        }
    })
}
