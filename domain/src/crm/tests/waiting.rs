//! Contacts to be written, budgets, and things that are made once.

use proptest::prelude::*;

use super::*;

#[test]
fn several_changes_of_one_contact_become_one_write() {
    let mut facts = PushFacts::default();
    assert_eq!(facts.next_step(at(0)), PushStep::Nothing);
    for second in [0, 5, 9] {
        facts.change(at(second));
    }
    assert_eq!(facts.next_step(at(10)), PushStep::Wait { until: at(19) });
    assert_eq!(facts.next_step(at(19)), PushStep::Compare);
    // One that never rests is written all the same.
    for second in 10..200 {
        facts.change(at(second));
    }
    assert_eq!(facts.next_step(at(199)), PushStep::Compare);
}

#[test]
fn what_changes_while_it_is_written_is_written_again() {
    let mut facts = PushFacts::default();
    facts.change(at(0));
    let generation = facts.generation;
    facts.change(at(20));
    facts.done(generation);
    assert_eq!(facts.next_step(at(120)), PushStep::Compare);
    facts.done(facts.generation);
    assert_eq!(facts.next_step(at(120)), PushStep::Nothing);
}

#[test]
fn each_failure_has_its_own_patience() {
    let after = |failure, times: u32| {
        let mut facts = PushFacts::default();
        facts.change(at(-1000));
        for _ in 0..times {
            facts.fail(at(0), failure);
        }
        facts.next_step(at(0))
    };
    let wait = |seconds| PushStep::Wait { until: at(seconds) };
    let table = [
        (Failure::Unavailable, 1, wait(30)),
        (Failure::Unavailable, 3, wait(120)),
        (Failure::Unavailable, 10_000, wait(1_800)),
        (Failure::RateLimited, 1, wait(30)),
        (Failure::Denied, 1, wait(300)),
        (Failure::Denied, 10_000, wait(3_600)),
        (Failure::Uncertain, 1, wait(30)),
        (Failure::Changed, 1, wait(1)),
        (Failure::Locked, 1, wait(3_600)),
        (Failure::Locked, 29, PushStep::AskPerson(Failure::Locked)),
        (Failure::Refused, 1, PushStep::AskPerson(Failure::Refused)),
        (Failure::Gone, 1, PushStep::AskPerson(Failure::Gone)),
    ];
    for (failure, times, expected) in table {
        assert_eq!(after(failure, times), expected, "{failure} {times}");
    }
}

#[test]
fn values_that_were_refused_are_tried_again_once_they_changed() {
    let mut facts = PushFacts::default();
    facts.change(at(0));
    facts.fail(at(20), Failure::Refused);
    facts.change(at(30));
    assert_eq!(facts.next_step(at(40)), PushStep::Compare);
    // A change says nothing about whether the CRM is there.
    facts.fail(at(40), Failure::Unavailable);
    facts.change(at(41));
    assert_eq!(facts.next_step(at(60)), PushStep::Wait { until: at(70) });
}

const BUDGET: Budget = Budget {
    per_minute: 3,
    per_day: 5,
};

#[test]
fn a_budget_is_per_minute_and_per_day() {
    let mut facts = BudgetFacts::default();
    assert_eq!(facts.may_spend(at(0), BUDGET), Spend::Most(3));
    facts.spend(at(0), 2);
    assert_eq!(facts.may_spend(at(1), BUDGET), Spend::Most(1));
    facts.spend(at(1), 1);
    assert_eq!(
        facts.may_spend(at(2), BUDGET),
        Spend::Wait { until: at(60) }
    );
    assert_eq!(facts.may_spend(at(60), BUDGET), Spend::Most(2));
    facts.spend(at(60), 2);
    let tomorrow = at(24 * 3600);
    let spent = Spend::Wait { until: tomorrow };
    assert_eq!(facts.may_spend(at(61), BUDGET), spent);
    assert_eq!(facts.may_spend(at(7_000), BUDGET), spent);
    assert_eq!(facts.may_spend(tomorrow, BUDGET), Spend::Most(3));
}

#[test]
fn processes_whose_clocks_differ_spend_one_budget() {
    let mut facts = BudgetFacts::default();
    for behind in [0, -2, 0] {
        facts.spend(at(behind), 1);
    }
    let spent = Spend::Wait { until: at(60) };
    assert_eq!(facts.may_spend(at(-2), BUDGET), spent);
    assert_eq!(facts.may_spend(at(1), BUDGET), spent);
}

#[test]
fn the_wait_that_was_asked_for_is_kept_and_then_one_request_finds_out() {
    let mut facts = BudgetFacts::default();
    facts.told_to_wait(at(0), Some(SignedDuration::from_secs(90)));
    assert_eq!(
        facts.may_spend(at(89), BUDGET),
        Spend::Wait { until: at(90) }
    );
    assert_eq!(facts.may_spend(at(90), BUDGET), Spend::Most(1));
    facts.answered();
    assert_eq!(facts.may_spend(at(90), BUDGET), Spend::Most(3));
}

proptest! {
    #[test]
    fn a_window_never_spends_more_than_it_may(
        steps in prop::collection::vec((0_i64..40, any::<bool>()), 1..200),
    ) {
        let (mut facts, mut now, mut spent) = (BudgetFacts::default(), 0, Vec::new());
        for (seconds, asked_to_wait) in steps {
            now += seconds;
            match facts.may_spend(at(now), BUDGET) {
                Spend::Most(most) => {
                    prop_assert!((1..=BUDGET.per_minute).contains(&most));
                    facts.spend(at(now), most);
                    spent.push((now, most));
                    if asked_to_wait {
                        facts.told_to_wait(at(now), None);
                    } else {
                        facts.answered();
                    }
                }
                Spend::Wait { until } => prop_assert!(until > at(now)),
            }
        }
        let total: u32 = spent.iter().map(|(_, most)| most).sum();
        let days = u32::try_from(now / (24 * 3600) + 1).unwrap();
        prop_assert!(total <= days * BUDGET.per_day);
    }
}

#[test]
fn a_note_in_doubt_is_looked_for_before_it_is_sent_again() {
    let sent_as = |person: &str| SentAs {
        person: person.parse().unwrap(),
        started_at: None,
    };
    let mut facts = AppendFacts::default();
    assert_eq!(facts.next_step(at(0)), AppendStep::Send);
    facts.send(at(0), sent_as("1"));
    // Whoever crashed here comes back to this.
    assert_eq!(facts.next_step(at(1)), AppendStep::Wait { until: at(300) });
    assert_eq!(facts.next_step(at(300)), AppendStep::Look);
    // Looked for too early proves nothing.
    facts.missed_at = Some(at(299));
    assert_eq!(facts.next_step(at(300)), AppendStep::Look);
    facts.missed_at = Some(at(301));
    assert_eq!(facts.next_step(at(302)), AppendStep::Send);
    facts.send(at(302), sent_as("2"));
    assert_eq!(facts.sent_as, Some(sent_as("2")));
    facts.not_made = true;
    assert_eq!(facts.next_step(at(303)), AppendStep::Send);
    facts.made = true;
    assert_eq!(facts.next_step(at(304)), AppendStep::Done);
}
