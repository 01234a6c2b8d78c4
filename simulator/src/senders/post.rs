//! The sending itself: so many workers that take what is next, post it, and note the answer.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{
    Config, Source,
    event::Event,
    ledger::{EventSeen, Totals},
    letter::{Letter, Request},
    queue::{Job, Next, Part, Queue},
    records::Records,
    scenario::{Fault, Scenario},
};
use crate::outbound::{self, Tasks, now_ms};

/// What all workers share.
#[derive(Debug)]
pub(super) struct Shared {
    sources: Vec<Source>,
    scenario: Scenario,
    http: reqwest::Client,
    state: Mutex<State>,
    changed: Notify,
    finished: watch::Sender<bool>,
    tasks: Tasks,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    records: Records,
}

/// Whose an event is, and which of its events.
struct Sender<'a> {
    source: &'a Source,
    /// Its place among the sources.
    place: usize,
    n: u64,
}

/// What came back of one request.
struct Answer {
    status: Option<u16>,
    retry_after: Option<f64>,
}

impl Shared {
    pub(super) fn new(config: Config) -> anyhow::Result<Arc<Self>> {
        let sources = config.sources.len();
        let total = usize::try_from(config.events)?.saturating_mul(sources);
        Ok(Arc::new(Self {
            state: Mutex::new(State {
                queue: Queue::new(total as u64, sources, config.scenario.apart()),
                records: Records::new(total),
            }),
            sources: config.sources,
            scenario: config.scenario,
            http: outbound::client()?,
            changed: Notify::new(),
            finished: watch::Sender::new(false),
            tasks: Tasks::default(),
        }))
    }

    pub(super) fn start(self: &Arc<Self>) {
        for _ in 0..self.scenario.concurrency {
            let shared = self.clone();
            self.tasks.spawn(async move { shared.work().await });
        }
    }

    pub(super) fn abandon(&self) {
        self.tasks.abandon();
    }

    pub(super) async fn finished(&self) {
        let mut finished = self.finished.subscribe();
        // The sender is ours, so it does not go away meanwhile.
        let _ = finished.wait_for(|finished| *finished).await;
    }

