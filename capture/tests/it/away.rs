//! The server is away, slow, or says no.

use jiff::{SignedDuration, Timestamp};

use crate::{
    harness::{Computer, event, until},
    server::{Reply, Request, Server, nobody, url},
};

fn numbers(server: &Server) -> Vec<u64> {
    server.seen().iter().map(Request::number).collect()
}

fn assert_due_in(due: Timestamp, since: Timestamp, seconds: i64) {
    // File names have whole milliseconds.
    let earliest = since + SignedDuration::from_secs(seconds) - SignedDuration::from_millis(1);
    let latest = Timestamp::now() + SignedDuration::from_secs(seconds);
    assert!(
        (earliest..=latest).contains(&due),
        "{due} is not {seconds} s after {since}"
    );
}

#[test]
fn events_wait_while_the_server_is_down_and_a_flush_sends_all_in_order() {
    let address = nobody();
    let computer = Computer::new(&url(address));
    let start = Timestamp::now();
    for number in 0..20 {
        computer.hook(&event("Stop", number));
    }
    for waiting in computer.waiting() {
        assert_eq!(waiting.tries, 1);
        assert_due_in(waiting.due, start, 60);
    }
    let server = Server::at(address, |_, _| Reply::Status(200));
    let (text, succeeded) = computer.run(&["flush"]);
    assert!(
        succeeded && text.contains("0 sent") && text.contains("20 waiting"),
        "{text}"
    );
    let (text, succeeded) = computer.run(&["flush", "--all"]);
    assert!(
        succeeded && text.contains("20 sent") && text.contains("nothing is waiting"),
        "{text}"
    );
    assert_eq!(numbers(&server), (0..20).collect::<Vec<_>>());
    assert!(computer.waiting().is_empty());
}

#[test]
fn the_next_event_takes_along_what_is_due() {
    let address = nobody();
    let computer = Computer::new(&url(address));
    for number in 0..5 {
        computer.hook(&event("Stop", number));
    }
    let server = Server::at(address, |_, _| Reply::Status(200));
    computer.let_time_pass();
    until("the queue is sent", || {
        computer.hook(&event("Stop", 5));
        computer.waiting().is_empty()
    });
    let mut taken = numbers(&server);
    taken.retain(|number| *number < 5);
    assert_eq!(taken, [0, 1, 2, 3, 4]);
}

#[test]
fn an_event_not_due_stays_when_the_next_one_is_sent() {
    let address = nobody();
    let computer = Computer::new(&url(address));
    computer.hook(&event("Stop", 1));
    let server = Server::at(address, |_, _| Reply::Status(200));
    computer.hook(&event("Stop", 2));
    computer.run(&["flush"]);
    assert_eq!(numbers(&server), [2]);
    assert_eq!(computer.waiting().len(), 1);
}

#[test]
fn after_five_more_rounds_an_event_is_given_up_and_can_be_put_back() {
    let server = Server::start(|before, _| match before {
        0..8 => Reply::Status(500),
        _ => Reply::Status(200),
    });
    let computer = Computer::new(&server.url());
    computer.hook(&event("Stop", 1));
    assert_eq!(server.seen().len(), 3, "three quick tries");
    for (tries, wait) in [(2, 300), (3, 900), (4, 3600), (5, 7200)] {
        computer.let_time_pass();
        let start = Timestamp::now();
        computer.run(&["flush", "--quiet"]);
        let waiting = computer.waiting();
        assert_eq!(waiting[0].tries, tries);
        assert_due_in(waiting[0].due, start, wait);
    }
    computer.let_time_pass();
    computer.run(&["flush"]);
    assert!(computer.waiting().is_empty());
    assert_eq!(computer.failed(), ["http-500"]);
    let (text, succeeded) = computer.run(&["flush", "--failed"]);
    assert!(
        succeeded && text.contains("1 put back") && text.contains("1 sent"),
        "{text}"
    );
    let ids: Vec<String> = server.seen().into_iter().map(|one| one.event_id).collect();
    assert!(
        ids.iter().all(|id| *id == ids[0]),
        "the same event each time"
    );
}

#[test]
fn what_was_given_up_while_the_server_was_away_is_sent_once_it_is_back() {
    let address = nobody();
    let computer = Computer::new(&url(address));
    computer.hook(&event("Stop", 1));
    for _ in 0..5 {
        computer.let_time_pass();
        assert!(!computer.run(&["flush"]).1);
    }
    assert_eq!(computer.failed(), ["away-refused"]);
    computer.hook(&event("Stop", 2));
    let server = Server::at(address, |_, _| Reply::Status(200));
    computer.let_time_pass();
    let (text, succeeded) = computer.run(&["flush"]);
    assert!(succeeded && text.contains("2 sent"), "{text}");
    assert_eq!(numbers(&server), [2, 1]);
    assert!(computer.failed().is_empty());
}

