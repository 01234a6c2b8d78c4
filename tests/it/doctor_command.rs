//! `bellhop doctor signature`, run as an operator runs it: valid or not, why, and by which secret.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result, ensure};
use providers::retell::webhook;
use serde_json::Value;

/// Signatures with secret, body and time: from the provider's own SDK, and computed apart from our code.
const VECTORS: [Vector; 4] = [
    Vector {
        secret: "test-api-key",
        body: r#"{"event":"call_ended"}"#,
        signed_at_ms: 1_700_000_000_000,
        signature: "v=1700000000000,d=07024cabe7dd8f6d1c6e4a8324ca92c812e6ad4a7ee506c04f7e462e3321823e",
    },
    Vector {
        secret: "key_9f2c6d1e4b7a4c0f8e3d5a6b7c8d9e0f",
        body: r#"{"event":"call_ended","call":{"call_id":"call_4f8d1c2b3a","call_status":"ended","disconnection_reason":"user_hangup"}}"#,
        signed_at_ms: 1_767_225_600_000,
        signature: "v=1767225600000,d=55a546b5a32d2ad52772203ccbae4bece5b33a232db5a075a37e396a603afe4a",
    },
    Vector {
        secret: "key_9f2c6d1e4b7a4c0f8e3d5a6b7c8d9e0f",
        body: r#"{"event":"call_analyzed","call":{"call_id":"call_4f8d1c2b3a","call_analysis":{"call_summary":"Caller asked about the café’s opening hours – £5 deposit agreed ✅","user_sentiment":"Positive"}}}"#,
        signed_at_ms: 1_767_225_661_234,
        signature: "v=1767225661234,d=b01b4d03e77200d9831b875a045a3b885aa8d53d6ba425eb4caaccf6a866f852",
    },
    Vector {
        secret: "key_9f2c6d1e4b7a4c0f8e3d5a6b7c8d9e0f",
        body: r#"{"event":"call_inbound","call_inbound":{"agent_id":"agent_7c1f","from_number":"+447700900123","to_number":"+442079460000"}}"#,
        signed_at_ms: 1_767_225_700_000,
        signature: "v=1767225700000,d=d575971cb5ce0c2093e5bcf6c6e9bc849f2739c5e3317fcb84d0019ae800b4e0",
    },
];

struct Vector {
    secret: &'static str,
    body: &'static str,
    signed_at_ms: i64,
    signature: &'static str,
}

/// The vector most tests start from, received at the time of its signature.
const VECTOR: &Vector = &VECTORS[1];
const NOW: &str = "2026-01-01T00:00:00Z";
const OTHER_SECRET: &str = "key_00000000000000000000000000000000";

#[test]
fn every_known_signature_is_valid_at_its_time_and_up_to_five_minutes_around() -> Result<()> {
    for (index, vector) in VECTORS.iter().enumerate() {
        let case = Case::new(&format!("vector-{index}"))?;
        let asked = Asked {
            secrets: &[vector.secret],
            body: vector.body.as_bytes(),
            signature: vector.signature,
        };
        for (off_ms, valid) in [
            (0, true),
            (300_000, true),
            (-300_000, true),
            (300_001, false),
            (-300_001, false),
        ] {
            let now = jiff::Timestamp::from_millisecond(vector.signed_at_ms + off_ms)?.to_string();
            let answer = case.ask(&asked, &["--now", &now])?;
            answer.is(
                valid,
                if valid { "valid" } else { "clock_drift" },
                if valid { 0 } else { 1 },
            )?;
        }
    }
    Ok(())
}

#[test]
fn the_file_of_the_matching_secret_is_named_during_a_rotation() -> Result<()> {
    let case = Case::new("rotation")?;
    let answer = case.ask(
        &Asked {
            secrets: &[OTHER_SECRET, VECTOR.secret],
            ..Asked::default()
        },
        &["--now", NOW],
    )?;
    answer.is(true, "valid_older_secret", 0)?;
    let named = answer
        .json
        .get("secret")
        .and_then(Value::as_str)
        .context("a secret")?;
    ensure!(named.ends_with("secret-1.txt"), "{named}");
    answer.says(&["valid, but signed with secret 2"])
}

