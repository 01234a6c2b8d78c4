//! A week without the CRM: nothing is lost, and its return is no flood.

use jiff::SignedDuration;

use super::*;
use crate::{
    breaker::{AskedOutcome, BreakerFacts, Permit},
    hours::shift,
};

const CONTACTS: usize = 120;
const WEEK: i64 = 7 * 24 * 3600;
const PER_MINUTE: u32 = 60;

/// One worker's loop over the contacts of a tenant, so many seconds a turn.
struct Office {
    now: Timestamp,
    contacts: Vec<PushFacts>,
    breaker: BreakerFacts,
    budget: BudgetFacts,
    /// When each request left, and whether it was answered.
    requests: Vec<(Timestamp, bool)>,
    written: Vec<u32>,
}

impl Office {
    fn new() -> Office {
        Office {
            now: at(0),
            contacts: vec![PushFacts::default(); CONTACTS],
            breaker: BreakerFacts::new(at(0)),
            budget: BudgetFacts::default(),
            requests: Vec::new(),
            written: vec![0; CONTACTS],
        }
    }

    fn turn(&mut self, seconds: i64, is_up: bool, refused_for_pace: bool) {
        let budget = Budget {
            per_minute: PER_MINUTE,
            per_day: 5_000,
        };
        for place in 0..CONTACTS {
            let due = self.contacts[place].next_step(self.now) == PushStep::Compare;
            if !due || matches!(self.budget.may_spend(self.now, budget), Spend::Wait { .. }) {
                continue;
            }
            match self.breaker.may_ask(self.now) {
                Permit::Refused { .. } => continue,
                Permit::Probe => self.breaker.start_probe(self.now),
                Permit::Allowed => {}
            }
            self.budget.spend(self.now, 1);
            self.requests.push((self.now, is_up));
            self.answer(place, is_up, refused_for_pace);
        }
        self.now = shift(self.now, SignedDuration::from_secs(seconds));
    }

    fn answer(&mut self, place: usize, is_up: bool, refused_for_pace: bool) {
        let (now, generation) = (self.now, self.breaker.generation);
        let contact = &mut self.contacts[place];
        let outcome = match (is_up, refused_for_pace) {
            (false, _) => {
                contact.fail(now, Failure::Unavailable);
                AskedOutcome::Failed
            }
            (true, true) => {
                self.budget.told_to_wait(now, None);
                contact.fail(now, Failure::RateLimited);
                AskedOutcome::AskedToWait
            }
            (true, false) => {
                self.budget.answered();
                let generation = contact.generation;
                contact.done(generation);
                self.written[place] += 1;
                AskedOutcome::Answered
            }
        };
        self.breaker.record(now, generation, outcome, None);
    }

    fn waiting(&self) -> usize {
        let changed = self.contacts.iter().filter(|each| each.changed.is_some());
        changed.count()
    }
}

#[test]
fn a_week_of_outage_loses_nothing_and_its_end_is_no_flood() {
    let mut office = Office::new();
    let mut changed = [false; CONTACTS];
    // Every contact but a few changes several times in the week.
    for turn in 0..WEEK / 60 {
        if turn % 20 == 0 {
            let place = usize::try_from(turn / 20 * 7).unwrap() % (CONTACTS - 20);
            office.contacts[place].change(office.now);
            changed[place] = true;
        }
        office.turn(60, false, false);
    }
    let asked = office.requests.len();
    // The breaker asks once in ten minutes.
    assert!(
        (900..1_100).contains(&asked),
        "{asked} requests while it was away"
    );
    assert_eq!(office.waiting(), CONTACTS - 20);

    let back = office.now;
    while office.waiting() > 0 {
        office.turn(10, true, false);
        let passed = office.now.duration_since(back);
        assert!(
            passed < SignedDuration::from_hours(1),
            "{} wait",
            office.waiting()
        );
    }
    for (place, written) in office.written.iter().enumerate() {
        assert_eq!(*written, u32::from(changed[place]), "contact {place}");
    }
    let after = office.requests.iter().skip(asked);
    let moments: Vec<Timestamp> = after.map(|(at, _)| *at).collect();
    for begin in &moments {
        let end = shift(*begin, SignedDuration::from_mins(1));
        let minute = moments.iter().filter(|at| (*begin..end).contains(*at));
        // A window of the budget may end and another begin within a minute.
        assert!(minute.count() <= 2 * PER_MINUTE as usize);
    }
}

#[test]
fn a_crm_that_asks_to_slow_down_is_asked_less_and_less_and_by_one_at_a_time() {
    let mut office = Office::new();
    for contact in &mut office.contacts {
        contact.change(at(-600));
    }
    for _ in 0..6 * 60 {
        office.turn(10, true, true);
    }
    let asked = office.requests.len();
    assert!(asked < 20, "{asked} requests in an hour");
    assert_eq!(office.waiting(), CONTACTS);
    for _ in 0..6 * 60 {
        office.turn(10, true, false);
    }
    assert_eq!(office.waiting(), 0);
    assert!(office.written.iter().all(|written| *written == 1));
}
