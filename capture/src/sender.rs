//! Sends what waits: as a process of its own that a hook starts, by a timer, or for a person.

use std::{
    collections::{HashMap, HashSet},
    env,
    fs::File,
    io::{self, Write},
    process::{Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    FlushOptions,
    config::Config,
    entry::Entry,
    event,
    post::{Answer, Client, is_over_with_success},
    queue::{Claim, Queue},
    quiet::silence,
    retry::Fate,
    settle::settle,
};

/// Longest time for one event.
const LIMIT: Duration = Duration::from_secs(10);
/// How long a person waits while another sender is at work.
const TURN_LIMIT: Duration = Duration::from_secs(20);
/// A hook lives for five seconds at most.
const HOOK_LIMIT: Duration = Duration::from_secs(6);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// After so many failures in a row it is not the events.
const MAX_BROKEN: u32 = 3;

/// Starts a sender that outlives this process, unless one is at work. It holds on to nothing of the hook: an
/// open stream would make the agent wait.
pub(crate) fn start(queue: &Queue) {
    if queue.turn().is_none() {
        return;
    }
    let started = env::current_exe().and_then(|program| {
        Command::new(program)
            .args(["capture", "flush", "--quiet"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    });
    if let Err(error) = started {
        let reason = format!("the sender does not start: {}", error.kind());
        queue.log.line("attention", None, &reason);
    }
}

/// `bellhop capture flush`. The exit code is 1 when something due is left.
pub(crate) fn main(options: &FlushOptions) -> ExitCode {
    if options.quiet {
        silence();
        // Away from the hook's process group, which the agent may kill.
        let _ = rustix::process::setsid();
    }
    let config = Config::load();
    if options.quiet {
        // No folder is kept busy.
        let _ = env::set_current_dir("/");
    }
    let summary = flush(&config, options);
    if options.quiet {
        return ExitCode::SUCCESS;
    }
    // Whoever read our output may have seen enough.
    let _ = summary.print(&mut io::stdout().lock());
    if summary.stopped.is_some() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// What a flush did.
#[derive(Debug, Default)]
struct Summary {
    restored: usize,
    sent: usize,
    later: usize,
    failed: usize,
    /// Still waiting afterwards.
    waiting: usize,
    next_due: Option<Timestamp>,
    /// Why it ended early.
    stopped: Option<String>,
}

impl Summary {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        if self.restored > 0 {
            writeln!(out, "{} put back into the queue", self.restored)?;
        }
        writeln!(out, "{} sent", self.sent)?;
        if self.later > 0 {
            writeln!(out, "{} not taken, tried again later", self.later)?;
        }
        if self.failed > 0 {
            writeln!(out, "{} given up, now in failed/", self.failed)?;
        }
        match self.next_due {
            Some(due) => writeln!(
                out,
                "{} waiting, the first is due at {due:.0}",
                self.waiting
            )?,
            None => writeln!(out, "nothing is waiting")?,
        }
        if let Some(reason) = &self.stopped {
            writeln!(out, "stopped early: {reason}")?;
        }
        Ok(())
    }
}

fn flush(config: &Config, options: &FlushOptions) -> Summary {
    let mut summary = Summary::default();
    let queues = Queue::both(config);
    if options.failed {
        for queue in &queues {
            restore(queue, |_| true, &mut summary);
        }
    }
    match Client::new(config) {
        None => summary.stopped = Some("no url is configured".to_owned()),
        Some(client) => {
            for queue in &queues {
                let mut round = Round {
                    queue,
                    client: &client,
                    options,
                    seen: HashSet::new(),
                    held: HashMap::new(),
                    broken: 0,
                    summary: &mut summary,
                };
                round.run();
            }
        }
    }
    let waiting: Vec<Entry> = queues.iter().flat_map(Queue::waiting).collect();
    summary.waiting = waiting.len();
    summary.next_due = waiting.iter().map(|entry| entry.due).min();
    summary
}

/// Puts back what was given up for such a reason.
fn restore(queue: &Queue, reason: impl Fn(&str) -> bool, summary: &mut Summary) {
    let now = Timestamp::now();
    for failed in queue.failed() {
        if reason(&failed.reason) && queue.restore(&failed, now).is_ok() {
            summary.restored += 1;
            queue.log.line("restored", Some(failed.id), &failed.reason);
        }
    }
}

/// One way through one queue.
struct Round<'a> {
    queue: &'a Queue,
    client: &'a Client,
    options: &'a FlushOptions,
    /// No event twice, even if its file cannot be changed.
    seen: HashSet<Uuid>,
    /// Since when an event was found in the hands of its hook.
    held: HashMap<Uuid, Instant>,
    /// Failures in a row.
    broken: u32,
    summary: &'a mut Summary,
}

/// Whether to go on.
#[derive(PartialEq, Eq)]
enum Next {
    Event,
    Stop,
}

impl Round<'_> {
    fn run(&mut self) {
        while !self.is_held() && self.queue.exists() {
            let Some(turn) = self.turn() else {
                return;
            };
            self.queue.tidy();
            if self.send_ready() == Next::Stop {
                return;
            }
            drop(turn);
            // A hook that found the turn taken has left its event to us, even at the very end.
            if self.ready().is_empty() {
                return;
            }
        }
    }

    fn is_held(&mut self) -> bool {
        let until = self.queue.hold().until().filter(|_| !self.options.all);
        let until = until.and_then(|until| Timestamp::try_from(until).ok());
        if let Some(until) = until {
            self.summary.stopped = Some(format!("the server is left alone until {until:.0}"));
        }
        until.is_some()
    }

    /// A person waits for another sender; a sender leaves its work to the other.
    fn turn(&mut self) -> Option<File> {
        let start = Instant::now();
        loop {
            let turn = self.queue.turn();
            if turn.is_some() || self.options.quiet {
                return turn;
            }
            if start.elapsed() > TURN_LIMIT {
                self.summary.stopped = Some("another sender is at work".to_owned());
                return None;
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn ready(&self) -> Vec<Entry> {
        let now = Timestamp::now();
        let mut waiting = self.queue.waiting();
        waiting.retain(|entry| {
            (self.options.all || entry.is_due(now)) && !self.seen.contains(&entry.id)
        });
        waiting
    }

    /// New ones may come while the others are sent.
    fn send_ready(&mut self) -> Next {
        loop {
            let ready = self.ready();
            if ready.is_empty() {
                return Next::Event;
            }
            let mut all_held = true;
            for entry in ready {
                let Some(claim) = self.queue.claim(&entry) else {
                    self.is_held_by_its_hook(&entry);
                    continue;
                };
                all_held = false;
                self.seen.insert(entry.id);
                if self.send(&entry, claim) == Next::Stop {
                    return Next::Stop;
                }
            }
            if all_held {
                thread::sleep(LOOK_EVERY);
            }
        }
    }

    /// The hook may yet leave the event to us, and starts no other sender then. Not for longer than hooks live.
    fn is_held_by_its_hook(&mut self, entry: &Entry) {
        let since = self.held.entry(entry.id).or_insert_with(Instant::now);
        if since.elapsed() > HOOK_LIMIT {
            self.seen.insert(entry.id);
        }
    }

    fn send(&mut self, entry: &Entry, mut claim: Claim) -> Next {
        let body = claim.body().unwrap_or_default();
        if !event::is_whole(&body) {
            self.summary.failed += 1;
            self.queue.log.line("failed", Some(entry.id), "unreadable");
            return self.go_on_if(claim.fail("unreadable"));
        }
        let answer = self.client.post(entry.id, &body, LIMIT);
        let settled = settle(self.queue, claim, &answer);
        match &settled {
            Ok(Fate::Sent) => self.summary.sent += 1,
            Ok(Fate::Later { .. }) => self.summary.later += 1,
            Ok(Fate::Failed) => self.summary.failed += 1,
            Err(_) => {}
        }
        match self.go_on_if(settled) {
            Next::Event => self.after(&answer),
            Next::Stop => Next::Stop,
        }
    }

    fn go_on_if<T>(&mut self, changed: io::Result<T>) -> Next {
        if changed.is_ok() {
            return Next::Event;
        }
        self.summary.stopped = Some("the queue's files cannot be changed".to_owned());
        Next::Stop
    }

    /// When the server is away, one event's try is enough.
    fn after(&mut self, answer: &Answer) -> Next {
        match answer {
            Answer::Taken => {
                self.broken = 0;
                self.revive();
                return Next::Event;
            }
            Answer::Refused(_) => return Next::Event,
            Answer::Broken(_) => self.broken += 1,
            _ => self.broken = MAX_BROKEN,
        }
        if self.broken < MAX_BROKEN {
            return Next::Event;
        }
        self.summary.stopped = Some(format!(
            "the server does not take events: {}",
            answer.reason()
        ));
        Next::Stop
    }

    /// The server takes events again: what was given up only because it did not is put back.
    fn revive(&mut self) {
        revive(self.queue, self.summary);
    }
}

fn revive(queue: &Queue, summary: &mut Summary) {
    if queue.revival().exists() {
        restore(queue, is_over_with_success, summary);
        queue.revival().clear();
    }
}

/// The same, for a hook whose event was taken. Whether there is something to send now.
pub(crate) fn revived(queue: &Queue) -> bool {
    let mut summary = Summary::default();
    revive(queue, &mut summary);
    summary.restored > 0
}
