use super::*;
use crate::zone;

const ALWAYS_OPEN: &str = r#"
[hours]
monday = ["00:00-24:00"]
tuesday = ["00:00-24:00"]
wednesday = ["00:00-24:00"]
thursday = ["00:00-24:00"]
friday = ["00:00-24:00"]
saturday = ["00:00-24:00"]
sunday = ["00:00-24:00"]
holidays = "none"
"#;

struct Case {
    settings: String,
    outcome: CallOutcome,
    retry: u32,
    ended_at: &'static str,
    starts_at: &'static str,
    best_hour: Option<BestHour>,
}

/// A call to London that ended on Monday 11 January 2027 at noon, well before its appointment.
fn after(outcome: CallOutcome, retry: u32) -> Case {
    Case {
        settings: format!("{ALWAYS_OPEN}[retries]\nmax_retries = 5\n"),
        outcome,
        retry,
        ended_at: "2027-01-11T12:00:00Z",
        starts_at: "2027-01-18T12:00:00Z",
        best_hour: None,
    }
}

impl Case {
    fn run(&self) -> Retry {
        let settings = Settings::from_toml(&self.settings).unwrap();
        let hours = Hours::new(&settings, &[zone::find("Europe/London").unwrap()]);
        let ended_at: Timestamp = self.ended_at.parse().unwrap();
        next(&RetryRequest {
            settings: &settings,
            hours: &hours,
            starts_at: self.starts_at.parse().unwrap(),
            best_hour: self.best_hour,
            outcome: self.outcome,
            retry: self.retry,
            dialed_at: ended_at - SignedDuration::from_mins(2),
            ended_at,
        })
    }

    fn at(&self) -> String {
        match self.run() {
            Retry::At(retry) => retry.at.to_string(),
            other => panic!("{other:?}"),
        }
    }

    /// The delay in minutes.
    fn minutes(&self) -> i64 {
        let at: Timestamp = self.at().parse().unwrap();
        at.duration_since(self.ended_at.parse().unwrap()).as_mins()
    }

    fn with(mut self, keys: &str) -> Case {
        self.settings.push_str(keys);
        self
    }
}

fn default_hours(outcome: CallOutcome, retry: u32) -> Case {
    Case {
        settings: String::new(),
        ..after(outcome, retry)
    }
}

#[test]
fn backoff_grows_by_half_with_each_retry_up_to_a_day() {
    let minutes = |outcome| {
        [1, 2, 3, 4, 5].map(|retry| {
            after(outcome, retry)
                .with("strategy = \"backoff\"")
                .minutes()
        })
    };
    assert_eq!(minutes(CallOutcome::NoAnswer), [120, 180, 270, 405, 607]);
    assert_eq!(
        minutes(CallOutcome::Voicemail),
        [480, 720, 1080, 1440, 1440]
    );
    assert_eq!(minutes(CallOutcome::Busy), [60, 90, 135, 202, 303]);
    assert_eq!(minutes(CallOutcome::Failed), [240, 360, 540, 810, 1215]);
}

#[test]
fn adaptive_follows_the_outcome() {
    let minutes = |outcome| [1, 2, 3].map(|retry| after(outcome, retry).minutes());
    assert_eq!(minutes(CallOutcome::NoAnswer), [120, 480, 480]);
    assert_eq!(minutes(CallOutcome::Voicemail), [480, 1440, 1440]);
    assert_eq!(minutes(CallOutcome::Busy), [60, 60, 60]);
    // 4 h × n^1.5, at most 12 h.
    assert_eq!(minutes(CallOutcome::Failed), [240, 678, 720]);
}

#[test]
fn the_tenants_own_delays_are_used() {
    let keys = "no_answer_hours = 3\nvoicemail_hours = 5\nbusy_hours = 2\nfailed_hours = 1";
    let minutes = |outcome| after(outcome, 1).with(keys).minutes();
    assert_eq!(minutes(CallOutcome::NoAnswer), 180);
    assert_eq!(minutes(CallOutcome::Voicemail), 300);
    assert_eq!(minutes(CallOutcome::Busy), 120);
    assert_eq!(minutes(CallOutcome::Failed), 60);
}

#[test]
fn the_best_hour_is_used_when_it_is_believed() {
    let best = |hour, confidence, retry| Case {
        best_hour: Some(BestHour { hour, confidence }),
        ..after(CallOutcome::NoAnswer, retry)
    };
    assert_eq!(best(18, 0.71, 2).at(), "2027-01-11T18:00:00Z");
    assert_eq!(best(9, 0.71, 2).at(), "2027-01-12T09:00:00Z");
    assert_eq!(best(12, 0.9, 2).at(), "2027-01-12T12:00:00Z");
    // 13:00 is an hour after the end, and more than the cooldown after the dial.
    assert_eq!(best(13, 0.9, 2).at(), "2027-01-11T13:00:00Z");
    assert_eq!(best(18, 0.7, 2).minutes(), 480);
    assert_eq!(best(18, f64::NAN, 2).minutes(), 480);
    assert_eq!(best(24, 1.0, 2).minutes(), 480);
    assert_eq!(best(18, 0.9, 1).minutes(), 120);
}

#[test]
fn the_best_hour_lies_behind_the_cooldown() {
    let case = Case {
        best_hour: Some(BestHour {
            hour: 13,
            confidence: 0.9,
        }),
        ..after(CallOutcome::NoAnswer, 2).with("[limits]\nsame_number_cooldown_minutes = 90")
    };
    assert_eq!(case.at(), "2027-01-12T13:00:00Z");
}

