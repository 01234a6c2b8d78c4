use super::*;
use crate::{
    reminder::{AppointmentFacts, ContactFacts},
    zone,
};

mod rush;

/// Tuesday 12 January 2027, noon in London.
const NOON: &str = "2027-01-12T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn ago(seconds: i64) -> Timestamp {
    at(NOON) - SignedDuration::from_secs(seconds)
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Nothing was dialed and nothing is limited.
fn open() -> GateFacts {
    GateFacts {
        tenant_live: true,
        tenant_paused: false,
        configuration_complete: true,
        consent_required: false,
        consent_recorded: false,
        calls_per_second: 0,
        limits: Limits {
            per_15_minutes: 0,
            per_day: 0,
            concurrent: 0,
            same_number_cooldown_minutes: 0,
            per_contact_per_day: 0,
            per_contact_per_week: 0,
        },
        latest: at("2027-01-13T09:00:00Z"),
        open_calls: 0,
        number_last_dialed: None,
        tenant_dials: Vec::new(),
        number_dials: Vec::new(),
        waiting: Waiting::default(),
    }
}

fn limited(change: impl FnOnce(&mut GateFacts)) -> GateFacts {
    let mut facts = open();
    change(&mut facts);
    facts
}

fn ask(facts: &GateFacts) -> Verdict {
    judge(at(NOON), facts)
}

fn later(reason: Reason, until: Timestamp) -> Verdict {
    Verdict::Later { reason, until }
}

#[test]
fn with_no_limit_every_dial_is_permitted() {
    let facts = limited(|facts| {
        facts.open_calls = 10_000;
        facts.number_last_dialed = Some(at(NOON));
        facts.number_dials = vec![at(NOON); 100];
        facts.tenant_dials = vec![at(NOON); 1000];
        facts.waiting = Waiting {
            pace: 9,
            limit_15_minutes: 9,
            limit_day: 9,
            concurrent: 9,
        };
    });
    assert_eq!(ask(&facts), Verdict::Dial);
}

#[test]
fn what_only_a_person_can_change_waits_until_the_last_permitted_moment() {
    let latest = open().latest;
    type Change = fn(&mut GateFacts);
    let cases: [(Change, Reason); 4] = [
        (|facts| facts.tenant_live = false, Reason::TenantNotLive),
        (|facts| facts.tenant_paused = true, Reason::TenantPaused),
        (
            |facts| facts.configuration_complete = false,
            Reason::ConfigurationIncomplete,
        ),
        (
            |facts| facts.consent_required = true,
            Reason::ConsentMissing,
        ),
    ];
    for (change, reason) in cases {
        assert_eq!(ask(&limited(change)), later(reason, latest));
    }
    let all = |facts: &mut GateFacts| {
        facts.tenant_live = false;
        facts.tenant_paused = true;
        facts.configuration_complete = false;
        facts.consent_required = true;
    };
    assert_eq!(ask(&limited(all)), later(Reason::TenantNotLive, latest));
}

#[test]
fn a_recorded_consent_suffices() {
    let facts = limited(|facts| {
        facts.consent_required = true;
        facts.consent_recorded = true;
    });
    assert_eq!(ask(&facts), Verdict::Dial);
}

#[test]
fn at_the_very_last_moment_a_held_reminder_still_waits_a_little() {
    let facts = limited(|facts| {
        facts.tenant_paused = true;
        facts.latest = at(NOON);
    });
    let until = at(NOON) + SignedDuration::from_secs(1);
    assert_eq!(ask(&facts), later(Reason::TenantPaused, until));
}

#[test]
fn a_number_rests_for_the_cooldown_and_not_an_instant_longer() {
    let dialed = |seconds| {
        ask(&limited(|facts| {
            facts.limits.same_number_cooldown_minutes = 60;
            facts.number_last_dialed = Some(ago(seconds));
        }))
    };
    assert_eq!(dialed(HOUR), Verdict::Dial);
    assert_eq!(dialed(HOUR - 1), later(Reason::SameNumberCooldown, ago(-1)));
    assert_eq!(dialed(0), later(Reason::SameNumberCooldown, ago(-HOUR)));
}

