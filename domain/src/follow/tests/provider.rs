//! Calls followed to their end against a provider in memory that loses, delays and refuses.

use proptest::prelude::*;

use super::*;
use crate::call::AppointmentAction;

/// What becomes of one request to dial.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Answered,
    /// The phone rings, and we do not hear of it.
    AcceptedSilently,
    /// The request left, or we died before it did, and nobody ever saw it.
    Lost,
    TurnedAway,
}

#[derive(Debug, Clone)]
struct World {
    fates: Vec<Fate>,
    /// Seconds from the request until a search finds the call.
    listed_after: i64,
    /// Seconds from the request until the end, and from there until the analysis.
    talk: i64,
    analysis: i64,
    /// Which webhooks come: of the start, the end and the analysis.
    webhooks: [bool; 3],
    /// Seconds after noon between which no question is answered, and how long we are asked to wait.
    outages: Vec<(i64, i64)>,
    pause: i64,
    /// Seconds by which we are late, step after step.
    delays: Vec<i64>,
}

struct Run<'a> {
    world: &'a World,
    now: Timestamp,
    facts: CallFacts,
    heard: Vec<Observation>,
    /// When the provider accepted a request: a phone rang.
    rings: Vec<Timestamp>,
    delivered: [bool; 3],
    steps: usize,
}

impl<'a> Run<'a> {
    fn new(world: &'a World) -> Self {
        Self {
            world,
            now: noon(),
            facts: authorized_call(),
            heard: Vec::new(),
            rings: Vec::new(),
            delivered: [false; 3],
            steps: 0,
        }
    }

    fn follow(&mut self) -> CallOutcome {
        loop {
            self.steps += 1;
            assert!(self.steps < 1500, "the call is followed without end");
            self.receive();
            let now = self.now;
            let step = next_step(now, &self.facts);
            if self.facts.view.ended && self.facts.ended_at.is_none() {
                self.facts.ended_at = Some(now);
                self.facts.checks = 0;
            }
            match step {
                CallStep::Finish(outcome) => return outcome,
                CallStep::Wait { until } => {
                    assert!(until > now, "waits until {until} at {now}");
                    self.sleep(until);
                }
                CallStep::Place => self.place(),
                CallStep::LookUp => self.look_up(),
                CallStep::DialAgain => {
                    let dialed = self.facts.dialing_at.expect("it was dialed");
                    let not_before = (dialed + SignedDuration::from_secs(300)).max(now);
                    self.turned_away(not_before);
                }
                CallStep::Fetch => self.fetch(),
            }
        }
    }

    /// Until then, or until a webhook wakes us; sometimes late.
    fn sleep(&mut self, until: Timestamp) {
        let webhook = (0..3).filter_map(|which| self.webhook_at(which)).min();
        let woken = webhook.map_or(until, |at| at.clamp(self.now, until));
        let late = self.world.delays.get(self.steps % 16).copied().unwrap_or(0);
        self.now = woken + SignedDuration::from_secs(late);
    }

    /// When a webhook that is still to come is sent.
    fn webhook_at(&self, which: usize) -> Option<Timestamp> {
        let ring = *self.rings.first()?;
        let wanted = self.world.webhooks[which] && !self.delivered[which];
        let seconds = [1, self.world.talk, self.world.talk + self.world.analysis][which];
        wanted.then(|| ring + SignedDuration::from_secs(seconds))
    }

    fn receive(&mut self) {
        for which in 0..3 {
            if self.webhook_at(which).is_some_and(|at| at <= self.now) {
                self.delivered[which] = true;
                let kind = [
                    ObservationKind::Started,
                    ObservationKind::Ended,
                    ObservationKind::Analyzed,
                ][which];
                self.hear(kind);
            }
        }
    }

    fn hear(&mut self, kind: ObservationKind) {
        let observation = match kind {
            ObservationKind::Ended => talked(),
            ObservationKind::Analyzed => Observation {
                action: Some(AppointmentAction::Cancelled),
                ..talked()
            },
            kind => Observation::bare(kind),
        };
        self.heard.push(Observation {
            kind,
            ..observation
        });
        self.facts.heard = true;
        self.facts.view = CallView::join(&self.heard);
        if self.facts.dial != DialState::Placed {
            self.found();
        }
    }

    fn found(&mut self) {
        self.facts.dial = DialState::Placed;
        let at = self.facts.dialing_at.unwrap_or(self.now);
        self.facts.placed_at = self.facts.placed_at.or(Some(at));
        self.facts.checks = 0;
        self.facts.checked_at = None;
        self.facts.not_before = None;
    }

    fn place(&mut self) {
        assert!(
            self.rings.is_empty(),
            "a second request, and the first had rung"
        );
        let fate = self.world.fates[self.facts.requests as usize % self.world.fates.len()];
        self.facts.dial = DialState::Dialing;
        self.facts.dialing_at = Some(self.now);
        self.facts.requests += 1;
        self.facts.checks = 0;
        self.facts.checked_at = None;
        self.facts.not_before = None;
        match fate {
            Fate::Answered => {
                self.rings.push(self.now);
                self.found();
            }
            Fate::AcceptedSilently => self.rings.push(self.now),
            Fate::Lost => {}
            Fate::TurnedAway => self.turned_away(self.now + SignedDuration::from_secs(300)),
        }
        self.now += SignedDuration::from_secs(1);
    }

    fn turned_away(&mut self, not_before: Timestamp) {
        self.facts.dial = DialState::Authorized;
        self.facts.dialing_at = None;
        self.facts.not_before = Some(not_before);
    }

