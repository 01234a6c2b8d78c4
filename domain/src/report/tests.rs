use proptest::prelude::*;

use super::*;
use crate::zone::find;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn london() -> TimeZone {
    find("Europe/London").unwrap()
}

fn failed(provider: &str, event_type: &str, class: ErrorClass, count: u64) -> FailedEvents {
    FailedEvents {
        provider: provider.to_owned(),
        event_type: event_type.to_owned(),
        class: Some(class),
        count,
        dead: 0,
    }
}

fn quiet_day() -> ReportFacts {
    ReportFacts {
        business: "Harbour Dental".to_owned(),
        day: day_before(at("2027-07-13T07:00:00Z"), &london()),
        received: 1,
        duplicates: 0,
        retried: 0,
        failed: Vec::new(),
        dead: 0,
        oldest_dead: None,
        calls: 0,
        uncertain_calls: 0,
    }
}

#[test]
fn the_day_is_all_of_yesterday_by_the_tenants_clocks() {
    for (zone, now, date, from, until) in [
        (
            "Europe/London",
            "2027-07-13T07:00:00Z",
            "2027-07-12",
            "2027-07-11T23:00:00Z",
            "2027-07-12T23:00:00Z",
        ),
        // Half past midnight there is still the day before here.
        (
            "Pacific/Auckland",
            "2027-07-12T12:30:00Z",
            "2027-07-12",
            "2027-07-11T12:00:00Z",
            "2027-07-12T12:00:00Z",
        ),
        // A day of 23 hours, and one of 25.
        (
            "Europe/London",
            "2027-03-29T07:00:00Z",
            "2027-03-28",
            "2027-03-28T00:00:00Z",
            "2027-03-28T23:00:00Z",
        ),
        (
            "Europe/London",
            "2027-11-01T08:00:00Z",
            "2027-10-31",
            "2027-10-30T23:00:00Z",
            "2027-11-01T00:00:00Z",
        ),
        // A day that begins at one o'clock.
        (
            "America/Asuncion",
            "2023-10-02T12:00:00Z",
            "2023-10-01",
            "2023-10-01T04:00:00Z",
            "2023-10-02T03:00:00Z",
        ),
    ] {
        let day = day_before(at(now), &find(zone).unwrap());
        let expected = ReportDay {
            date: date.parse().unwrap(),
            from: at(from),
            until: at(until),
        };
        assert_eq!(day, expected, "{zone} {now}");
    }
}

#[test]
fn a_quiet_day_says_so() {
    let report = report(Channel::Email, &quiet_day(), &london());
    assert_eq!(
        report.subject,
        "Harbour Dental, Monday 12 July 2027: no webhook failed"
    );
    assert_eq!(
        report.text,
        "Monday 12 July 2027, by the clocks of Europe/London.\n\
         1 webhook received, 0 duplicates recognised, 0 succeeded after another try, 0 failed.\n\
         Nothing is given up.\n\
         0 calls, none uncertain."
    );
}

#[test]
fn a_bad_day_names_what_failed_and_what_to_do() {
    let facts = ReportFacts {
        received: 1200,
        duplicates: 31,
        retried: 4,
        failed: vec![
            failed("openphone", "message.received", ErrorClass::Internal, 1),
            FailedEvents {
                dead: 2,
                ..failed(
                    "zoho",
                    "Contacts.update",
                    ErrorClass::ProviderUnavailable,
                    12,
                )
            },
        ],
        dead: 3,
        oldest_dead: Some(at("2027-07-10T08:15:00Z")),
        calls: 40,
        uncertain_calls: 1,
        ..quiet_day()
    };
    let report = report(Channel::Email, &facts, &london());
    assert_eq!(
        report.subject,
        "Harbour Dental, Monday 12 July 2027: 13 webhooks failed"
    );
    assert_eq!(
        report.text,
        "Monday 12 July 2027, by the clocks of Europe/London.\n\
         1200 webhooks received, 31 duplicates recognised, 4 succeeded after another try, 13 failed.\n\
         - 12 x zoho Contacts.update: the provider could not be reached or is out of order (2 given up)\n\
         - 1 x openphone message.received: something went wrong inside Bellhop\n\
         3 webhooks given up and waiting for somebody, the oldest since Saturday 10 July 2027, 09:15 (Europe/London). \
         See `bellhop events list --tenant NAME --filter state=dead`; `bellhop events retry-all` tries them again and never dials.\n\
         40 calls, 1 of them uncertain: whether the phone rang is not known. See `bellhop review`."
    );
}

#[test]
fn many_kinds_are_summed_up_at_the_end() {
    let kinds = (0..40).map(|n| {
        failed(
            "standard_webhooks",
            &format!("kind.{n}"),
            ErrorClass::Timeout,
            40 - n,
        )
    });
    let facts = ReportFacts {
        failed: kinds.collect(),
        ..quiet_day()
    };
    let report = report(Channel::Email, &facts, &london());
    assert!(report.text.contains(
        "- 16 x standard_webhooks kind.24: it took too long\n- and 120 webhooks of 15 kinds more"
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_senders_call_their_events_a_report_fits_and_holds_no_number(
        business in any::<String>(),
        types in prop::collection::vec(("[<>&a-z@\n]{0,300}", any::<u32>()), 0..60),
    ) {
        let facts = ReportFacts {
            business,
            failed: types
                .iter()
                .map(|(name, count)| failed("x", &format!("{name} +44 7700 900123"), ErrorClass::Internal, (*count).into()))
                .collect(),
            ..quiet_day()
        };
        for channel in Channel::ALL {
            let report = report(*channel, &facts, &london());
            prop_assert!(report.text.chars().count() <= longest(*channel));
            prop_assert!(!report.subject.contains(['\n', '\r']));
            prop_assert!(!report.text.contains("900123"));
        }
    }
}
