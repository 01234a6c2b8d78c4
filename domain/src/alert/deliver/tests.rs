use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{alert::fallback, settings::Alerts};

fn after(seconds: i64) -> Timestamp {
    let noon: Timestamp = "2027-01-12T12:00:00Z".parse().unwrap();
    noon + SignedDuration::from_secs(seconds)
}

fn fresh(severity: Severity) -> DeliveryFacts {
    DeliveryFacts {
        channel: Channel::Slack,
        severity,
        created_at: after(0),
        tries: 0,
        last_failure: None,
        sent: false,
        disabled: false,
        fell_back: false,
        stand_in: None,
    }
}

fn failed(tries: u32, class: FailureClass, severity: Severity) -> DeliveryFacts {
    DeliveryFacts {
        tries,
        last_failure: Some(SendFailure {
            class,
            may_pass: class != FailureClass::Misconfigured,
            at: after(0),
            not_before: None,
        }),
        ..fresh(severity)
    }
}

fn refused_for_good(severity: Severity) -> DeliveryFacts {
    let mut facts = failed(1, FailureClass::Refused, severity);
    facts.last_failure.as_mut().unwrap().may_pass = false;
    facts
}

fn not_before(seconds: i64, mut facts: DeliveryFacts) -> DeliveryFacts {
    facts.last_failure.as_mut().unwrap().not_before = Some(after(seconds));
    facts
}

fn with_stand_in(facts: DeliveryFacts) -> DeliveryFacts {
    DeliveryFacts {
        stand_in: Some(Channel::Sms),
        ..facts
    }
}

const SEND: DeliveryStep = DeliveryStep::SendNow { look_first: false };

fn wait(seconds: i64) -> DeliveryStep {
    DeliveryStep::Wait {
        until: after(seconds),
    }
}

#[test]
fn a_delivery_takes_these_steps() {
    use FailureClass::*;
    use Severity::*;
    let instead = DeliveryStep::FallBackTo(Channel::Sms);
    let table = [
        ("is sent at once", 0, fresh(Error), SEND),
        ("however late", 90_000, fresh(Error), SEND),
        (
            "waits after a failure",
            0,
            failed(1, Unavailable, Error),
            wait(10),
        ),
        ("and is sent again", 10, failed(1, Unavailable, Error), SEND),
        (
            "with a longer pause",
            11,
            failed(2, Unavailable, Error),
            wait(30),
        ),
        (
            "and a longest",
            11,
            failed(9, Unavailable, Error),
            wait(900),
        ),
        (
            "honours Retry-After",
            10,
            not_before(120, failed(1, RateLimited, Error)),
            wait(120),
        ),
        (
            "not a shorter one",
            0,
            not_before(1, failed(1, RateLimited, Error)),
            wait(10),
        ),
        (
            "gives up what is refused",
            0,
            refused_for_good(Error),
            DeliveryStep::GiveUp,
        ),
        (
            "and what is misconfigured",
            0,
            failed(1, Misconfigured, Error),
            DeliveryStep::GiveUp,
        ),
        (
            "gives up old news",
            21_601,
            failed(9, Unavailable, Error),
            DeliveryStep::GiveUp,
        ),
        (
            "and what would be old",
            0,
            not_before(21_601, failed(1, RateLimited, Error)),
            DeliveryStep::GiveUp,
        ),
        (
            "bears one failure",
            0,
            with_stand_in(failed(1, Unavailable, Critical)),
            wait(10),
        ),
        (
            "not two, if critical",
            0,
            with_stand_in(failed(2, Unavailable, Critical)),
            instead,
        ),
        (
            "but if not",
            0,
            with_stand_in(failed(2, Unavailable, Error)),
            wait(30),
        ),
        (
            "bears a short wait",
            0,
            not_before(60, with_stand_in(failed(1, RateLimited, Critical))),
            wait(60),
        ),
        (
            "not a long one",
            0,
            not_before(61, with_stand_in(failed(1, RateLimited, Critical))),
            instead,
        ),
        (
            "goes another way when refused",
            0,
            with_stand_in(refused_for_good(Critical)),
            instead,
        ),
        (
            "only once",
            0,
            DeliveryFacts {
                fell_back: true,
                ..with_stand_in(refused_for_good(Critical))
            },
            DeliveryStep::GiveUp,
        ),
        (
            "goes another way when the channel is disabled",
            0,
            DeliveryFacts {
                disabled: true,
                ..with_stand_in(fresh(Critical))
            },
            instead,
        ),
        (
            "sends nothing over a disabled channel",
            0,
            DeliveryFacts {
                disabled: true,
                ..fresh(Error)
            },
            DeliveryStep::GiveUp,
        ),
        (
            "is done when sent",
            0,
            DeliveryFacts {
                sent: true,
                ..with_stand_in(refused_for_good(Critical))
            },
            DeliveryStep::Done,
        ),
    ];
    for (what, seconds, facts, step) in table {
        assert_eq!(deliver_step(after(seconds), &facts), step, "{what}");
    }
}