#[test]
fn the_best_hour_survives_the_changes_of_the_clocks() {
    let best = |ended_at| Case {
        best_hour: Some(BestHour {
            hour: 1,
            confidence: 0.9,
        }),
        ended_at,
        starts_at: "2027-06-01T00:00:00Z",
        ..after(CallOutcome::NoAnswer, 2)
    };
    assert_eq!(best("2027-03-27T20:00:00Z").at(), "2027-03-28T01:00:00Z");
    assert_eq!(best("2026-10-24T20:00:00Z").at(), "2026-10-25T00:00:00Z");
    assert_eq!(best("2026-10-25T00:30:00Z").at(), "2026-10-26T01:00:00Z");
}

#[test]
fn a_second_voicemail_needs_more_than_a_day_before_the_appointment() {
    let voicemail = |starts_at| Case {
        starts_at,
        ..after(CallOutcome::Voicemail, 2)
    };
    assert_eq!(
        voicemail("2027-01-12T12:00:00Z").run(),
        Retry::ManualReview(Reason::TooClose)
    );
    // A day and a second are more than a day, but the retry would then be inside the buffer.
    assert_eq!(
        voicemail("2027-01-12T12:00:01Z").run(),
        Retry::ManualReview(Reason::TooClose)
    );
    assert_eq!(
        voicemail("2027-01-12T13:00:00Z").at(),
        "2027-01-12T12:00:00Z"
    );
}

#[test]
fn the_cooldown_of_the_number_is_kept() {
    let case = after(CallOutcome::Busy, 1).with("[limits]\nsame_number_cooldown_minutes = 240");
    assert_eq!(case.at(), "2027-01-11T15:58:00Z");
    let Retry::At(retry) = case.run() else {
        panic!()
    };
    let settings = Settings::from_toml(&case.settings).unwrap();
    assert_eq!(
        retry.reason(&Hours::new(&settings, &[])),
        Some(Reason::SameNumberCooldown)
    );
}

#[test]
fn a_retry_moves_forward_into_the_calling_hours_never_backward() {
    let friday = Case {
        ended_at: "2027-01-15T18:30:00Z",
        starts_at: "2027-01-19T12:00:00Z",
        ..default_hours(CallOutcome::NoAnswer, 1)
    };
    assert_eq!(friday.at(), "2027-01-18T08:00:00Z");
    let Retry::At(retry) = friday.run() else {
        panic!()
    };
    assert_eq!(
        retry.reason(&Hours::new(&Settings::default(), &[])),
        Some(Reason::OutsideHours)
    );
}

#[test]
fn a_retry_inside_the_buffer_goes_to_a_person() {
    let near = |starts_at| Case {
        starts_at,
        ..after(CallOutcome::Busy, 1)
    };
    assert_eq!(near("2027-01-11T14:00:00Z").at(), "2027-01-11T13:00:00Z");
    assert_eq!(
        near("2027-01-11T13:59:59Z").run(),
        Retry::ManualReview(Reason::TooClose)
    );
}

#[test]
fn retries_end() {
    assert_eq!(
        default_hours(CallOutcome::Busy, 3).run(),
        Retry::ManualReview(Reason::RetriesSpent)
    );
    let none = after(CallOutcome::NoAnswer, 1)
        .settings
        .replace("= 5", "= 0");
    assert_eq!(
        Case {
            settings: none,
            ..after(CallOutcome::NoAnswer, 1)
        }
        .run(),
        Retry::ManualReview(Reason::RetriesSpent)
    );
}

#[test]
fn some_outcomes_are_never_retried() {
    for (outcome, expected) in [
        (CallOutcome::Confirmed, Retry::Settled),
        (CallOutcome::Cancelled, Retry::Settled),
        (CallOutcome::Rescheduled, Retry::Settled),
        (CallOutcome::DoNotCall, Retry::Refused(Reason::OptedOut)),
        (
            CallOutcome::InvalidNumber,
            Retry::Refused(Reason::NumberInvalid),
        ),
        (
            CallOutcome::NoClearAnswer,
            Retry::ManualReview(Reason::NoClearAnswer),
        ),
        (
            CallOutcome::Uncertain,
            Retry::ManualReview(Reason::DialUncertain),
        ),
        (
            CallOutcome::SystemicFailure,
            Retry::TechnicalReview(Reason::SystemicFailure),
        ),
    ] {
        for strategy in ["adaptive", "backoff"] {
            let case = after(outcome, 1).with(&format!("strategy = \"{strategy}\""));
            assert_eq!(case.run(), expected, "{outcome}");
        }
    }
}

#[test]
fn a_retry_is_told_in_plain_words() {
    let case = Case {
        ended_at: "2027-01-15T18:30:00Z",
        starts_at: "2027-01-19T12:00:00Z",
        ..default_hours(CallOutcome::Voicemail, 1)
    };
    let settings = Settings::default();
    let hours = Hours::new(&settings, &[]);
    let ended_at: Timestamp = case.ended_at.parse().unwrap();
    let request = RetryRequest {
        settings: &settings,
        hours: &hours,
        starts_at: case.starts_at.parse().unwrap(),
        best_hour: None,
        outcome: case.outcome,
        retry: 1,
        dialed_at: ended_at,
        ended_at,
    };
    let Retry::At(retry) = next(&request) else {
        panic!()
    };
    assert_eq!(
        retry.words(&request),
        [
            "a voicemail answered: call again after 8 hours",
            "Saturday 16 January 2027 has no calling hours",
            "Sunday 17 January 2027 has no calling hours",
            "moved forward to the first open time, Monday 18 January 2027, 08:00 (Europe/London)",
        ]
    );
}