#[test]
fn a_retired_secret_is_a_rotation_that_the_sender_has_not_followed() -> Result<()> {
    let case = Case::new("retired")?;
    let retired = case.file("retired.txt", VECTOR.secret.as_bytes())?;
    let asked = Asked {
        secrets: &[OTHER_SECRET],
        ..Asked::default()
    };
    let answer = case.ask(&asked, &["--now", NOW, "--retired-secret-file", &retired])?;
    answer.is(false, "rotated_secret", 1)?;
    answer.says(&["rotated secret", "retired.txt"])
}

#[test]
fn another_secret_is_the_wrong_key() -> Result<()> {
    let answer = Case::new("wrong-key")?.ask(
        &Asked {
            secrets: &[OTHER_SECRET],
            ..Asked::default()
        },
        &["--now", NOW],
    )?;
    answer.is(false, "wrong_key", 1)?;
    answer.says(&["wrong key"])
}

#[test]
fn a_body_that_was_written_anew_is_told_from_a_wrong_key() -> Result<()> {
    let case = Case::new("rewritten")?;
    for body in [
        format!("{}\n", VECTOR.body),
        VECTOR.body.replace(':', ": ").replace(',', ", "),
        VECTOR.body.replace('{', "{\n  ").replace(',', ",\n  "),
    ] {
        let asked = Asked {
            body: body.as_bytes(),
            ..Asked::default()
        };
        let answer = case.ask(&asked, &["--now", NOW])?;
        answer.is(false, "body_rewritten", 1)?;
        answer.says(&["rewritten on the way", "--data-binary"])?;
    }
    let asked = Asked {
        body: b"{\"event\":\"other\"}",
        ..Asked::default()
    };
    case.ask(&asked, &["--now", NOW])?.is(false, "wrong_key", 1)
}

#[test]
fn a_clock_that_is_off_is_told_by_how_much() -> Result<()> {
    let case = Case::new("drift")?;
    let late = case.ask(&Asked::default(), &["--now", "2026-01-01T00:07:00Z"])?;
    late.is(false, "clock_drift", 1)?;
    late.says(&["7 min 0 s before it came in"])?;
    assert_eq!(late.json.get("off_by_ms"), Some(&420_000.into()));
    let early = case.ask(&Asked::default(), &["--now", "2025-12-31T23:50:00Z"])?;
    early.says(&["after it came in: our clock is slow"])?;
    assert_eq!(early.json.get("off_by_ms"), Some(&(-600_000).into()));
    let wider = case.ask(
        &Asked::default(),
        &[
            "--now",
            "2026-01-01T00:07:00Z",
            "--tolerance-seconds",
            "420",
        ],
    )?;
    wider.is(true, "valid", 0)
}

#[test]
fn without_now_an_old_webhook_is_explained_by_the_clock_it_was_checked_by() -> Result<()> {
    let answer = Case::new("no-now")?.ask(&Asked::default(), &[])?;
    answer.is(false, "clock_drift", 1)?;
    answer.says(&["--now"])?;
    let secret = OTHER_SECRET.into();
    let signed_now = webhook::sign(
        VECTOR.body.as_bytes(),
        &secret,
        jiff::Timestamp::now().as_millisecond(),
    );
    let asked = Asked {
        secrets: &[OTHER_SECRET],
        signature: &signed_now,
        ..Asked::default()
    };
    Case::new("signed-now")?
        .ask(&asked, &[])?
        .is(true, "valid", 0)
}

#[test]
fn a_missing_header_is_told_and_so_is_one_that_is_no_signature() -> Result<()> {
    let case = Case::new("header")?;
    let secret = case.file("secret.txt", VECTOR.secret.as_bytes())?;
    let body = case.file("body.json", VECTOR.body.as_bytes())?;
    for (header, cause, part) in [
        (
            "Content-Type: application/json",
            "missing_header",
            "x-retell-signature",
        ),
        (
            "OpenPhone-Signature: hmac;1;2;3",
            "missing_header",
            "openphone-signature",
        ),
        (
            "X-Retell-Signature: 07024cab",
            "malformed_header",
            "v=<milliseconds>",
        ),
    ] {
        let arguments = [
            "--secret-file",
            &secret,
            "--body-file",
            &body,
            "--now",
            NOW,
            "--header",
            header,
        ];
        let answer = Answer::of(doctor(&arguments, b"")?)?;
        answer.is(false, cause, 1)?;
        answer.says(&[part])?;
    }
    Ok(())
}