#[test]
fn only_a_text_that_may_have_arrived_is_looked_for_first() {
    for channel in Channel::ALL {
        for class in FailureClass::ALL {
            let facts = DeliveryFacts {
                channel: *channel,
                ..failed(1, *class, Severity::Error)
            };
            let look_first = *channel == Channel::Sms && *class == FailureClass::Uncertain;
            if class != &FailureClass::Misconfigured {
                let step = deliver_step(after(10), &facts);
                assert_eq!(
                    step,
                    DeliveryStep::SendNow { look_first },
                    "{channel} {class}"
                );
            }
        }
    }
}

/// How a channel behaves in a run.
#[derive(Debug, Clone)]
struct Weather {
    is_set_up: bool,
    disabled: bool,
    /// One answer for each try; after the last, the message is taken or never.
    answers: Vec<Option<(FailureClass, bool, i64)>>,
    works_in_the_end: bool,
}

prop_compose! {
    fn weather()(
        is_set_up in any::<bool>(),
        disabled in prop::bool::weighted(0.2),
        answers in prop::collection::vec(
            prop::option::weighted(0.9, (prop::sample::select(FailureClass::ALL), any::<bool>(), 0..8000i64)), 0..12),
        works_in_the_end in any::<bool>(),
    ) -> Weather {
        Weather { is_set_up, disabled, answers, works_in_the_end }
    }
}

impl Weather {
    fn answer(&self, tries: u32) -> Option<(FailureClass, bool, i64)> {
        let end = if self.works_in_the_end {
            None
        } else {
            Some((FailureClass::Unavailable, true, 0))
        };
        let answer = self.answers.get(tries as usize).copied().unwrap_or(end);
        answer.map(|(class, may_pass, pause)| {
            (
                class,
                may_pass && class != FailureClass::Misconfigured,
                pause,
            )
        })
    }
}

/// One critical or other notice, with its deliveries by channel as the store keeps them.
struct Run {
    weather: BTreeMap<Channel, Weather>,
    settings: Alerts,
    deliveries: BTreeMap<Channel, DeliveryFacts>,
    ended: BTreeMap<Channel, DeliveryStep>,
}

impl Run {
    fn new(weather: BTreeMap<Channel, Weather>, severity: Severity, routed: Channel) -> Run {
        let mut settings = Alerts::default();
        settings.slack.enabled = weather[&Channel::Slack].is_set_up;
        settings.email.to = vec![String::new(); usize::from(weather[&Channel::Email].is_set_up)];
        settings.sms.to = vec![String::new(); usize::from(weather[&Channel::Sms].is_set_up)];
        let mut run = Run {
            weather,
            settings,
            deliveries: BTreeMap::new(),
            ended: BTreeMap::new(),
        };
        run.add(routed, severity, after(0));
        run
    }

    fn add(&mut self, channel: Channel, severity: Severity, now: Timestamp) {
        let facts = DeliveryFacts {
            channel,
            created_at: now,
            disabled: self.weather[&channel].disabled,
            ..fresh(severity)
        };
        self.deliveries.insert(channel, facts);
    }

    /// Takes every delivery to its end, one after the other, each by its own clock.
    fn run(&mut self) {
        let mut todo: Vec<(Channel, Timestamp)> = self
            .deliveries
            .keys()
            .map(|channel| (*channel, after(0)))
            .collect();
        let mut steps = 0;
        while let Some((channel, mut now)) = todo.pop() {
            let end = loop {
                steps += 1;
                assert!(steps < 1000, "it never ends");
                let used: Vec<Channel> = self.deliveries.keys().copied().collect();
                let mut facts = self.deliveries[&channel];
                facts.stand_in = fallback(&self.settings, &used);
                match deliver_step(now, &facts) {
                    DeliveryStep::Wait { until } => {
                        assert!(until > now);
                        now = until;
                    }
                    DeliveryStep::FallBackTo(other) => {
                        assert!(!self.deliveries.contains_key(&other));
                        facts.fell_back = true;
                        self.add(other, facts.severity, now);
                        todo.push((other, now));
                    }
                    DeliveryStep::SendNow { .. } => {
                        assert!(!facts.disabled);
                        let answer = self.weather[&channel].answer(facts.tries);
                        facts.tries += 1;
                        facts.sent = answer.is_none();
                        facts.last_failure = answer.map(|(class, may_pass, pause)| SendFailure {
                            class,
                            may_pass,
                            at: now,
                            not_before: Some(now + SignedDuration::from_secs(pause)),
                        });
                    }
                    end @ (DeliveryStep::GiveUp | DeliveryStep::Done) => break end,
                }
                self.deliveries.insert(channel, facts);
            };
            self.ended.insert(channel, end);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_delivery_ends_and_nothing_critical_is_given_up_before_every_channel_was_tried(
        weathers in prop::array::uniform3(weather()),
        severity in prop::sample::select(Severity::ALL),
        routed in prop::sample::select(Channel::ALL),
    ) {
        let weather = Channel::ALL.iter().copied().zip(weathers).collect();
        let mut run = Run::new(weather, severity, routed);
        run.run();
        prop_assert_eq!(run.ended.len(), run.deliveries.len());
        let sent = run.ended.values().any(|end| *end == DeliveryStep::Done);
        let used: Vec<Channel> = run.deliveries.keys().copied().collect();
        if severity == Severity::Critical && !sent {
            prop_assert_eq!(fallback(&run.settings, &used), None);
        }
        if severity != Severity::Critical {
            prop_assert_eq!(used, [routed]);
        }
    }
}
