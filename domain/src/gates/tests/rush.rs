//! Whole rushes through the gates: reminders that ask, wait and ask again, beside an independent count.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

type Id = usize;

/// What the store does between two questions, in memory. Times are microseconds.
struct Clinic {
    limits: GateFacts,
    numbers: usize,
    /// Stamped with the asking process's own time.
    dials: Vec<(Timestamp, Id)>,
    waiting: BTreeMap<Id, Wait>,
    /// Calls that are open, by when they end.
    open: BTreeSet<(Timestamp, Id)>,
    asked: Vec<u32>,
    most_open: usize,
}

#[derive(Clone, Copy)]
struct Wait {
    reason: Reason,
    /// `None` once a line that came free was handed to it.
    wakes: Option<Timestamp>,
    /// When it would first have had its turn: those before it keep their places.
    turn: Timestamp,
}

/// How far a process's time is from the true one at each question.
type Skew<'a> = &'a dyn Fn(Id, u32) -> SignedDuration;

impl Clinic {
    fn new(limits: GateFacts, reminders: usize, numbers: usize) -> Self {
        Self {
            limits,
            numbers,
            dials: Vec::new(),
            waiting: BTreeMap::new(),
            open: BTreeSet::new(),
            asked: vec![0; reminders],
            most_open: 0,
        }
    }

    /// Lets every reminder ask at its due time, wait as told, and dial; calls last `length`.
    fn run(&mut self, due: &[Timestamp], length: SignedDuration, skew: Skew<'_>) {
        let mut agenda: BTreeSet<(Timestamp, Id)> =
            due.iter().enumerate().map(|(id, at)| (*at, id)).collect();
        while let Some((at, id)) = agenda.first().copied() {
            // One thing after another: whoever is handed a line asks before those who come later.
            if let Some((ended, _)) = self.open.first().copied().filter(|(end, _)| *end <= at) {
                self.open.pop_first();
                self.hand_on_the_line(ended, &mut agenda);
                continue;
            }
            agenda.pop_first();
            let waited_until = self.waiting.get_mut(&id).and_then(|wait| wait.wakes.take());
            // Whatever its clock, a process that waited until then asks no earlier by that clock.
            let now = (at + skew(id, self.asked[id])).max(waited_until.unwrap_or(Timestamp::MIN));
            match self.ask(id, now) {
                Verdict::Dial => {
                    self.waiting.remove(&id);
                    self.dials.push((now, id));
                    self.open.insert((at + length, id));
                    self.most_open = self.most_open.max(self.open.len());
                }
                Verdict::Later { reason, until } => {
                    assert!(until > now, "{reason} until {until}, asked at {now}");
                    let wakes = until.max(at);
                    self.waits(id, reason, until, wakes);
                    agenda.insert((wakes, id));
                }
            }
            assert!(self.asked[id] < 500, "a reminder asks without end");
        }
    }

    fn waits(&mut self, id: Id, reason: Reason, until: Timestamp, wakes: Timestamp) {
        let before = self.waiting.get(&id).filter(|wait| wait.reason == reason);
        let turn = before.map_or(until, |wait| wait.turn);
        self.waiting.insert(
            id,
            Wait {
                reason,
                wakes: Some(wakes),
                turn,
            },
        );
    }

    fn hand_on_the_line(&mut self, at: Timestamp, agenda: &mut BTreeSet<(Timestamp, Id)>) {
        let next = self
            .waiting
            .iter_mut()
            .filter(|(_, wait)| wait.reason == Reason::LimitConcurrent && wait.wakes.is_some())
            .min_by_key(|(_, wait)| wait.turn);
        if let Some((id, wakes)) = next.and_then(|(id, wait)| Some((*id, wait.wakes.take()?))) {
            assert!(agenda.remove(&(wakes, id)));
            agenda.insert((at, id));
        }
    }