#[test]
fn a_secret_that_was_copied_badly_is_recognised() -> Result<()> {
    let case = Case::new("copied")?;
    for secret in [
        format!("\"{}\"", VECTOR.secret),
        format!(" {}", VECTOR.secret),
        VECTOR.secret.replace("key_", ""),
    ] {
        let answer = case.ask(
            &Asked {
                secrets: &[&secret],
                ..Asked::default()
            },
            &["--now", NOW],
        )?;
        answer.is(false, "secret_mistyped", 1)?;
        ensure!(!answer.text.contains(VECTOR.secret), "{answer:?}");
    }
    // The line end that every editor adds is no part of a secret.
    for secret in [
        format!("{}\n", VECTOR.secret),
        format!("{}\r\n", VECTOR.secret),
    ] {
        case.ask(
            &Asked {
                secrets: &[&secret],
                ..Asked::default()
            },
            &["--now", NOW],
        )?
        .is(true, "valid", 0)?;
    }
    Ok(())
}

#[test]
fn a_secret_given_directly_works_with_a_warning() -> Result<()> {
    let case = Case::new("direct")?;
    let body = case.file("body.json", VECTOR.body.as_bytes())?;
    let header = format!("X-Retell-Signature: {}", VECTOR.signature);
    let arguments = [
        "--secret",
        OTHER_SECRET,
        "--secret",
        VECTOR.secret,
        "--body-file",
        &body,
        "--now",
        NOW,
        "--header",
        &header,
    ];
    let answer = Answer::of(doctor(&arguments, b"")?)?;
    answer.is(true, "valid_older_secret", 0)?;
    ensure!(
        answer.errors.contains("history") && !answer.errors.contains(VECTOR.secret),
        "{answer:?}"
    );
    ensure!(!answer.text.contains(VECTOR.secret), "{answer:?}");
    Ok(())
}

#[test]
fn headers_may_come_from_a_file_and_the_body_from_standard_input() -> Result<()> {
    let case = Case::new("files")?;
    let secret = case.file("secret.txt", VECTOR.secret.as_bytes())?;
    let request = format!(
        "POST /hooks/abc HTTP/1.1\r\nHost: x\r\nX-Retell-Signature: {}\r\n\r\n",
        VECTOR.signature
    );
    let json = format!("{{\"x-retell-signature\": \"{}\"}}", VECTOR.signature);
    for headers in [request, json] {
        let headers = case.file("headers.txt", headers.as_bytes())?;
        let arguments = [
            "--secret-file",
            &secret,
            "--headers-file",
            &headers,
            "--body-file",
            "-",
            "--now",
            NOW,
        ];
        Answer::of(doctor(&arguments, VECTOR.body.as_bytes())?)?.is(true, "valid", 0)?;
    }
    Ok(())
}

#[test]
fn people_are_told_in_words_with_advice() -> Result<()> {
    let case = Case::new("words")?;
    let valid = case.run(&Asked::default(), &["--source", "retell", "--now", NOW])?;
    let text = String::from_utf8(valid.stdout)?;
    ensure!(
        text.starts_with("valid\n") && text.contains("secret-0.txt"),
        "{text}"
    );
    assert_eq!(valid.status.code(), Some(0));
    let wrong = case.run(
        &Asked {
            secrets: &[OTHER_SECRET],
            ..Asked::default()
        },
        &["--now", NOW],
    )?;
    let text = String::from_utf8(wrong.stdout)?;
    ensure!(
        text.starts_with("not valid: wrong key") && text.contains("advice: "),
        "{text}"
    );
    assert_eq!(wrong.status.code(), Some(1));
    Ok(())
}