#[test]
fn a_dial_by_a_process_whose_clock_is_ahead_counts() {
    let ahead = ago(-1);
    let cooldown = limited(|facts| {
        facts.limits.same_number_cooldown_minutes = 60;
        facts.number_last_dialed = Some(ahead);
    });
    assert_eq!(
        ask(&cooldown),
        later(Reason::SameNumberCooldown, ago(-1 - HOUR))
    );
    let quarter = limited(|facts| {
        facts.limits.per_15_minutes = 1;
        facts.tenant_dials = vec![ahead];
    });
    assert_eq!(
        ask(&quarter),
        later(Reason::Limit15Minutes, ago(-1 - 15 * MINUTE))
    );
    let day = limited(|facts| {
        facts.limits.per_contact_per_day = 1;
        facts.number_dials = vec![ahead];
    });
    assert_eq!(ask(&day), later(Reason::CapPerDay, ago(-1 - DAY)));
}

#[test]
fn a_window_is_half_open() {
    type Limit = fn(&mut GateFacts, Vec<Timestamp>);
    let windows: [(Limit, i64, Reason); 5] = [
        (
            |facts, dials| {
                facts.limits.per_15_minutes = 2;
                facts.tenant_dials = dials;
            },
            15 * MINUTE,
            Reason::Limit15Minutes,
        ),
        (
            |facts, dials| {
                facts.limits.per_day = 2;
                facts.tenant_dials = dials;
            },
            DAY,
            Reason::LimitDay,
        ),
        (
            |facts, dials| {
                facts.calls_per_second = 2;
                facts.tenant_dials = dials;
            },
            1,
            Reason::ProviderPace,
        ),
        (
            |facts, dials| {
                facts.limits.per_contact_per_day = 2;
                facts.number_dials = dials;
            },
            DAY,
            Reason::CapPerDay,
        ),
        (
            |facts, dials| {
                facts.limits.per_contact_per_week = 2;
                facts.number_dials = dials;
            },
            7 * DAY,
            Reason::CapPerWeek,
        ),
    ];
    for (limit, length, reason) in windows {
        let second = ago(length) + SignedDuration::from_micros(1);
        let full = limited(|facts| limit(facts, vec![at(NOON), second]));
        let until = at(NOON) + SignedDuration::from_micros(1);
        assert_eq!(ask(&full), later(reason, until));
        let left = limited(|facts| limit(facts, vec![at(NOON), ago(length)]));
        assert_eq!(ask(&left), Verdict::Dial, "{reason}");
    }
}

#[test]
fn the_gate_that_takes_longest_to_open_is_named_first() {
    let mut facts = limited(|facts| {
        facts.limits = Limits {
            per_15_minutes: 1,
            per_day: 1,
            concurrent: 1,
            same_number_cooldown_minutes: 60,
            per_contact_per_day: 1,
            per_contact_per_week: 1,
        };
        facts.calls_per_second = 1;
        facts.open_calls = 1;
        facts.number_last_dialed = Some(at(NOON));
        facts.number_dials = vec![at(NOON)];
        facts.tenant_dials = vec![at(NOON)];
    });
    let mut seen = Vec::new();
    while let Verdict::Later { reason, .. } = ask(&facts) {
        seen.push(reason);
        match reason {
            Reason::SameNumberCooldown => facts.limits.same_number_cooldown_minutes = 0,
            Reason::CapPerDay => facts.limits.per_contact_per_day = 0,
            Reason::CapPerWeek => facts.limits.per_contact_per_week = 0,
            Reason::LimitDay => facts.limits.per_day = 0,
            Reason::Limit15Minutes => facts.limits.per_15_minutes = 0,
            Reason::LimitConcurrent => facts.limits.concurrent = 0,
            Reason::ProviderPace => facts.calls_per_second = 0,
            other => panic!("{other}"),
        }
    }
    let order = [
        Reason::SameNumberCooldown,
        Reason::CapPerDay,
        Reason::CapPerWeek,
        Reason::LimitDay,
        Reason::Limit15Minutes,
        Reason::LimitConcurrent,
        Reason::ProviderPace,
    ];
    assert_eq!(seen, order);
}