    fn ask(&mut self, id: Id, now: Timestamp) -> Verdict {
        self.asked[id] += 1;
        let newest_first = |dials: &mut dyn Iterator<Item = Timestamp>| {
            let mut dials: Vec<_> = dials.filter(|at| *at <= now + CLOCKS_APART).collect();
            dials.sort_unstable_by(|a, b| b.cmp(a));
            dials
        };
        let to_this_number =
            |(_, other): &&(Timestamp, Id)| other % self.numbers == id % self.numbers;
        let number_dials =
            newest_first(&mut self.dials.iter().filter(to_this_number).map(|(at, _)| *at));
        let turn = |reason| {
            let own = self.waiting.get(&id).filter(|wait| wait.reason == reason);
            own.map_or(Timestamp::MAX, |wait| wait.turn)
        };
        let before = |reason| {
            let ahead = |(other, wait): &(&Id, &Wait)| {
                **other != id && wait.reason == reason && wait.turn < turn(reason)
            };
            u32::try_from(self.waiting.iter().filter(ahead).count()).unwrap()
        };
        let facts = GateFacts {
            open_calls: u32::try_from(self.open.len()).unwrap(),
            number_last_dialed: number_dials.first().copied(),
            number_dials,
            tenant_dials: newest_first(&mut self.dials.iter().map(|(at, _)| *at)),
            waiting: Waiting {
                pace: before(Reason::ProviderPace),
                limit_15_minutes: before(Reason::Limit15Minutes),
                limit_day: before(Reason::LimitDay),
                concurrent: before(Reason::LimitConcurrent),
            },
            ..self.limits.clone()
        };
        judge(now, &facts)
    }

    /// Nowhere are more than `limit` dials within a half-open window; 0 permits any number.
    fn assert_within(&self, limit: u32, length: SignedDuration, number: Option<usize>) {
        let mut dials: Vec<_> = self
            .dials
            .iter()
            .filter(|(_, id)| number.is_none_or(|number| id % self.numbers == number))
            .map(|(at, _)| *at)
            .collect();
        dials.sort_unstable();
        for (index, at) in dials.iter().enumerate() {
            let inside = dials[index..].iter().filter(|other| **other < *at + length);
            assert!(
                limit == 0 || inside.count() <= limit as usize,
                "more than {limit} within {length:#} from {at}"
            );
        }
    }

    fn assert_no_limit_is_overrun(&self) {
        let limits = &self.limits.limits;
        self.assert_within(
            self.limits.calls_per_second,
            SignedDuration::from_secs(1),
            None,
        );
        self.assert_within(limits.per_15_minutes, SignedDuration::from_mins(15), None);
        self.assert_within(limits.per_day, SignedDuration::from_hours(24), None);
        for number in 0..self.numbers {
            let (day, week) = (limits.per_contact_per_day, limits.per_contact_per_week);
            self.assert_within(day, SignedDuration::from_hours(24), Some(number));
            self.assert_within(week, SignedDuration::from_hours(7 * 24), Some(number));
            let cooldown = SignedDuration::from_mins(limits.same_number_cooldown_minutes.into());
            self.assert_within(1, cooldown, Some(number));
        }
        let concurrent = limits.concurrent as usize;
        assert!(concurrent == 0 || self.most_open <= concurrent);
    }

    fn most_asked(&self) -> u32 {
        self.asked.iter().copied().max().unwrap_or_default()
    }

    fn asked_on_average(&self) -> f64 {
        f64::from(self.asked.iter().sum::<u32>()) / self.asked.len() as f64
    }
}

const CALL: SignedDuration = SignedDuration::from_secs(90);

/// Everybody's clock is a little behind the true time, differently at each question.
fn jitter(id: Id, asked: u32) -> SignedDuration {
    let step = (id as u64 * 7919 + u64::from(asked) * 104_729) % 20_000;
    SignedDuration::from_micros(i64::try_from(step).unwrap())
}

fn rush(limits: GateFacts, reminders: usize) -> Clinic {
    let mut clinic = Clinic::new(limits, reminders, reminders);
    let due = vec![at("2027-01-12T08:00:00Z"); reminders];
    clinic.run(&due, CALL, &jitter);
    assert_eq!(
        clinic.dials.len(),
        reminders,
        "everybody is called in the end"
    );
    clinic.assert_no_limit_is_overrun();
    clinic
}

fn minutes_to_the_last(clinic: &Clinic) -> i64 {
    let last = clinic.dials.iter().map(|(at, _)| *at).max().unwrap();
    last.duration_since(at("2027-01-12T08:00:00Z")).as_secs() / MINUTE
}

