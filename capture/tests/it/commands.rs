//! What people run.

use std::{fs, io::Write, os::unix::fs::PermissionsExt, process::Stdio};

use serde_json::Value;

use crate::{
    harness::{Computer, PROGRAM, TOKEN, event},
    server::{Server, nobody, url},
};

/// `bellhop capture init`, with this on standard input.
fn init(computer: &Computer, arguments: &[&str], token: &str) -> (String, Option<i32>) {
    let mut command = computer.command(PROGRAM);
    command.args(["capture", "init"]).args(arguments);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(token.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8(text).unwrap(), output.status.code())
}

#[test]
fn init_writes_a_private_file_that_works_and_shows_the_settings() {
    let server = Server::taking_all();
    let computer = Computer::without_configuration();
    let (text, code) = init(&computer, &["--url", &server.url()], &format!("{TOKEN}\n"));
    assert_eq!(code, Some(0), "{text}");
    let mode = fs::metadata(computer.configuration())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let settings: Value = serde_json::from_str(&text[text.find('{').unwrap()..]).unwrap();
    assert_eq!(
        settings["hooks"]["PostToolUse"][0]["hooks"][0]["command"],
        format!("'{PROGRAM}' capture")
    );
    assert!(!text.contains(TOKEN));
    computer.hook(&event("Stop", 1));
    assert_eq!(server.seen()[0].authorization, format!("Bearer {TOKEN}"));
}

#[test]
fn init_replaces_nothing_unless_told_and_refuses_what_cannot_work() {
    let computer = Computer::new(&url(nobody()));
    let before = fs::read(computer.configuration()).unwrap();
    let address = "https://bellhop.example.com/hooks/k";
    let table: [(&[&str], &str); 5] = [
        (&["--url", address], TOKEN),
        (&["--url", "bellhop.example.com", "--force"], TOKEN),
        (&["--url", address, "--force"], ""),
        (&["--url", address, "--force"], "two words"),
        (&["--force"], TOKEN),
    ];
    for (arguments, token) in table {
        assert_eq!(
            init(&computer, arguments, token).1,
            Some(2),
            "{arguments:?}"
        );
        assert_eq!(fs::read(computer.configuration()).unwrap(), before);
    }
    assert_eq!(
        init(&computer, &["--url", address, "--force"], TOKEN).1,
        Some(0)
    );
    assert_ne!(fs::read(computer.configuration()).unwrap(), before);
}

#[test]
fn status_shows_what_is_waiting_and_what_needs_care_and_no_token() {
    let computer = Computer::new(&url(nobody()));
    fs::set_permissions(computer.configuration(), fs::Permissions::from_mode(0o644)).unwrap();
    let (text, succeeded) = computer.run(&["status"]);
    assert!(
        succeeded && text.contains("nothing was captured yet"),
        "{text}"
    );
    computer.hook(&event("Stop", 1));
    let (text, _) = computer.run(&["status"]);
    for part in [
        "captured     1",
        "waiting      1",
        "can be read by others",
        "token          set",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (json, _) = computer.run(&["status", "--json"]);
    let status: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(status["queues"][0]["waiting"], 1);
    assert!(!(text + &json).contains(TOKEN));
    assert!(
        computer
            .log()
            .contains("attention - the configuration file holds a token")
    );
}

#[test]
fn what_is_not_ours_is_left_to_the_caller() {
    let computer = Computer::new(&url(nobody()));
    for argument in ["sessions", "show", "--help", "-h"] {
        let mut command = computer.command(PROGRAM);
        let output = command.args(["capture", argument]).output().unwrap();
        // The test's program answers so when the library says it is not for it.
        assert_eq!(output.status.code(), Some(2), "{argument}");
    }
    assert!(computer.waiting().is_empty());
    assert!(computer.run(&["flush", "--help"]).0.contains("--failed"));
    assert!(!computer.run(&["flush", "--unknown"]).1);
}
