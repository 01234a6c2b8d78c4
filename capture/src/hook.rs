//! What a hook runs: keep the event, post it, be gone.

use std::{
    fs, io,
    os::fd::AsFd,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::ExitCode,
    sync::mpsc,
    thread,
    time::Duration,
};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    config::Config,
    event::{Client, Event},
    input,
    post::{self, Answer},
    queue::{Claim, Queue},
    quiet::silence,
    redact::Redactor,
    sender,
    settle::settle,
};

/// Longest time for standard input.
const READ_LIMIT: Duration = Duration::from_secs(2);
/// Longest time for everything, even if a disk hangs.
const WHOLE_LIMIT: Duration = Duration::from_secs(5);
/// How long a server that did not answer within the budget is left to the sender.
const SLOW_FOR: Duration = Duration::from_secs(60);
/// How often the log is told the same about the configuration.
const TELL_EVERY: Duration = Duration::from_secs(3600);
/// An older waiting event is not in its own hook's hands any more.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

/// Captures the event on standard input. Prints nothing and succeeds, whatever happens, and returns within
/// five seconds.
pub(crate) fn main() -> ExitCode {
    silence();
    let (done, ended) = mpsc::channel();
    let work = thread::Builder::new().spawn(move || {
        capture(io::stdin());
        let _ = done.send(());
    });
    match work {
        // A panic drops `done`, which ends the wait too.
        Ok(_) => {
            let _ = ended.recv_timeout(WHOLE_LIMIT);
        }
        Err(_) => {
            let _ = catch_unwind(AssertUnwindSafe(|| capture(io::stdin())));
        }
    }
    ExitCode::SUCCESS
}

fn capture(source: impl AsFd) {
    let captured_at = Timestamp::now();
    let config = Config::load();
    let input = input::read(source, config.max_input, READ_LIMIT);
    let queues = Queue::both(&config);
    let [home, _] = &queues;
    if !home.exists() {
        // What this cannot do is told when the event is to be kept.
        let _ = home.prepare();
    }
    tell_problems(&config, home);
    let redactor = Redactor::new(&config.redact, config.token.as_ref());
    let client = client(&config, &home.path("client-id"));
    let number = home.next_number();
    let Ok(event) = Event::new(&client, captured_at, number, &input, &redactor) else {
        return home
            .log
            .line("lost", None, "it could not be written as JSON");
    };
    match keep(&config, &queues, &event) {
        Some((queue, kept)) => send(&config, queue, kept, &event),
        None => only_post(&config, home, &event),
    }
}

fn tell_problems(config: &Config, home: &Queue) {
    if config.problems.is_empty() || home.told().is_set() {
        return;
    }
    home.told().set_for(TELL_EVERY);
    for problem in &config.problems {
        home.log.line("attention", None, problem);
    }
}

fn client(config: &Config, id_file: &Path) -> Client {
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let id = config
        .client_id
        .clone()
        .or_else(|| id_in(id_file))
        .unwrap_or_else(|| host.clone());
    Client {
        id,
        version: env!("CARGO_PKG_VERSION"),
        host,
    }
}

/// Made at the first capture.
fn id_in(file: &Path) -> Option<String> {
    let read = || -> Option<String> {
        let text = fs::read_to_string(file).ok()?;
        Some(Uuid::parse_str(text.trim()).ok()?.to_string())
    };
    read().or_else(|| {
        // Of several first captures at once one wins; a half-written id is replaced.
        let draft = file.with_extension(Uuid::now_v7().to_string());
        fs::write(&draft, Uuid::now_v7().to_string()).ok()?;
        if file.exists() && read().is_none() {
            let _ = fs::remove_file(file);
        }
        let _ = fs::hard_link(&draft, file);
        let _ = fs::remove_file(&draft);
        read()
    })
}

struct Kept {
    claim: Claim,
    /// Events wait that no hook is at.
    backlog: bool,
}

/// Puts the event into the first queue that takes it.
fn keep<'a>(config: &Config, queues: &'a [Queue; 2], event: &Event) -> Option<(&'a Queue, Kept)> {
    let now = Timestamp::now();
    let mut backlog = false;
    for queue in queues {
        let waiting = queue.waiting();
        let left_behind = config.budget + LEFT_BEHIND;
        backlog |= waiting
            .iter()
            .any(|entry| entry.is_due(now) && entry.age(now) > left_behind);
        let entry = event.entry(due(queue, now));
        if !queue.make_room(config.limits, &waiting, entry.bytes) {
            queue.log.line("full", Some(event.id), "not queued");
            continue;
        }
        match queue.add(entry, &event.body) {
            Ok(claim) => return Some((queue, Kept { claim, backlog })),
            Err(error) => {
                let reason = format!("not queued: {}", error.kind());
                queue.log.line("attention", Some(event.id), &reason);
            }
        }
    }
    None
}

fn due(queue: &Queue, now: Timestamp) -> Timestamp {
    let hold = queue.hold().until();
    hold.and_then(|until| Timestamp::try_from(until).ok())
        .unwrap_or(now)
}

fn send(config: &Config, queue: &Queue, kept: Kept, event: &Event) {
    let Kept { claim, backlog } = kept;
    let client = post::Client::new(config);
    let now = client.filter(|_| config.direct && !queue.slow().is_set() && !queue.hold().is_set());
    if config.sync_first || now.is_none() {
        sync(queue, &claim);
    }
    let Some(client) = now else {
        drop(claim);
        return leave(config, queue, event);
    };
    let answer = client.post_quickly(event.id, &event.body, config.budget);
    if answer != Answer::Taken && !config.sync_first {
        sync(queue, &claim);
    }
    if answer == Answer::Slow {
        queue.slow().set_for(SLOW_FOR);
        queue.log.line("slow", Some(event.id), "left to the sender");
        drop(claim);
        return sender::start(queue);
    }
    if settle(queue, claim, &answer).is_err() {
        queue
            .log
            .line("attention", Some(event.id), "its file cannot be changed");
    }
    if answer == Answer::Taken && (sender::revived(queue) || backlog) {
        sender::start(queue);
    }
}

fn sync(queue: &Queue, claim: &Claim) {
    if let Err(error) = claim.sync() {
        let reason = format!("not safe from a power cut: {}", error.kind());
        queue.log.line("attention", Some(claim.entry.id), &reason);
    }
}

/// An event that this hook does not post.
fn leave(config: &Config, queue: &Queue, event: &Event) {
    let id = Some(event.id);
    if config.url.is_none() {
        queue.log.line("waiting", id, "no url is configured");
    } else if queue.hold().is_set() {
        queue.log.line("waiting", id, "the server is left alone");
    } else {
        sender::start(queue);
    }
}

/// No queue takes the event: this is its only chance.
fn only_post(config: &Config, home: &Queue, event: &Event) {
    let answer = post::Client::new(config)
        .map(|client| client.post_quickly(event.id, &event.body, config.budget));
    match answer {
        Some(Answer::Taken) => home.log.line("sent", Some(event.id), "without a queue"),
        Some(answer) => home.log.line("lost", Some(event.id), &answer.reason()),
        None => home
            .log
            .line("lost", Some(event.id), "no url is configured"),
    }
}
