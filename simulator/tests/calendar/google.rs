use std::time::Duration;

use providers::calendar::{CalendarError, google::Client};
use simulator::calendar::{Door, Fault, Scenario};

use crate::harness::{DIARY, at, calendars, expected, google, google_options, impatient, span};

fn refused(detail: &str) -> CalendarError {
    CalendarError::Refused {
        detail: detail.to_owned(),
    }
}

#[tokio::test]
async fn what_is_taken_is_read_with_either_kind_of_credentials() {
    let calendars = calendars(Scenario::default()).await;
    for file in [calendars.service_account(), calendars.authorized_user()] {
        let options = google_options(&calendars);
        let client = Client::new(&calendars.base_url(), &file, options).unwrap();
        let read = client.free_busy(DIARY, span(0, 24), at(0)).await;
        assert_eq!(read, Ok(expected()));
    }
}

#[tokio::test]
async fn a_change_is_seen_with_the_next_reading() {
    let calendars = calendars(Scenario::default()).await;
    let client = google(&calendars);
    assert!(calendars.remove_busy(DIARY, at(9), at(10)));
    assert!(!calendars.remove_busy(DIARY, at(9), at(10)));
    calendars.add_busy(DIARY, at(-1), at(1));
    let read = client.free_busy(DIARY, span(0, 24), at(0)).await.unwrap();
    assert_eq!(read.busy, [span(0, 1), span(12, 14)]);
}

#[tokio::test]
async fn one_token_serves_until_it_expires_or_is_withdrawn() {
    let calendars = calendars(Scenario::default()).await;
    let client = google(&calendars);
    let read = async || client.free_busy(DIARY, span(0, 24), at(0)).await;
    let tokens = || calendars.ledger().at(Door::Token).count();
    assert_eq!(
        (read().await, read().await),
        (Ok(expected()), Ok(expected()))
    );
    assert_eq!(tokens(), 1);
    calendars.withdraw_tokens();
    assert_eq!(read().await, Ok(expected()));
    assert_eq!(tokens(), 2);
    let short = Scenario {
        token_seconds: 30,
        ..Scenario::default()
    };
    calendars.set_scenario(short).unwrap();
    calendars.withdraw_tokens();
    assert_eq!(
        (read().await, read().await),
        (Ok(expected()), Ok(expected()))
    );
    assert_eq!(tokens(), 4);
}

#[tokio::test]
async fn many_readers_at_once_fetch_one_token() {
    let calendars = calendars(Scenario::default()).await;
    let client = google(&calendars);
    let read = || {
        let client = client.clone();
        tokio::spawn(async move { client.free_busy(DIARY, span(0, 24), at(0)).await })
    };
    for reading in [read(), read(), read(), read()] {
        assert_eq!(reading.await.unwrap(), Ok(expected()));
    }
    assert_eq!(calendars.ledger().at(Door::Token).count(), 1);
}

#[tokio::test]
async fn a_long_span_is_asked_for_in_parts() {
    let calendars = calendars(Scenario::default()).await;
    let days = 24 * 180;
    let read = google(&calendars)
        .free_busy(DIARY, span(0, days), at(0))
        .await
        .unwrap();
    assert_eq!(read.known, [span(0, days)]);
    assert_eq!(calendars.ledger().at(Door::FreeBusy).count(), 3);
}

#[tokio::test]
async fn a_calendar_that_cannot_be_seen_is_never_free() {
    let calendars = calendars(Scenario::default()).await;
    let read = google(&calendars)
        .free_busy("other@example.com", span(0, 24), at(0))
        .await;
    assert_eq!(read, Err(refused("notFound")));
}