#[test]
fn a_rush_behind_the_limit_of_15_minutes_asks_two_or_three_times() {
    let clinic = rush(limited(|facts| facts.limits.per_15_minutes = 25), 300);
    assert!(
        clinic.asked_on_average() < 3.0,
        "{}",
        clinic.asked_on_average()
    );
    assert!(clinic.most_asked() <= 6, "{}", clinic.most_asked());
    assert_eq!(minutes_to_the_last(&clinic), 11 * 15);
}

#[test]
fn a_rush_behind_the_providers_pace_asks_a_few_times() {
    let clinic = rush(limited(|facts| facts.calls_per_second = 1), 300);
    assert!(
        clinic.asked_on_average() < 4.0,
        "{}",
        clinic.asked_on_average()
    );
    let took = minutes_to_the_last(&clinic);
    assert!(
        (4..=5).contains(&took),
        "{took}: hardly a second is left out"
    );
}

#[test]
fn a_rush_behind_the_limit_of_a_day_asks_two_or_three_times() {
    let clinic = rush(limited(|facts| facts.limits.per_day = 100), 300);
    assert!(
        clinic.asked_on_average() < 2.6,
        "{}",
        clinic.asked_on_average()
    );
    assert_eq!(minutes_to_the_last(&clinic) / 60, 48);
}

#[test]
fn a_rush_behind_the_limit_of_simultaneous_calls_is_handed_the_lines_in_turn() {
    let clinic = rush(limited(|facts| facts.limits.concurrent = 5), 100);
    // 20 rounds of 90 seconds, the first at once.
    assert!(
        minutes_to_the_last(&clinic) <= 33,
        "{}",
        minutes_to_the_last(&clinic)
    );
    assert!(
        clinic.asked_on_average() < 12.0,
        "{}",
        clinic.asked_on_average()
    );
}

#[test]
fn a_rush_behind_every_default_limit_is_served_in_the_end() {
    let limits = limited(|facts| {
        facts.limits = Settings::default().limits;
        facts.calls_per_second = 1;
    });
    let took = minutes_to_the_last(&rush(limits, 300));
    assert!((11 * 15..12 * 15).contains(&took), "{took}");
}

#[test]
fn a_household_is_called_one_after_another() {
    let limits = limited(|facts| facts.limits.same_number_cooldown_minutes = 60);
    let mut clinic = Clinic::new(limits, 6, 1);
    let apart = |id: Id, _| SignedDuration::from_secs(i64::try_from(60 - 10 * id).unwrap());
    clinic.run(&[at(NOON); 6], CALL, &apart);
    clinic.assert_no_limit_is_overrun();
    assert_eq!(clinic.dials.len(), 6);
}

prop_compose! {
    fn any_limits()(
        per_15_minutes in 0..6u32, per_day in 0..40u32, concurrent in 0..4u32, cooldown in 0..90u32,
        per_contact_per_day in 0..4u32, per_contact_per_week in 0..12u32, calls_per_second in 0..3u32,
    ) -> GateFacts {
        limited(|facts| {
            facts.calls_per_second = calls_per_second;
            facts.limits = Limits {
                per_15_minutes, per_day, concurrent, same_number_cooldown_minutes: cooldown,
                per_contact_per_day, per_contact_per_week,
            };
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_limit_is_ever_overrun(
        limits in any_limits(),
        due in prop::collection::vec(0..7_200_000u32, 1..60),
        numbers in 1..20usize,
        skews in prop::collection::vec(-55_000..55_000i64, 1..20),
        length in 0..600i64,
    ) {
        let mut clinic = Clinic::new(limits, due.len(), numbers);
        let due: Vec<_> = due
            .iter()
            .map(|ms| at(NOON) + SignedDuration::from_millis((*ms).into()))
            .collect();
        let skew = |id: Id, asked: u32| {
            SignedDuration::from_millis(skews[(id + asked as usize) % skews.len()])
        };
        clinic.run(&due, SignedDuration::from_secs(length), &skew);
        clinic.assert_no_limit_is_overrun();
        prop_assert_eq!(clinic.dials.len(), due.len());
    }
}