    async fn work(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listening before looking, so that no change falls in between.
            changed.as_mut().enable();
            let next = self.state().queue.next(Instant::now());
            match next {
                Next::Job(job) => {
                    self.carry_out(job).await;
                    self.state().queue.done();
                    self.changed.notify_waiters();
                }
                Next::Wait(Some(at)) => {
                    let _ = tokio::time::timeout_at(at, changed).await;
                }
                Next::Wait(None) => changed.await,
                Next::Finished => {
                    self.finished.send_replace(true);
                    return;
                }
            }
        }
    }

    async fn carry_out(&self, job: Job) {
        let Some(sender) = self.sender(job.event) else {
            return;
        };
        match job.part {
            Part::Sound => self.send_sound(&sender, job).await,
            Part::Copy => {
                let answer = self.send(&sender, job, Fault::None).await;
                self.state().records.note(job.event, answer.status);
            }
            Part::Fresh => {
                let fault = self.send_fresh(&sender, job).await;
                let mut state = self.state();
                state.records.note_fault(fault);
                if fault != Fault::Reorder {
                    state.queue.release(sender.place, job.event, Instant::now());
                }
            }
        }
    }

    /// Does what an event's fault says, and answers the fault.
    async fn send_fresh(&self, sender: &Sender<'_>, job: Job) -> Fault {
        let vendor = &sender.source.vendor;
        let (fault, delay) = self.scenario.fault(vendor, sender.place, sender.n);
        let sound = Job {
            part: Part::Sound,
            ..job
        };
        match fault {
            Fault::None => self.send_sound(sender, sound).await,
            Fault::Delay => self.later(delay, sound),
            Fault::Duplicate => {
                let part = Part::Copy;
                self.later(0.0, Job { part, ..job });
                self.send_sound(sender, sound).await;
            }
            Fault::Reorder => {
                let mut state = self.state();
                state.queue.hold(sender.place, job.event, Instant::now());
            }
            Fault::Drop => self.try_again(sender, sound, None),
            spoilt => {
                let answer = self.send(sender, job, spoilt).await;
                // Who hangs up does not hear an answer, even one that came first.
                let heard = answer.status.filter(|_| spoilt != Fault::HangUp);
                let is_forgery = spoilt.is_forgery(vendor);
                self.state()
                    .records
                    .note_spoilt(job.event, spoilt, is_forgery, heard);
                self.later(0.0, sound);
            }
        }
        fault
    }

    async fn send_sound(&self, sender: &Sender<'_>, job: Job) {
        let answer = self.send(sender, job, Fault::None).await;
        self.state().records.note(job.event, answer.status);
        let heeds_gone = sender.source.vendor.rule().gives_up_when_gone;
        match answer.status {
            Some(200..=299) => self.state().records.settle(job.event),
            Some(410) if heeds_gone => self.state().records.settle(job.event),
            _ => self.try_again(sender, job, answer.retry_after),
        }
    }

    /// Has an event sent again by the vendor's rule, or gives it up.
    fn try_again(&self, sender: &Sender<'_>, job: Job, retry_after: Option<f64>) {
        let tried = job.tried.saturating_add(1);
        let vendor = &sender.source.vendor;
        match self.scenario.pause(vendor, tried, retry_after) {
            Some(pause) => self.later(pause, Job { tried, ..job }),
            None => self.state().records.settle(job.event),
        }
    }

    fn later(&self, seconds: f64, job: Job) {
        let pause = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let now = Instant::now();
        let at = now.checked_add(pause).unwrap_or(now);
        self.state().queue.at(at, job);
        self.changed.notify_waiters();
    }

    /// Makes one request.
    async fn send(&self, sender: &Sender<'_>, job: Job, spoilt: Fault) -> Answer {
        let Sender { source, place, n } = *sender;
        let request = Request {
            place,
            n,
            tried: job.tried,
            spoilt,
            now_ms: now_ms(),
        };
        let letter = Letter::write(source, &self.scenario, request);
        let usual = source.vendor.rule().timeout_seconds;
        let timeout = match spoilt {
            Fault::HangUp => self.scenario.hang_up_seconds,
            _ => self.scenario.timeout_seconds.unwrap_or(usual),
        };
        let mut post = self
            .http
            .post(&source.url)
            .timeout(Duration::from_secs_f64(timeout))
            .body(letter.body);
        for (name, value) in &letter.headers {
            post = post.header(name, value);
        }
        let answer = post.send().await.ok();
        let retry_after = answer.as_ref().and_then(|answer| {
            let header = answer.headers().get("retry-after")?;
            header.to_str().ok()?.parse().ok()
        });
        Answer {
            status: answer.map(|answer| answer.status().as_u16()),
            retry_after: retry_after.filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0),
        }
    }

    fn sender(&self, event: u64) -> Option<Sender<'_>> {
        let sources = self.sources.len() as u64;
        let place = usize::try_from(event.checked_rem(sources)?).ok()?;
        Some(Sender {
            source: self.sources.get(place)?,
            place,
            n: event.checked_div(sources)?,
        })
    }

    pub(super) fn totals(&self) -> Totals {
        self.state().records.totals()
    }

    pub(super) fn events(&self) -> impl Iterator<Item = EventSeen> + '_ {
        let total = self.state().records.len();
        (0..total).filter_map(|event| self.seen(event))
    }

    fn seen(&self, event: u64) -> Option<EventSeen> {
        let record = self.state().records.get(event)?;
        let Sender { source, place, n } = self.sender(event)?;
        let told = Event::of(&source.vendor, place, &self.scenario, n, 0);
        Some(EventSeen {
            source: place,
            vendor: source.vendor.code().to_owned(),
            n,
            kind: told.kind,
            subject: told.subject,
            identity: told.identity,
            fault: self.scenario.fault(&source.vendor, place, n).0,
            outcome: record.outcome(),
            sent: record.sent,
            acknowledged: record.acknowledged,
            refused: record.refused,
            failed: record.failed,
            unanswered: record.unanswered,
            last_status: record.last_status(),
            spoilt_status: record.spoilt_status(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
