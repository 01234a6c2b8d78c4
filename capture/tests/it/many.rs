//! Many processes at once, and processes that are killed.

use std::{collections::BTreeSet, thread, time::Duration};

use crate::{
    harness::{Computer, assert_silent, event, names, until},
    server::{Reply, Request, Server},
};

const PROCESSES: u64 = 50;

fn start_all(computer: &Computer) {
    let children: Vec<_> = (0..PROCESSES)
        .map(|number| computer.start_hook(&event("PostToolUse", number)))
        .collect();
    for child in children {
        assert_silent(&child.wait_with_output().unwrap());
    }
}

fn numbers(seen: &[Request]) -> BTreeSet<u64> {
    seen.iter().map(Request::number).collect()
}

fn assert_nothing_is_left(computer: &Computer) {
    for folder in ["pending", "failed", "tmp"] {
        assert_eq!(names(&computer.home().join(folder)), [""; 0], "{folder}");
    }
}

#[test]
fn fifty_at_once_lose_nothing_and_corrupt_nothing() {
    let server = Server::taking_all();
    let computer = Computer::new(&server.url());
    start_all(&computer);
    computer.run(&["flush", "--all"]);
    let seen = server.seen();
    assert_eq!(numbers(&seen), (0..PROCESSES).collect());
    let ids: BTreeSet<&str> = seen
        .iter()
        .map(|request| request.event_id.as_str())
        .collect();
    assert_eq!(ids.len() as u64, PROCESSES);
    let sequence: BTreeSet<u64> = seen
        .iter()
        .map(|request| request.body["data"]["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(sequence, (1..=PROCESSES).collect());
    let clients: BTreeSet<String> = seen
        .iter()
        .map(|request| request.body["data"]["client"]["id"].to_string())
        .collect();
    assert_eq!(clients.len(), 1);
    assert_nothing_is_left(&computer);
}

#[test]
fn fifty_at_once_on_a_failing_server_lose_nothing() {
    let server = Server::start(|before, _| match before % 4 {
        0 => Reply::Status(200),
        1 => Reply::Status(500),
        2 => Reply::Close,
        _ => Reply::Status(503),
    });
    let computer = Computer::new(&server.url());
    start_all(&computer);
    until("nothing is waiting", || {
        computer.run(&["flush", "--all"]);
        computer.waiting().is_empty()
    });
    assert_eq!(numbers(&server.seen()), (0..PROCESSES).collect());
    assert_nothing_is_left(&computer);
}

#[test]
fn fifty_at_once_that_leave_it_to_the_sender_lose_nothing() {
    let server = Server::taking_all();
    let computer = Computer::new(&server.url());
    computer.add_to_configuration("direct = false");
    start_all(&computer);
    until("nothing is waiting", || computer.waiting().is_empty());
    assert_eq!(numbers(&server.seen()), (0..PROCESSES).collect());
    assert_nothing_is_left(&computer);
}

#[test]
fn several_senders_and_hooks_at_once_post_each_event_once() {
    let server = Server::start(|before, _| match before {
        0..50 => Reply::Status(503),
        _ => Reply::Status(200),
    });
    let computer = Computer::new(&server.url());
    for number in 0..10 {
        computer.hook(&event("Stop", number));
    }
    let refused = server.seen().len();
    thread::scope(|scope| {
        for number in 10..20 {
            scope.spawn(|| computer.run(&["flush", "--all"]));
            scope.spawn({
                let computer = &computer;
                move || computer.hook(&event("Stop", number))
            });
        }
    });
    until("nothing is waiting", || {
        computer.run(&["flush", "--all"]);
        computer.waiting().is_empty()
    });
    let taken: Vec<Request> = server.seen().split_off(refused.max(50));
    assert_eq!(numbers(&taken), (0..20).collect());
    assert_eq!(taken.len(), 20);
}

#[test]
fn a_process_killed_after_queueing_loses_nothing() {
    let server = Server::start(|before, _| match before {
        0 => Reply::Hang,
        _ => Reply::Status(200),
    });
    let computer = Computer::new(&server.url());
    computer.add_to_configuration("budget_ms = 2000");
    let mut child = computer.start_hook(&event("Stop", 1));
    until("it is being posted", || !server.seen().is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(computer.waiting().len(), 1);
    until("a later event takes it along", || {
        computer.hook(&event("Stop", 2));
        computer.waiting().is_empty()
    });
    assert_eq!(numbers(&server.seen()), [1, 2].into());
    let seen = server.seen();
    let again = seen.iter().skip(1).find(|request| request.number() == 1);
    assert_eq!(again.unwrap().event_id, seen[0].event_id);
}

#[test]
fn processes_killed_at_any_moment_lose_nothing_that_was_queued() {
    let server = Server::taking_all();
    let computer = Computer::new(&server.url());
    computer.hook(&event("Stop", 1000));
    for number in 0..60 {
        let mut child = computer.start_hook(&event("Stop", number));
        thread::sleep(Duration::from_micros(number * 150));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let queued: BTreeSet<String> = computer.waiting().into_iter().map(|one| one.id).collect();
    let (text, succeeded) = computer.run(&["flush", "--all"]);
    assert!(succeeded, "{text}");
    let seen: BTreeSet<String> = server.seen().into_iter().map(|one| one.event_id).collect();
    assert!(queued.is_subset(&seen));
    assert!(computer.waiting().is_empty());
    assert_eq!(computer.failed(), [""; 0]);
}