#[test]
fn the_limit_of_simultaneous_calls_is_asked_again_within_minutes() {
    let waits = |open_calls, waiting| {
        let verdict = ask(&limited(|facts| {
            facts.limits.concurrent = 5;
            facts.open_calls = open_calls;
            facts.waiting.concurrent = waiting;
        }));
        match verdict {
            Verdict::Dial => 0,
            Verdict::Later { reason, until } => {
                assert_eq!(reason, Reason::LimitConcurrent);
                until.duration_since(at(NOON)).as_secs()
            }
        }
    };
    assert_eq!(waits(4, 100), 0);
    assert_eq!(waits(5, 0), MINUTE);
    assert_eq!(waits(5, 4), MINUTE);
    assert_eq!(waits(5, 5), 2 * MINUTE);
    assert_eq!(waits(9, 12), 3 * MINUTE);
}

#[test]
fn whoever_comes_later_takes_the_place_of_a_later_dial() {
    let dials = [1, 4, 9].map(|minutes| ago(minutes * MINUTE));
    let wait = |waiting| {
        let facts = limited(|facts| {
            facts.limits.per_15_minutes = 3;
            facts.tenant_dials = dials.to_vec();
            facts.waiting.limit_15_minutes = waiting;
        });
        match ask(&facts) {
            Verdict::Later { until, .. } => until.duration_since(at(NOON)).as_secs() / MINUTE,
            Verdict::Dial => panic!("the window is full"),
        }
    };
    assert_eq!([0, 1, 2].map(wait), [6, 11, 14]);
    assert_eq!([3, 4, 5].map(wait), [21, 26, 29]);
}

#[test]
fn absurd_numbers_open_no_gate() {
    let waiting = Waiting {
        pace: u32::MAX,
        limit_15_minutes: u32::MAX,
        limit_day: u32::MAX,
        concurrent: u32::MAX,
    };
    let limits: [fn(&mut GateFacts); 4] = [
        |facts| facts.limits.per_15_minutes = 1,
        |facts| facts.limits.per_day = 1,
        |facts| facts.limits.concurrent = 1,
        |facts| facts.calls_per_second = 1,
    ];
    for limit in limits {
        let facts = limited(|facts| {
            limit(facts);
            facts.waiting = waiting;
            facts.open_calls = u32::MAX;
            facts.tenant_dials = vec![at(NOON)];
        });
        assert!(matches!(ask(&facts), Verdict::Later { until, .. } if until > at(NOON)));
    }
    let cooldown = limited(|facts| {
        facts.limits.same_number_cooldown_minutes = u32::MAX;
        facts.number_last_dialed = Some(at("9990-01-01T00:00:00Z"));
    });
    assert_eq!(
        ask(&cooldown),
        later(Reason::SameNumberCooldown, Timestamp::MAX)
    );
}

/// An appointment on Wednesday at 10:00 in London, dialed for on Tuesday at noon.
fn reminder() -> ReminderFacts {
    ReminderFacts {
        appointment: AppointmentFacts {
            status: AppointmentStatus::Scheduled,
            starts_at: at("2027-01-13T10:00:00Z"),
            known_at: at("2027-01-01T09:00:00Z"),
            call_before_hours: None,
            zones: vec![zone::find("Europe/London").unwrap()],
        },
        contact: ContactFacts {
            number: NumberState::Callable,
            opted_out: false,
            best_hour: None,
        },
        attempts: Vec::new(),
        deferral: None,
    }
}

struct Placement {
    reminder: ReminderFacts,
    settings: Settings,
    now: Timestamp,
    tenant_live: bool,
    tenant_paused: bool,
    same_version: bool,
    same_number: bool,
}

