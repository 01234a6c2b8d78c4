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
    ledger::{EventSeen, Outcome, Record, Totals},
    letter::{Letter, Request},
    queue::{Job, Next, Part, Queue},
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
    /// By event, as the queue counts them.
    records: Vec<Record>,
    /// What cannot be told from the records.
    totals: Totals,
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
                queue: Queue::new(total as u64, sources),
                records: vec![Record::default(); total],
                totals: Totals::default(),
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
        let Some((source, place, n)) = self.whose(job.event) else {
            return;
        };
        match job.part {
            Part::Sound => self.send_sound(job).await,
            Part::Copy => {
                let answer = self.send(job, Fault::None).await;
                self.note(job, answer.status);
            }
            Part::Fresh => {
                let (fault, delay) = self.scenario.fault(&source.vendor, place, n);
                *self.state().totals.faults.entry(fault).or_default() += 1;
                self.send_fresh(job, fault, delay).await;
                if fault != Fault::Reorder {
                    let mut state = self.state();
                    state.queue.release(place, job.event, Instant::now());
                }
            }
        }
    }

    async fn send_fresh(&self, job: Job, fault: Fault, delay: f64) {
        let sound = Job {
            part: Part::Sound,
            ..job
        };
        match fault {
            Fault::None => self.send_sound(sound).await,
            Fault::Delay => self.later(delay, sound),
            Fault::Duplicate => {
                let part = Part::Copy;
                self.later(0.0, Job { part, ..job });
                self.send_sound(sound).await;
            }
            Fault::Reorder => {
                if let Some((_, place, _)) = self.whose(job.event) {
                    let mut state = self.state();
                    state.queue.hold(place, job.event, Instant::now());
                }
            }
            Fault::Drop => self.try_again(sound, None),
            spoilt => {
                let answer = self.send(job, spoilt).await;
                // Who hangs up does not hear an answer, even one that came first.
                let heard = answer.status.filter(|_| spoilt != Fault::HangUp);
                self.note_spoilt(job, spoilt, heard);
                self.later(0.0, sound);
            }
        }
    }

    async fn send_sound(&self, job: Job) {
        let answer = self.send(job, Fault::None).await;
        self.note(job, answer.status);
        let rule = self
            .whose(job.event)
            .map(|(source, ..)| source.vendor.rule());
        let gone = rule.is_some_and(|rule| rule.gives_up_when_gone) && answer.status == Some(410);
        match answer.status {
            Some(200..=299) => self.settle(job),
            _ if gone => self.settle(job),
            _ => self.try_again(job, answer.retry_after),
        }
    }

    /// Has an event sent again by the vendor's rule, or gives it up.
    fn try_again(&self, job: Job, retry_after: Option<f64>) {
        let Some((source, ..)) = self.whose(job.event) else {
            return;
        };
        let tried = job.tried.saturating_add(1);
        match self.scenario.pause(&source.vendor, tried, retry_after) {
            Some(pause) => self.later(pause, Job { tried, ..job }),
            None => self.settle(job),
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
    async fn send(&self, job: Job, spoilt: Fault) -> Answer {
        let Some((source, place, n)) = self.whose(job.event) else {
            return Answer {
                status: None,
                retry_after: None,
            };
        };
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

    fn note(&self, job: Job, status: Option<u16>) {
        let mut state = self.state();
        state.count(status);
        if let Some(record) = state.record(job.event) {
            record.note(status);
        }
    }

    fn note_spoilt(&self, job: Job, spoilt: Fault, status: Option<u16>) {
        let mut state = self.state();
        state.count(status);
        if let Some(record) = state.record(job.event) {
            record.spoilt = status.unwrap_or_default();
        }
        let taken = matches!(status, Some(200..=299));
        if let (true, Some((source, ..))) = (taken, self.whose(job.event)) {
            let totals = &mut state.totals;
            *totals.spoilt_acknowledged.entry(spoilt).or_default() += 1;
            totals.forgeries_acknowledged += u64::from(spoilt.is_forgery(&source.vendor));
        }
    }

    fn settle(&self, job: Job) {
        if let Some(record) = self.state().record(job.event) {
            record.settled = true;
        }
    }

    /// Whose an event is: the source, its place, and which of its events.
    fn whose(&self, event: u64) -> Option<(&Source, usize, u64)> {
        let sources = self.sources.len() as u64;
        let place = usize::try_from(event.checked_rem(sources)?).ok()?;
        Some((self.sources.get(place)?, place, event / sources))
    }

    pub(super) fn totals(&self) -> Totals {
        let state = self.state();
        let mut totals = state.totals.clone();
        totals.events = state.records.len() as u64;
        for record in &state.records {
            match record.outcome() {
                Outcome::Pending => totals.pending += 1,
                Outcome::Acknowledged => totals.acknowledged += 1,
                Outcome::GaveUp => totals.gave_up += 1,
                Outcome::Lost => totals.lost += 1,
            }
        }
        totals
    }

    pub(super) fn events(&self) -> impl Iterator<Item = EventSeen> + '_ {
        let total = self.state().records.len() as u64;
        (0..total).filter_map(|event| self.seen(event))
    }

    fn seen(&self, event: u64) -> Option<EventSeen> {
        let record = *self.state().record(event)?;
        let (source, place, n) = self.whose(event)?;
        let told = Event::of(&source.vendor, place, &self.scenario, n, 0);
        let status = |status: u16| (status != 0).then_some(status);
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
            last_status: status(record.last),
            spoilt_status: status(record.spoilt),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn record(&mut self, event: u64) -> Option<&mut Record> {
        self.records.get_mut(usize::try_from(event).ok()?)
    }

    fn count(&mut self, status: Option<u16>) {
        self.totals.requests += 1;
        match status {
            Some(status) => *self.totals.answers.entry(status).or_default() += 1,
            None => self.totals.unanswered += 1,
        }
    }
}