#[tokio::test]
async fn each_fault_is_told_by_what_can_be_done() {
    let limited = |seconds: Option<u64>| CalendarError::RateLimited {
        retry_after: seconds.map(Duration::from_secs),
    };
    let unavailable = |seconds: Option<u64>| CalendarError::Unavailable {
        retry_after: seconds.map(Duration::from_secs),
    };
    let unreadable = |detail| CalendarError::Unreadable { detail };
    let table = [
        (Door::FreeBusy, Fault::RateLimited, limited(Some(7))),
        (Door::FreeBusy, Fault::RateLimitedSilently, limited(None)),
        (Door::FreeBusy, Fault::UsageLimit, limited(None)),
        (Door::FreeBusy, Fault::ServerError, unavailable(None)),
        (Door::FreeBusy, Fault::Overloaded, unavailable(Some(7))),
        (Door::FreeBusy, Fault::CutOff, unreadable("no_json")),
        (Door::FreeBusy, Fault::Nonsense, unreadable("no_json")),
        (Door::FreeBusy, Fault::Hidden, refused("notFound")),
        (Door::FreeBusy, Fault::Hang, unavailable(None)),
        (Door::Token, Fault::Revoked, refused("invalid_grant")),
        (Door::Token, Fault::RateLimited, limited(Some(7))),
        (Door::Token, Fault::ServerError, unavailable(None)),
        (Door::Token, Fault::Nonsense, unreadable("token")),
        (Door::Token, Fault::Hang, unavailable(None)),
    ];
    for (door, fault, expected) in table {
        let scenario = Scenario {
            retry_after_seconds: 7,
            ..Scenario::default().with_answers(door, &[fault])
        };
        let calendars = calendars(scenario).await;
        let mut options = google_options(&calendars);
        if fault == Fault::Hang {
            options.http = impatient();
        }
        let file = calendars.service_account();
        let client = Client::new(&calendars.base_url(), &file, options).unwrap();
        let read = client.free_busy(DIARY, span(0, 24), at(0)).await;
        assert_eq!(read, Err(expected), "{door:?} {fault:?}");
        assert_eq!(calendars.ledger().requests.last().unwrap().fault, fault);
    }
}

#[tokio::test]
async fn a_token_that_is_refused_twice_is_a_refusal() {
    let revoked = [Fault::Revoked, Fault::Revoked];
    let calendars = calendars(Scenario::default().with_answers(Door::FreeBusy, &revoked)).await;
    let read = google(&calendars)
        .free_busy(DIARY, span(0, 24), at(0))
        .await;
    assert_eq!(read, Err(refused("authError")));
    assert_eq!(calendars.ledger().at(Door::Token).count(), 2);
}

#[tokio::test]
async fn a_slow_answer_is_an_answer() {
    let scenario = Scenario {
        slow_seconds: 0.05,
        ..Scenario::default().always(Fault::Slow)
    };
    let calendars = calendars(scenario).await;
    let read = google(&calendars)
        .free_busy(DIARY, span(0, 24), at(0))
        .await;
    assert_eq!(read, Ok(expected()));
}

#[tokio::test]
async fn a_proof_for_another_place_is_refused() {
    let calendars = calendars(Scenario::default()).await;
    let mut options = google_options(&calendars);
    options.scope = "https://www.googleapis.com/auth/drive".to_owned();
    let file = calendars.service_account();
    let client = Client::new(&calendars.base_url(), &file, options).unwrap();
    let read = client.free_busy(DIARY, span(0, 24), at(0)).await;
    assert_eq!(read, Err(refused("invalid_scope")));
}

#[tokio::test]
async fn neither_client_nor_error_shows_a_secret() {
    let calendars = calendars(Scenario::default().always(Fault::Revoked)).await;
    let client = google(&calendars);
    let error = client
        .free_busy(DIARY, span(0, 24), at(0))
        .await
        .unwrap_err();
    let shown = format!("{client:?} {error:?} {error}");
    for secret in ["PRIVATE", "simulator.iam", "ya29", DIARY] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn a_private_address_is_refused_unless_allowed() {
    let calendars = calendars(Scenario::default()).await;
    let mut options = google_options(&calendars);
    options.http.allow_private = false;
    let file = calendars.service_account();
    let client = Client::new(&calendars.base_url(), &file, options);
    assert_eq!(client.err(), Some(refused("address_not_public")));
    assert!(calendars.ledger().requests.is_empty());
}
