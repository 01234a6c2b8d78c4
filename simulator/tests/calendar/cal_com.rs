use std::time::Duration;

use providers::calendar::{
    CalendarError,
    cal_com::{Client, Options},
};
use simulator::calendar::{Door, Fault, Scenario};

use crate::harness::{at, cal_com, calendars, expected, http, impatient, span};

#[tokio::test]
async fn everything_that_cannot_be_booked_is_busy() {
    let calendars = calendars(Scenario::default()).await;
    for key in [None, Some("cal_simulator")] {
        for event_type in ["123", "harbour/check-up"] {
            let client = cal_com(&calendars, key);
            let read = client.free_busy(event_type, span(0, 24), at(0)).await;
            assert_eq!(read, Ok(expected()), "{event_type}");
        }
    }
}

#[tokio::test]
async fn a_span_without_slots_is_busy_from_end_to_end() {
    let calendars = calendars(Scenario::default()).await;
    calendars.add_busy("123", at(-1), at(2000));
    let client = cal_com(&calendars, None);
    let read = client
        .free_busy("123", span(0, 24 * 60), at(0))
        .await
        .unwrap();
    assert_eq!(
        (read.busy, read.known),
        (vec![span(0, 24 * 60)], vec![span(0, 24 * 60)])
    );
    assert_eq!(calendars.ledger().at(Door::Slots).count(), 2);
}

#[tokio::test]
async fn another_version_of_the_interface_is_not_taken_for_an_answer() {
    let calendars = calendars(Scenario::default()).await;
    let options = Options {
        http: http(),
        api_version: "2024-04-15".to_owned(),
        ..Options::default()
    };
    let client = Client::new(&calendars.base_url(), None, options).unwrap();
    let read = client.free_busy("123", span(0, 24), at(0)).await;
    let expected = CalendarError::Unreadable { detail: "slots" };
    assert_eq!(read, Err(expected));
}

#[tokio::test]
async fn each_fault_is_told_by_what_can_be_done() {
    let refused = |detail: &str| CalendarError::Refused {
        detail: detail.to_owned(),
    };
    let unavailable = CalendarError::Unavailable { retry_after: None };
    let no_json = CalendarError::Unreadable { detail: "no_json" };
    let limited = CalendarError::RateLimited {
        retry_after: Some(Duration::from_secs(1)),
    };
    for (fault, expected) in [
        (Fault::RateLimited, limited),
        (Fault::ServerError, unavailable.clone()),
        (Fault::CutOff, no_json.clone()),
        (Fault::Nonsense, no_json),
        (Fault::Revoked, refused("authError")),
        (Fault::Hidden, refused("NOT_FOUND")),
        (Fault::Hang, unavailable),
    ] {
        let calendars = calendars(Scenario::default().always(fault)).await;
        let http = if fault == Fault::Hang {
            impatient()
        } else {
            http()
        };
        let options = Options {
            http,
            ..Options::default()
        };
        let client = Client::new(&calendars.base_url(), None, options).unwrap();
        let read = client.free_busy("123", span(0, 24), at(0)).await;
        assert_eq!(read, Err(expected), "{fault:?}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_not_shown() {
    let calendars = calendars(Scenario::default()).await;
    let client = cal_com(&calendars, Some("cal_wrong"));
    let error = client
        .free_busy("123", span(0, 24), at(0))
        .await
        .unwrap_err();
    assert!(error.is_refused());
    assert_eq!(error.detail(), Some("UNAUTHORIZED"));
    assert!(!format!("{client:?} {error:?}").contains("cal_wrong"));
    let unfit = cal_com(&calendars, Some("cal\nwrong"));
    let error = unfit
        .free_busy("123", span(0, 24), at(0))
        .await
        .unwrap_err();
    assert_eq!(error.detail(), Some("key"));
}