fn placed(change: impl FnOnce(&mut Placement)) -> Option<Reason> {
    let mut placement = Placement {
        reminder: reminder(),
        settings: Settings::default(),
        now: at(NOON),
        tenant_live: true,
        tenant_paused: false,
        same_version: true,
        same_number: true,
    };
    change(&mut placement);
    let facts = PlacementFacts {
        reminder: &placement.reminder,
        settings: &placement.settings,
        tenant_live: placement.tenant_live,
        tenant_paused: placement.tenant_paused,
        same_version: placement.same_version,
        same_number: placement.same_number,
    };
    placement_refused(placement.now, &facts)
}

fn placed_at(now: &str) -> Option<Reason> {
    placed(|placement| placement.now = at(now))
}

#[test]
fn a_call_that_nothing_forbids_is_placed() {
    assert_eq!(placed(|_| {}), None);
}

#[test]
fn a_call_is_not_placed_for_an_appointment_that_changed_meanwhile() {
    let with_status = |status| placed(|placement| placement.reminder.appointment.status = status);
    assert_eq!(
        AppointmentStatus::ALL
            .iter()
            .map(|status| with_status(*status))
            .collect::<Vec<_>>(),
        [
            None,
            Some(Reason::AppointmentConfirmed),
            Some(Reason::AppointmentCancelled),
            Some(Reason::AwaitingReschedule),
            Some(Reason::AppointmentCancelled),
        ]
    );
    let moved = Some(Reason::AppointmentMoved);
    assert_eq!(placed(|placement| placement.same_version = false), moved);
    assert_eq!(placed(|placement| placement.same_number = false), moved);
}

#[test]
fn a_call_is_not_placed_to_somebody_who_must_not_be_called() {
    assert_eq!(
        placed(|placement| placement.reminder.contact.opted_out = true),
        Some(Reason::OptedOut)
    );
    assert_eq!(
        placed(|placement| placement.reminder.contact.number = NumberState::Invalid),
        Some(Reason::NumberInvalid)
    );
}

#[test]
fn a_call_is_not_placed_for_a_tenant_that_stopped_dialing() {
    assert_eq!(
        placed(|placement| placement.tenant_live = false),
        Some(Reason::TenantNotLive)
    );
    assert_eq!(
        placed(|placement| placement.tenant_paused = true),
        Some(Reason::TenantPaused)
    );
}

#[test]
fn a_call_is_not_placed_too_near_to_the_appointment() {
    assert_eq!(placed_at("2027-01-13T09:00:00Z"), None);
    let near = Some(Reason::InsideBuffer);
    assert_eq!(placed_at("2027-01-13T09:00:00.000001Z"), near);
    assert_eq!(placed_at("2027-01-13T09:59:59Z"), near);
    let past = Some(Reason::AppointmentPast);
    assert_eq!(placed_at("2027-01-13T10:00:00Z"), past);
}

#[test]
fn a_call_is_not_placed_outside_the_calling_hours() {
    let closed = Some(Reason::OutsideHours);
    assert_eq!(placed_at("2027-01-12T07:59:59Z"), closed);
    assert_eq!(placed_at("2027-01-12T08:00:00Z"), None);
    assert_eq!(placed_at("2027-01-12T19:59:59Z"), None);
    assert_eq!(placed_at("2027-01-12T20:00:00Z"), closed);
    assert_eq!(
        placed_at("2027-01-10T12:00:00Z"),
        Some(Reason::ClosedDay),
        "a Sunday"
    );
    assert_eq!(
        placed_at("2027-01-01T12:00:00Z"),
        Some(Reason::Holiday),
        "New Year's Day"
    );
}

#[test]
fn a_call_is_not_placed_when_it_is_night_in_one_of_the_zones() {
    let far = |now| {
        placed(|placement| {
            placement.now = at(now);
            placement
                .reminder
                .appointment
                .zones
                .push(zone::find("America/New_York").unwrap());
        })
    };
    assert_eq!(far("2027-01-12T12:30:00Z"), Some(Reason::OutsideHours));
    assert_eq!(far("2027-01-12T13:00:00Z"), None);
}
