use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::at;
use crate::{
    alert::{FailureClass, SendFailure},
    hours::shift,
    text::{
        Choice, OutboundFacts, OutboundPurpose, OutboundStep, TextConsent, TextRefusal,
        outbound_step,
    },
};

const BEGIN: &str = "2027-03-22T09:00:00Z";

fn later(seconds: i64) -> Timestamp {
    shift(at(BEGIN), SignedDuration::from_secs(seconds))
}

fn facts() -> OutboundFacts {
    OutboundFacts {
        purpose: OutboundPurpose::Person,
        created_at: at(BEGIN),
        length: 20,
        has_number: true,
        has_line: true,
        consent: TextConsent::default(),
        sending_since: None,
        tries: 0,
        last_failure: None,
        not_found_at: None,
        sent: false,
    }
}

fn failed(class: FailureClass, seconds: i64) -> OutboundFacts {
    let may_pass = !matches!(class, FailureClass::Misconfigured | FailureClass::Refused);
    OutboundFacts {
        tries: 1,
        last_failure: Some(SendFailure {
            class,
            may_pass,
            at: later(seconds),
            not_before: None,
        }),
        ..facts()
    }
}

fn opted_out() -> TextConsent {
    TextConsent {
        by_text: Some(Choice {
            at: at(BEGIN),
            opted_out: true,
        }),
        opted_out_elsewhere: None,
    }
}

#[test]
fn a_text_is_sent_at_once_or_refused_with_its_reason() {
    use OutboundStep::{Refuse, Send, Sent};
    for (facts, step) in [
        (facts(), Send),
        (
            OutboundFacts {
                sent: true,
                ..facts()
            },
            Sent,
        ),
        (
            OutboundFacts {
                consent: opted_out(),
                ..facts()
            },
            Refuse(TextRefusal::OptedOut),
        ),
        (
            OutboundFacts {
                consent: opted_out(),
                purpose: OutboundPurpose::LineCheck,
                ..facts()
            },
            Send,
        ),
        (
            OutboundFacts {
                has_number: false,
                ..facts()
            },
            Refuse(TextRefusal::NumberMissing),
        ),
        (
            OutboundFacts {
                has_line: false,
                ..facts()
            },
            Refuse(TextRefusal::LineMissing),
        ),
        (
            OutboundFacts {
                length: 0,
                ..facts()
            },
            Refuse(TextRefusal::Empty),
        ),
        (
            OutboundFacts {
                length: 1600,
                ..facts()
            },
            Send,
        ),
        (
            OutboundFacts {
                length: 1601,
                ..facts()
            },
            Refuse(TextRefusal::TooLong),
        ),
        (
            failed(FailureClass::Refused, 0),
            Refuse(TextRefusal::ProviderRefused),
        ),
        (
            failed(FailureClass::Misconfigured, 0),
            Refuse(TextRefusal::Misconfigured),
        ),
    ] {
        assert_eq!(outbound_step(later(60), &facts), step, "{facts:?}");
    }
}

#[test]
fn what_was_not_taken_is_sent_again_after_a_pause() {
    let unavailable = failed(FailureClass::Unavailable, 0);
    assert_eq!(
        outbound_step(later(1), &unavailable),
        OutboundStep::Wait { until: later(10) }
    );
    assert_eq!(outbound_step(later(10), &unavailable), OutboundStep::Send);
    let mut limited = failed(FailureClass::RateLimited, 0);
    limited.last_failure.as_mut().unwrap().not_before = Some(later(90));
    assert_eq!(
        outbound_step(later(10), &limited),
        OutboundStep::Wait { until: later(90) }
    );
}

#[test]
fn a_text_that_is_no_news_any_more_is_not_sent() {
    let six_hours = 6 * 3600;
    assert_eq!(
        outbound_step(later(six_hours), &facts()),
        OutboundStep::Send
    );
    assert_eq!(
        outbound_step(later(six_hours + 1), &facts()),
        OutboundStep::Refuse(TextRefusal::TooLate)
    );
}

