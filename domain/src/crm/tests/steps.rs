//! The channel, the token and the nightly comparison, step by step.

use jiff::{SignedDuration, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::settings::TimeOfDay;

const HOUR: i64 = 3_600;

fn channel(number: &str) -> ChannelId {
    number.parse().unwrap()
}

fn wanted() -> ChannelFacts {
    ChannelFacts {
        wanted: true,
        ..ChannelFacts::default()
    }
}

#[test]
fn a_channel_is_renewed_at_half_its_life() {
    let mut facts = wanted();
    assert_eq!(facts.next_step(at(0)).step, ChannelStep::Enable);
    facts.granted(at(0), channel("7"), at(24 * HOUR));
    let until = at(12 * HOUR);
    assert_eq!(facts.next_step(at(1)).step, ChannelStep::Wait { until });
    assert_eq!(
        facts.next_step(until).step,
        ChannelStep::Renew(channel("7"))
    );
    // The life that counts is the one that was granted.
    facts.granted(until, channel("7"), at(13 * HOUR));
    let until = at(12 * HOUR + HOUR / 2);
    assert_eq!(
        facts.next_step(at(12 * HOUR)).step,
        ChannelStep::Wait { until }
    );
    assert_eq!(facts.next_step(at(12 * HOUR)).alarm, None);
}

#[test]
fn a_channel_that_cannot_be_renewed_raises_an_alarm_before_it_ends() {
    let mut facts = wanted();
    facts.granted(at(0), channel("7"), at(24 * HOUR));
    facts.fail(at(12 * HOUR));
    let next = facts.next_step(at(12 * HOUR));
    assert_eq!(next.alarm, None);
    assert_eq!(
        next.step,
        ChannelStep::Wait {
            until: at(12 * HOUR + 30)
        }
    );
    facts.fail(at(12 * HOUR + 30));
    let next = facts.next_step(at(12 * HOUR + 90));
    assert_eq!(next.alarm, Some(ChannelAlarm::Expiring));
    assert_eq!(next.step, ChannelStep::Renew(channel("7")));
    // Nobody was there to try, and it is late.
    let mut left_alone = wanted();
    left_alone.granted(at(0), channel("7"), at(24 * HOUR));
    assert_eq!(
        left_alone.next_step(at(18 * HOUR)).alarm,
        Some(ChannelAlarm::Expiring)
    );
}

#[test]
fn a_channel_that_ended_is_made_anew_and_what_it_missed_is_compared() {
    let mut facts = wanted();
    facts.granted(at(0), channel("7"), at(24 * HOUR));
    let next = facts.next_step(at(25 * HOUR));
    assert_eq!(next.step, ChannelStep::Enable);
    assert_eq!(next.alarm, Some(ChannelAlarm::Deaf));
    facts.granted(at(26 * HOUR), channel("8"), at(50 * HOUR));
    let next = facts.next_step(at(26 * HOUR));
    assert_eq!(next.alarm, None);
    assert_eq!(next.catch_up_from, Some(at(24 * HOUR)));
    facts.caught_up(at(25 * HOUR));
    assert!(facts.next_step(at(26 * HOUR)).catch_up_from.is_some());
    facts.caught_up(at(24 * HOUR));
    assert_eq!(facts.next_step(at(26 * HOUR)).catch_up_from, None);
}

#[test]
fn a_channel_that_the_crm_does_not_know_may_have_been_deaf_since_its_start() {
    let mut facts = wanted();
    facts.granted(at(0), channel("7"), at(24 * HOUR));
    facts.lost(at(12 * HOUR));
    assert_eq!(facts.next_step(at(12 * HOUR)).step, ChannelStep::Enable);
    facts.granted(at(12 * HOUR), channel("8"), at(36 * HOUR));
    assert_eq!(facts.next_step(at(12 * HOUR)).catch_up_from, Some(at(0)));
}

#[test]
fn a_channel_that_is_not_wanted_is_taken_down_and_missed_by_nobody() {
    let mut facts = wanted();
    facts.granted(at(0), channel("7"), at(24 * HOUR));
    facts.wanted = false;
    assert_eq!(
        facts.next_step(at(1)).step,
        ChannelStep::Disable(channel("7"))
    );
    facts.disabled();
    let next = facts.next_step(at(1));
    assert_eq!((next.step, next.alarm), (ChannelStep::Nothing, None));
}

proptest! {
    #[test]
    fn a_channel_is_never_left_alone_for_longer_than_half_its_life(
        life in 60_i64..8 * 24 * HOUR, fails in prop::collection::vec(any::<bool>(), 1..60),
    ) {
        let (mut facts, mut now) = (wanted(), at(0));
        for (n, failed) in fails.into_iter().enumerate() {
            let next = facts.next_step(now);
            match next.step {
                ChannelStep::Wait { until } => {
                    prop_assert!(until > now);
                    let longest = SignedDuration::from_secs((life / 2 + 1).max(15 * 60));
                    prop_assert!(until.duration_since(now) <= longest);
                    now = until;
                }
                ChannelStep::Enable | ChannelStep::Renew(_) if failed => facts.fail(now),
                ChannelStep::Enable | ChannelStep::Renew(_) => {
                    let end = crate::hours::shift(now, SignedDuration::from_secs(life));
                    facts.granted(now, channel(&(n + 1).to_string()), end);
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}

#[test]
fn a_token_is_used_until_shortly_before_its_end_and_refreshed_by_one() {
    let mut facts = TokenFacts::default();
    assert_eq!(facts.next_step(at(0)), TokenStep::Refresh);
    facts.start(at(0));
    assert_eq!(facts.next_step(at(1)), TokenStep::Wait { until: at(60) });
    // Whoever began is gone: another takes over.
    assert_eq!(facts.next_step(at(60)), TokenStep::Refresh);
    facts.refreshed(at(HOUR));
    assert_eq!(facts.next_step(at(HOUR - 301)), TokenStep::Use);
    assert_eq!(facts.next_step(at(HOUR - 300)), TokenStep::Refresh);
    // While one process refreshes, the others go on with the old token.
    facts.start(at(HOUR - 300));
    assert_eq!(facts.next_step(at(HOUR - 299)), TokenStep::Use);
}

#[test]
fn a_process_whose_clock_is_behind_does_not_refresh_as_well() {
    let mut facts = TokenFacts::default();
    facts.start(at(0));
    assert_eq!(facts.next_step(at(-2)), TokenStep::Wait { until: at(60) });
    // A clock that was wrong by hours stops nobody.
    facts.start(at(HOUR));
    assert_eq!(facts.next_step(at(0)), TokenStep::Refresh);
}

#[test]
fn a_token_that_was_not_taken_is_refreshed_once() {
    let mut facts = TokenFacts::default();
    facts.refreshed(at(HOUR));
    facts.reject(at(HOUR));
    assert_eq!(facts.next_step(at(0)), TokenStep::Refresh);
    facts.refreshed(at(HOUR + 1));
    // Another process was late to say so of the old one.
    facts.reject(at(HOUR));
    assert_eq!(facts.next_step(at(0)), TokenStep::Use);
}

#[test]
fn never_more_refreshes_than_the_crm_permits() {
    let mut facts = TokenFacts::default();
    let mut began: Vec<i64> = Vec::new();
    for second in 0..3 * HOUR {
        if facts.next_step(at(second)) == TokenStep::Refresh {
            facts.start(at(second));
            facts.refreshed(at(second + HOUR));
            began.push(second);
        }
        // Every token is refused at once.
        facts.reject(facts.expires_at.unwrap_or_default());
    }
    assert!(began.len() > 100, "it goes on trying");
    for begin in &began {
        let window = began
            .iter()
            .filter(|at| (*begin..begin + 600).contains(*at));
        assert!(window.count() <= 8);
    }
}

#[test]
fn a_refresh_that_failed_waits_and_a_revoked_one_waits_for_somebody() {
    let mut facts = TokenFacts::default();
    facts.start(at(0));
    facts.fail(at(1), None);
    assert_eq!(facts.next_step(at(2)), TokenStep::Wait { until: at(11) });
    facts.fail(at(11), Some(SignedDuration::from_secs(600)));
    assert_eq!(facts.next_step(at(12)), TokenStep::Wait { until: at(611) });
    facts.break_down(TokenProblem::Revoked);
    let broken = TokenStep::Broken(TokenProblem::Revoked);
    assert_eq!(facts.next_step(at(100 * HOUR)), broken);
    facts.mended();
    assert_eq!(facts.next_step(at(100 * HOUR)), TokenStep::Refresh);
}

fn token(text: &str) -> PageToken {
    text.parse().unwrap()
}

#[test]
fn a_comparison_reads_changes_then_deletions_then_ours() {
    let mut facts = ReconcileFacts::begin(at(0), Some(at(-HOUR)));
    let mut read = |next: Option<&str>, newest: Option<i64>, phase, page: Option<&str>| {
        assert_eq!(
            facts.next_step(at(1)),
            ReconcileStep::Read {
                phase,
                since: Some(at(-HOUR)),
                page: page.map(token)
            }
        );
        facts.read(at(1), next.map(token), newest.map(at));
    };
    read(Some("p2"), Some(-1_000), Phase::Changed, None);
    read(None, Some(-10), Phase::Changed, Some("p2"));
    read(None, None, Phase::Deleted, None);
    read(None, None, Phase::Ours, None);
    // The next begins a little before this one did: the CRM's clock may be behind.
    let next_since = at(-600);
    assert_eq!(
        facts.next_step(at(1)),
        ReconcileStep::Finished { next_since }
    );
}

#[test]
fn a_run_does_its_share_and_a_lost_place_is_found_again() {
    let mut facts = ReconcileFacts::begin(at(0), None);
    for page in 0..10 {
        facts.read(at(page), Some(token("next")), Some(at(page)));
    }
    assert_eq!(facts.next_step(at(10)), ReconcileStep::Rest);
    facts.go_on();
    let step = |facts: &ReconcileFacts, now| match facts.next_step(now) {
        ReconcileStep::Read { since, page, .. } => (since, page),
        other => panic!("{other:?}"),
    };
    assert_eq!(step(&facts, at(10)), (None, Some(token("next"))));
    // The place is good for a day, and then the list is read from the last change that was seen.
    assert_eq!(step(&facts, at(24 * HOUR)), (Some(at(9)), None));
    facts.lost_place();
    assert_eq!(step(&facts, at(10)), (Some(at(9)), None));
    // What was deleted is read from the beginning all the same.
    facts.read(at(11), None, None);
    assert_eq!(step(&facts, at(11)), (None, None));
}

#[test]
fn the_comparison_comes_each_night_whatever_the_clocks_do() {
    let london = TimeZone::get("Europe/London").unwrap();
    let table = [
        ("2027-01-10T00:00:00Z", "2027-01-10T01:30:00Z"),
        ("2027-01-10T01:30:00Z", "2027-01-11T01:30:00Z"),
        // 01:30 is skipped on the 28th of March: it comes when the gap has passed.
        ("2027-03-27T12:00:00Z", "2027-03-28T01:30:00Z"),
        // It comes twice on the 31st of October: the first counts.
        ("2027-10-30T12:00:00Z", "2027-10-31T00:30:00Z"),
        ("2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"),
    ];
    for (now, expected) in table {
        let next = next_reconcile(now.parse().unwrap(), TimeOfDay::new(1, 30), &london);
        assert_eq!(next.to_string(), expected, "{now}");
    }
}