    fn answers(&mut self) -> bool {
        let second = self.now.duration_since(noon()).as_secs();
        let mut outages = self.world.outages.iter();
        let up = !outages.any(|(from, length)| (*from..from + length).contains(&second));
        if !up {
            let pause = SignedDuration::from_secs(self.world.pause);
            self.facts.not_before = Some(self.now + pause);
        }
        up
    }

    fn look_up(&mut self) {
        if !self.answers() {
            return;
        }
        let delay = SignedDuration::from_secs(self.world.listed_after);
        if self
            .rings
            .first()
            .is_some_and(|ring| *ring + delay <= self.now)
        {
            self.found();
            self.read();
        } else {
            self.checked();
        }
    }

    fn fetch(&mut self) {
        assert_eq!(self.facts.dial, DialState::Placed);
        if self.answers() {
            self.read();
            self.checked();
        }
    }

    fn checked(&mut self) {
        self.facts.checked_at = Some(self.now);
        self.facts.checks += 1;
    }

    fn read(&mut self) {
        let ring = *self
            .rings
            .first()
            .expect("only a call that is there is read");
        let age = self.now.duration_since(ring).as_secs();
        let kind = if age >= self.world.talk + self.world.analysis {
            ObservationKind::Analyzed
        } else if age >= self.world.talk {
            ObservationKind::Ended
        } else {
            ObservationKind::Fetched
        };
        self.hear(kind);
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Answered),
        Just(Fate::AcceptedSilently),
        Just(Fate::Lost),
        Just(Fate::TurnedAway),
    ]
}

prop_compose! {
    fn any_world()(
        fates in prop::collection::vec(fate(), 1..5),
        listed_after in 0..350i64,
        talk in 1..7200i64,
        analysis in prop_oneof![1..600i64, Just(1_000_000)],
        webhooks in prop::array::uniform3(any::<bool>()),
        outages in prop::collection::vec((0..20_000i64, 1..40_000i64), 0..4),
        pause in prop_oneof![Just(30i64), 1..100_000i64],
        delays in prop::collection::vec(prop_oneof![8 => Just(0i64), 2 => 0..60i64, 1 => 0..50_000i64], 16),
    ) -> World {
        World { fates, listed_after, talk, analysis, webhooks, outages, pause, delays }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_the_provider_does_a_call_ends_and_rings_once(world in any_world()) {
        let mut run = Run::new(&world);
        let outcome = run.follow();
        prop_assert!(run.rings.len() <= 1);
        let possible: &[CallOutcome] = if run.rings.is_empty() {
            &[CallOutcome::Failed, CallOutcome::Uncertain]
        } else {
            &[CallOutcome::Cancelled, CallOutcome::NoClearAnswer, CallOutcome::Uncertain]
        };
        prop_assert!(possible.contains(&outcome), "{outcome} after {} rings", run.rings.len());
    }

    #[test]
    fn with_a_provider_that_answers_nothing_said_is_lost(world in any_world()) {
        let world = World {
            outages: Vec::new(),
            analysis: world.analysis.min(600),
            talk: world.talk.min(3600),
            ..world
        };
        let mut run = Run::new(&world);
        let outcome = run.follow();
        if run.rings.is_empty() {
            prop_assert_eq!(outcome, CallOutcome::Failed);
        } else {
            prop_assert_eq!(outcome, CallOutcome::Cancelled);
        }
    }
}

prop_compose! {
    fn any_facts()(
        dial in prop::sample::select(DialState::ALL),
        times in prop::array::uniform5(prop::option::of(-20_000..20_000i64)),
        requests in 0..6u32,
        checks in 0..20u32,
        outcome in prop::option::weighted(0.1, prop::sample::select(CallOutcome::ALL)),
        heard in any::<bool>(),
        observations in prop::collection::vec(prop::sample::select(vec![
            Observation::bare(ObservationKind::Started),
            Observation::bare(ObservationKind::Fetched),
            talked(),
        ]), 0..3),
    ) -> CallFacts {
        let [not_before, dialing_at, placed_at, ended_at, checked_at] =
            times.map(|seconds| seconds.map(after));
        CallFacts {
            dial, not_before, dialing_at, requests, placed_at, ended_at, checks, checked_at, outcome,
            heard: heard || !observations.is_empty(),
            view: CallView::join(&observations),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn from_any_facts_a_request_leaves_only_when_no_phone_can_have_rung(
        facts in any_facts(), now in -20_000..20_000i64,
    ) {
        let now = after(now);
        match next_step(now, &facts) {
            CallStep::Place => {
                prop_assert_eq!(facts.dial, DialState::Authorized);
                prop_assert!(!facts.heard && facts.outcome.is_none());
                prop_assert!(facts.requests < MAX_REQUESTS);
                prop_assert!(facts.not_before.is_none_or(|at| at <= now));
            }
            CallStep::DialAgain => {
                prop_assert_eq!(facts.dial, DialState::Dialing);
                prop_assert!(!facts.heard && facts.outcome.is_none());
                let proof = facts.dialing_at.unwrap() + NEVER_LISTED;
                prop_assert!(facts.checked_at.unwrap() >= proof);
            }
            CallStep::Wait { until } => prop_assert!(until > now),
            CallStep::LookUp => prop_assert_eq!(facts.dial, DialState::Dialing),
            CallStep::Fetch => prop_assert_eq!(facts.dial, DialState::Placed),
            CallStep::Finish(_) => {}
        }
    }
}