#[test]
fn an_opt_out_between_two_tries_stops_the_second() {
    let facts = OutboundFacts {
        consent: opted_out(),
        ..failed(FailureClass::Unavailable, 0)
    };
    assert_eq!(
        outbound_step(later(10), &facts),
        OutboundStep::Refuse(TextRefusal::OptedOut)
    );
}

#[test]
fn a_text_in_doubt_is_looked_for_until_it_is_proven_absent() {
    let doubtful = failed(FailureClass::Uncertain, 100);
    let looked = |seconds| OutboundFacts {
        not_found_at: Some(later(seconds)),
        ..doubtful
    };
    let look = OutboundStep::Look { since: later(100) };
    assert_eq!(outbound_step(later(100), &doubtful), look);
    assert_eq!(
        outbound_step(later(100), &looked(100)),
        OutboundStep::Wait { until: later(160) }
    );
    // A look from before says nothing of it.
    assert_eq!(outbound_step(later(100), &looked(99)), look);
    assert_eq!(
        outbound_step(later(420), &looked(399)),
        OutboundStep::Wait { until: later(459) }
    );
    assert_eq!(outbound_step(later(420), &looked(400)), OutboundStep::Send);
    assert_eq!(
        outbound_step(later(100 + 1800), &looked(399)),
        OutboundStep::Refuse(TextRefusal::Uncertain)
    );
}

#[test]
fn a_crash_while_a_text_left_puts_it_in_doubt() {
    let crashed = OutboundFacts {
        sending_since: Some(later(0)),
        tries: 1,
        ..facts()
    };
    assert_eq!(
        outbound_step(later(5), &crashed),
        OutboundStep::Wait { until: later(60) }
    );
    assert_eq!(
        outbound_step(later(60), &crashed),
        OutboundStep::Look { since: later(0) }
    );
}

proptest! {
    /// The provider takes each request at random and tells at random; its list shows what it took after a lag.
    #[test]
    fn nobody_gets_a_text_twice_and_every_text_comes_to_an_end(
        fates in prop::collection::vec((any::<bool>(), 0_usize..5), 1..20),
        lag in 0_i64..240,
    ) {
        let (mut now, mut facts) = (at(BEGIN), facts());
        let mut taken: Vec<Timestamp> = Vec::new();
        let mut fates = fates.into_iter().cycle();
        let mut ended = false;
        for _ in 0..2000 {
            match outbound_step(now, &facts) {
                OutboundStep::Sent | OutboundStep::Refuse(_) => { ended = true; break }
                OutboundStep::Wait { until } => {
                    prop_assert!(until > now);
                    now = until;
                }
                OutboundStep::Look { .. } => {
                    let listed = taken.iter().any(|at| shift(*at, SignedDuration::from_secs(lag)) <= now);
                    match listed {
                        true => facts.sent = true,
                        false => facts.not_found_at = Some(now),
                    }
                }
                OutboundStep::Send => {
                    facts.tries += 1;
                    let (takes, answer) = fates.next().unwrap_or_default();
                    let class = match answer {
                        0 => FailureClass::Unavailable,
                        1 => FailureClass::RateLimited,
                        2 => FailureClass::Uncertain,
                        // No answer is recorded: the process died.
                        3 => {
                            facts.sending_since = Some(now);
                            if takes { taken.push(now) }
                            continue;
                        }
                        _ => { taken.push(now); facts.sent = true; continue }
                    };
                    if class == FailureClass::Uncertain && takes { taken.push(now) }
                    facts.sending_since = None;
                    facts.last_failure = Some(SendFailure { class, may_pass: true, at: now, not_before: None });
                }
            }
        }
        prop_assert!(ended);
        prop_assert!(taken.len() <= 1, "{taken:?}");
    }
}