#[test]
fn what_cannot_be_checked_is_neither_valid_nor_invalid() -> Result<()> {
    let case = Case::new("unchecked")?;
    let empty = case.file("empty.txt", b"\n")?;
    let body = case.file("body.json", VECTOR.body.as_bytes())?;
    for arguments in [
        vec!["--secret-file", empty.as_str(), "--body-file", &body],
        vec!["--secret-file", "missing.txt", "--body-file", &body],
        vec!["--secret", "x", "--body-file", "missing.json"],
        vec![
            "--secret",
            "x",
            "--body-file",
            &body,
            "--header",
            "no colon",
        ],
        vec!["--secret", "x", "--body-file", &body, "--source", "nobody"],
    ] {
        let output = bellhop()
            .args(["doctor", "signature"])
            .args(&arguments)
            .output()?;
        assert_eq!(
            (output.status.code(), output.stdout.len()),
            (Some(2), 0),
            "{arguments:?}"
        );
    }
    Ok(())
}

/// One question; without anything else, about [`VECTOR`].
struct Asked<'a> {
    secrets: &'a [&'a str],
    body: &'a [u8],
    signature: &'a str,
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Asked {
            secrets: const { &[VECTOR.secret] },
            body: VECTOR.body.as_bytes(),
            signature: VECTOR.signature,
        }
    }
}

/// A folder of its own.
struct Case(PathBuf);

impl Case {
    fn new(name: &str) -> Result<Case> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("doctor-{name}"));
        std::fs::create_dir_all(&folder)?;
        Ok(Case(folder))
    }

    fn file(&self, name: &str, content: &[u8]) -> Result<String> {
        let path = self.0.join(name);
        std::fs::write(&path, content)?;
        Ok(path.display().to_string())
    }

    fn run(&self, asked: &Asked<'_>, more: &[&str]) -> Result<Output> {
        let mut command = bellhop();
        command.args([
            "doctor",
            "signature",
            "--body-file",
            &self.file("body.json", asked.body)?,
        ]);
        for (index, secret) in asked.secrets.iter().enumerate() {
            command.args([
                "--secret-file",
                &self.file(&format!("secret-{index}.txt"), secret.as_bytes())?,
            ]);
        }
        let header = format!("X-Retell-Signature: {}", asked.signature);
        Ok(command.args(["--header", &header]).args(more).output()?)
    }

    fn ask(&self, asked: &Asked<'_>, more: &[&str]) -> Result<Answer> {
        Answer::of(self.run(asked, &[more, &["--json"]].concat())?)
    }
}

fn bellhop() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellhop"));
    command.env_clear();
    command
}

/// Runs it with a body on standard input, answering in JSON.
fn doctor(arguments: &[&str], input: &[u8]) -> Result<Output> {
    let mut command = bellhop();
    command
        .args(["doctor", "signature", "--json"])
        .args(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child
        .stdin
        .take()
        .context("standard input")?
        .write_all(input)?;
    Ok(child.wait_with_output()?)
}

/// What `bellhop doctor signature --json` answered.
#[derive(Debug)]
struct Answer {
    json: Value,
    text: String,
    errors: String,
    code: i32,
}

impl Answer {
    fn of(output: Output) -> Result<Answer> {
        let (text, errors) = (
            String::from_utf8(output.stdout)?,
            String::from_utf8(output.stderr)?,
        );
        let json = serde_json::from_str(&text).with_context(|| errors.clone())?;
        Ok(Answer {
            json,
            text,
            errors,
            code: output.status.code().context("an exit code")?,
        })
    }

    fn is(&self, valid: bool, cause: &str, code: i32) -> Result<()> {
        let found = (self.json.get("valid"), self.json.get("cause"), self.code);
        ensure!(
            found == (Some(&valid.into()), Some(&cause.into()), code),
            "{found:?} in {self:?}"
        );
        Ok(())
    }

    fn says(&self, parts: &[&str]) -> Result<()> {
        for part in parts {
            ensure!(self.text.contains(part), "{part:?} is not in {}", self.text);
        }
        Ok(())
    }
}
