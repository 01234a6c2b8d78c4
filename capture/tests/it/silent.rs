//! Nothing on standard output, nothing on standard error, exit code 0, and the event kept: whatever happens.

use std::{fs, process::Command};

use crate::{
    harness::{Computer, PROGRAM, assert_silent, event, waiting_in},
    server::{Reply, Server, nobody, url},
};

fn events(server: &Server) -> Vec<String> {
    let seen = server.seen();
    seen.iter()
        .map(|request| request.body["type"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_event_is_posted_with_the_token_and_its_id() {
    let server = Server::taking_all();
    let computer = Computer::new(&server.url());
    computer.hook(&event("Stop", 7));
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].authorization, "Bearer 0123-token-of-the-test");
    assert_eq!(seen[0].body["data"]["event_id"], seen[0].event_id.as_str());
    assert_eq!(seen[0].body["data"]["seq"], 1);
    assert_eq!(
        seen[0].body["data"]["payload"],
        serde_json::from_slice::<serde_json::Value>(&event("Stop", 7)).unwrap()
    );
    assert!(computer.waiting().is_empty());
    assert!(
        computer
            .log()
            .contains(&format!(" sent {}", seen[0].event_id))
    );
}

#[test]
fn any_input_is_captured() {
    let large = [
        br#"{"hook_event_name":"PostToolUse","x":""#.to_vec(),
        vec![b'x'; 20 << 20],
        b"\"}".to_vec(),
    ]
    .concat();
    let table: [(&str, Vec<u8>, &str); 7] = [
        ("nothing", Vec::new(), "agent.hook.unknown"),
        (
            "no JSON",
            b"Segmentation fault".into(),
            "agent.hook.unknown",
        ),
        (
            "binary garbage",
            (0..=255).cycle().take(100_000).collect(),
            "agent.hook.unknown",
        ),
        (
            "20 MB of garbage",
            vec![0xfe; 20 << 20],
            "agent.hook.unknown",
        ),
        ("20 MB of JSON", large, "agent.hook.PostToolUse"),
        (
            "endless nesting",
            b"[".repeat(1 << 20),
            "agent.hook.unknown",
        ),
        ("a new event", event("NextYears", 1), "agent.hook.NextYears"),
    ];
    for (what, input, kind) in table {
        let server = Server::taking_all();
        let computer = Computer::new(&server.url());
        computer.add_to_configuration("budget_ms = 2000");
        computer.hook(&input);
        assert_eq!(events(&server), [kind], "{what}: {}", computer.log());
    }
}

/// Runs the hook by a shell that prepares its streams and limits.
fn by_shell(computer: &Computer, script: &str) -> Command {
    let mut command = computer.command("sh");
    command.args(["-c", script, PROGRAM]);
    command
}

#[test]
fn closed_and_full_streams_do_no_harm() {
    for script in [
        r#"exec "$0" capture <&-"#,
        r#"exec "$0" capture </dev/null >&- 2>&-"#,
        r#"exec "$0" capture <&- >&- 2>&-"#,
        r#"exec "$0" capture </ >/dev/full 2>/dev/full"#,
        r#"exec "$0" capture --source coding-agent --unknown </dev/null"#,
    ] {
        let server = Server::taking_all();
        let computer = Computer::new(&server.url());
        assert_silent(&by_shell(&computer, script).output().unwrap());
        assert_eq!(events(&server), ["agent.hook.unknown"], "{script}");
    }
}

#[test]
fn an_agent_that_does_not_close_its_end_does_not_hold_the_hook() {
    let server = Server::taking_all();
    let computer = Computer::new(&server.url());
    let script = r#"(cat; sleep 100 >/dev/null 2>&1 & echo $! >pid) | "$0" capture"#;
    let mut command = by_shell(&computer, script);
    let input = computer.path("input");
    fs::write(&input, event("Stop", 1)).unwrap();
    command.current_dir(computer.path("tmp"));
    command.stdin(fs::File::open(&input).unwrap());
    assert_silent(&command.output().unwrap());
    assert_eq!(events(&server), ["agent.hook.Stop"]);
    let pid = fs::read_to_string(computer.path("tmp/pid")).unwrap();
    Command::new("kill").arg(pid.trim()).status().unwrap();
}

#[test]
fn a_configuration_that_cannot_be_used_keeps_the_event() {
    let server = Server::taking_all();
    let texts = ["url = ", "url = 7", "url = \"ftp://x\"", "", "\u{0}", "[[["];
    for text in texts {
        let computer = Computer::new(&server.url());
        computer.configure(text);
        computer.hook(&event("Stop", 1));
        assert_eq!(computer.waiting().len(), 1, "{text:?}");
        assert_eq!(computer.waiting()[0].tries, 0);
    }
    let computer = Computer::without_configuration();
    fs::create_dir(computer.configuration()).unwrap();
    computer.hook(&event("Stop", 1));
    assert_eq!(computer.waiting().len(), 1);
    assert!(server.seen().is_empty());
}

#[test]
fn an_event_captured_without_a_configuration_is_sent_when_there_is_one() {
    let server = Server::taking_all();
    let computer = Computer::without_configuration();
    computer.hook(&event("Stop", 1));
    computer.configure(&format!("url = {:?}", server.url()));
    assert!(computer.run(&["flush"]).1);
    assert_eq!(events(&server), ["agent.hook.Stop"]);
}

#[test]
fn a_home_that_cannot_be_written_is_replaced_by_the_fallback() {
    let address = nobody();
    let computer = Computer::new(&url(address));
    fs::write(computer.home(), "a file").unwrap();
    computer.hook(&event("Stop", 1));
    assert_eq!(waiting_in(&computer.fallback()).len(), 1);
    let server = Server::at(address, |_, _| Reply::Status(200));
    let (text, succeeded) = computer.run(&["flush", "--all"]);
    assert!(succeeded, "{text}");
    assert_eq!(events(&server), ["agent.hook.Stop"]);
    assert!(waiting_in(&computer.fallback()).is_empty());
}

#[test]
fn without_any_queue_the_event_is_posted_all_the_same() {
    let server = Server::taking_all();
    let computer = Computer::new(&server.url());
    fs::write(computer.home(), "a file").unwrap();
    fs::write(computer.fallback(), "a file").unwrap();
    computer.hook(&event("Stop", 1));
    assert_eq!(events(&server), ["agent.hook.Stop"]);
}

/// No file can grow: what a full disk looks like to a process.
const FULL_DISK: &str = r#"trap "" XFSZ; ulimit -f 0; exec "$0" capture </dev/null"#;

#[test]
fn on_a_full_disk_the_event_is_posted_all_the_same() {
    let server = Server::taking_all();
    let computer = Computer::new(&server.url());
    assert_silent(&by_shell(&computer, FULL_DISK).output().unwrap());
    assert_eq!(events(&server), ["agent.hook.unknown"]);
    assert!(computer.waiting().is_empty());
}

#[test]
fn a_full_disk_harms_nothing_that_is_queued_already() {
    let address = nobody();
    let computer = Computer::new(&url(address));
    computer.hook(&event("Stop", 1));
    assert_silent(&by_shell(&computer, FULL_DISK).output().unwrap());
    let server = Server::at(address, |_, _| Reply::Status(200));
    computer.run(&["flush", "--all"]);
    assert_eq!(events(&server), ["agent.hook.Stop"]);
}

#[test]
fn a_full_disk_and_no_server_is_silent_too() {
    let computer = Computer::new(&url(nobody()));
    assert_silent(&by_shell(&computer, FULL_DISK).output().unwrap());
}

#[test]
fn a_server_that_does_not_take_events_does_no_harm() {
    type Make = fn() -> Reply;
    let table: [(&str, Make); 11] = [
        ("500", || Reply::Status(500)),
        ("502", || Reply::Status(502)),
        ("503", || Reply::Status(503)),
        ("429", || Reply::With(429, "retry-after: 60")),
        ("401", || Reply::Status(401)),
        ("410", || Reply::Status(410)),
        ("413", || Reply::Status(413)),
        ("redirect", || {
            Reply::With(302, "location: http://127.0.0.1:9/")
        }),
        ("hangs", || Reply::Hang),
        ("closes", || Reply::Close),
        ("garbage", || Reply::Garbage),
    ];
    for (what, reply) in table {
        let server = Server::start(move |_, _| reply());
        let computer = Computer::new(&server.url());
        computer.hook(&event("Stop", 1));
        let failed = usize::from(what == "413");
        assert_eq!(
            computer.waiting().len(),
            1 - failed,
            "{what}: {}",
            computer.log()
        );
        assert_eq!(computer.failed().len(), failed, "{what}");
    }
}

#[test]
fn an_address_that_does_not_exist_does_no_harm() {
    for url in [
        url(nobody()),
        "http://no-such-host.invalid/".into(),
        "https://127.0.0.1:1/".into(),
    ] {
        let computer = Computer::new(&url);
        computer.hook(&event("Stop", 1));
        assert_eq!(computer.waiting().len(), 1, "{url}");
    }
}

#[test]
fn no_secret_and_no_content_is_written_where_it_does_not_belong() {
    let computer = Computer::new(&url(nobody()));
    let input = br#"{"hook_event_name":"PostToolUse","tool_input":{"command":"X_TOKEN=abc123 MARKER run"}}"#;
    computer.hook(input);
    computer.run(&["flush", "--all"]);
    let everything = computer.everything();
    assert!(everything.contains("X_TOKEN=[REDACTED] MARKER run"));
    assert!(!everything.contains("abc123"));
    assert!(!everything.contains("0123-token"));
    assert!(!computer.log().contains("MARKER"));
}