#[test]
fn an_event_that_the_server_will_never_take_is_set_aside_at_once() {
    let server = Server::start(|_, request| match request.number() {
        1 => Reply::Status(413),
        _ => Reply::Status(200),
    });
    let computer = Computer::new(&server.url());
    computer.hook(&event("Stop", 1));
    computer.hook(&event("Stop", 2));
    assert_eq!(computer.failed(), ["http-413"]);
    assert_eq!(numbers(&server), [1, 2]);
}

#[test]
fn a_wrong_token_is_told_and_costs_nothing_but_time() {
    let server = Server::start(|before, _| match before {
        0..2 => Reply::Status(401),
        _ => Reply::Status(200),
    });
    let computer = Computer::new(&server.url());
    computer.hook(&event("Stop", 1));
    computer.hook(&event("Stop", 2));
    assert_eq!(computer.waiting().len(), 2);
    assert!(
        computer
            .log()
            .contains("attention - the server answers 401: check the url and the token")
    );
    computer.run(&["flush", "--all"]);
    assert_eq!(numbers(&server), [1, 2, 1, 2]);
}

#[test]
fn one_event_that_breaks_the_server_does_not_stop_the_others() {
    let server = Server::start(|before, request| match (before, request.number()) {
        (0..9, _) | (_, 1) => Reply::Status(500),
        _ => Reply::Status(200),
    });
    let computer = Computer::new(&server.url());
    for number in 0..3 {
        computer.hook(&event("Stop", number));
    }
    let (text, succeeded) = computer.run(&["flush", "--all"]);
    assert!(succeeded && text.contains("2 sent"), "{text}");
    assert_eq!(computer.waiting().len(), 1);
}

#[test]
fn a_server_that_asks_for_time_gets_it() {
    let server = Server::start(|before, _| match before {
        0 => Reply::With(429, "retry-after: 120"),
        _ => Reply::Status(200),
    });
    let computer = Computer::new(&server.url());
    let start = Timestamp::now();
    computer.hook(&event("Stop", 1));
    assert_due_in(computer.waiting()[0].due, start, 120);
    computer.hook(&event("Stop", 2));
    computer.run(&["flush", "--quiet"]);
    let (text, succeeded) = computer.run(&["flush"]);
    assert!(!succeeded && text.contains("left alone until"), "{text}");
    assert_eq!(server.seen().len(), 1, "nobody asks meanwhile");
    assert!(computer.run(&["flush", "--all"]).1);
    assert_eq!(numbers(&server), [1, 1, 2]);
}

#[test]
fn what_a_slow_server_did_not_take_in_time_the_sender_brings() {
    let server = Server::start(|before, _| match before {
        0 => Reply::Hang,
        _ => Reply::Status(200),
    });
    let computer = Computer::new(&server.url());
    computer.hook(&event("Stop", 1));
    until("the sender has sent it", || computer.waiting().is_empty());
    computer.hook(&event("Stop", 2));
    until("the sender has sent the next", || {
        computer.waiting().is_empty()
    });
    assert_eq!(numbers(&server), [1, 1, 2]);
    assert!(computer.log().contains(" slow "));
}

#[test]
fn a_full_queue_keeps_what_matters_most() {
    let computer = Computer::new(&url(nobody()));
    computer.add_to_configuration("max_queue_files = 3");
    for (number, name) in (0..).zip([
        "SessionStart",
        "PreToolUse",
        "PostToolUse",
        "UserPromptSubmit",
        "Stop",
    ]) {
        computer.hook(&event(name, number));
    }
    let left: Vec<String> = computer
        .waiting()
        .into_iter()
        .map(|one| one.event)
        .collect();
    assert_eq!(left, ["SessionStart", "UserPromptSubmit", "Stop"]);
    assert!(computer.run(&["status"]).0.contains("dropped      2"));
}

#[test]
fn files_that_are_no_events_do_not_stop_the_sender() {
    let address = nobody();
    let computer = Computer::new(&url(address));
    computer.hook(&event("Stop", 1));
    computer.hook(&event("Stop", 2));
    let pending = computer.home().join("pending");
    let broken = crate::harness::names(&pending)[0].clone();
    std::fs::write(pending.join(broken), "{half").unwrap();
    std::fs::write(pending.join("notes.txt"), "mine").unwrap();
    std::fs::create_dir(pending.join("folder")).unwrap();
    let server = Server::at(address, |_, _| Reply::Status(200));
    assert!(computer.run(&["flush", "--all"]).1);
    assert_eq!(numbers(&server), [2]);
    assert_eq!(computer.failed(), ["unreadable"]);
    assert!(pending.join("notes.txt").exists());
}
