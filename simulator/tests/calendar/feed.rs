use std::time::Duration;

use axum::{Router, extract::Path, http::StatusCode, response::Redirect, routing::get};
use jiff::tz::TimeZone;
use providers::calendar::{
    CalendarError,
    ical::{Client, Options},
};
use secrecy::{ExposeSecret, SecretString};
use simulator::calendar::{Door, Fault, Running, Scenario};

use crate::harness::{DIARY, at, calendars, expected, http, ical, impatient, span};

fn refused(detail: &str) -> CalendarError {
    CalendarError::Refused {
        detail: detail.to_owned(),
    }
}

fn unreadable(detail: &'static str) -> CalendarError {
    CalendarError::Unreadable { detail }
}

async fn read(client: &Client) -> Result<domain::calendar::FreeBusy, CalendarError> {
    client.free_busy(span(0, 24), &TimeZone::UTC, at(0)).await
}

#[tokio::test]
async fn what_the_feed_holds_is_read() {
    let calendars = calendars(Scenario::default()).await;
    assert_eq!(read(&ical(&calendars)).await, Ok(expected()));
}

#[tokio::test]
async fn a_feed_that_has_not_changed_is_not_sent_again() {
    let calendars = calendars(Scenario::default()).await;
    let client = ical(&calendars);
    assert_eq!(read(&client).await, Ok(expected()));
    assert_eq!(read(&client.clone()).await, Ok(expected()));
    calendars.remove_busy(DIARY, at(9), at(10));
    assert_eq!(read(&client).await.unwrap().busy, [span(12, 14)]);
    let statuses = calendars.ledger().statuses(Door::Feed);
    assert_eq!(statuses, [Some(200), Some(304), Some(200)]);
}

#[tokio::test]
async fn an_unchanged_feed_tells_of_a_later_span() {
    let calendars = calendars(Scenario::default()).await;
    let client = ical(&calendars);
    read(&client).await.unwrap();
    let later = client.free_busy(span(10, 34), &TimeZone::UTC, at(10)).await;
    let later = later.unwrap();
    assert_eq!(
        (later.busy, later.known),
        (vec![span(12, 14)], vec![span(10, 34)])
    );
    assert_eq!(later.read_at, at(10));
}

#[tokio::test]
async fn a_series_in_a_feed_is_played_out() {
    let calendars = calendars(Scenario::default()).await;
    let start = at(9).strftime("%Y%m%dT%H%M%SZ");
    let feed = format!(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:{start}\r\nDURATION:PT1H\r\nRRULE:FREQ=HOURLY;INTERVAL=3;COUNT=3\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    calendars.set_feed(DIARY, &feed);
    let found = read(&ical(&calendars)).await.unwrap();
    assert_eq!(found.busy, [span(9, 10), span(12, 13), span(15, 16)]);
}

#[tokio::test]
async fn each_fault_is_told_by_what_can_be_done() {
    let unavailable = CalendarError::Unavailable { retry_after: None };
    let limited = CalendarError::RateLimited {
        retry_after: Some(Duration::from_secs(1)),
    };
    for (fault, expected) in [
        (Fault::RateLimited, limited),
        (Fault::ServerError, unavailable.clone()),
        (Fault::CutOff, unreadable("broken_feed")),
        (Fault::Nonsense, unreadable("not_a_calendar")),
        (Fault::Revoked, refused("status_401")),
        (Fault::Hidden, refused("status_404")),
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
        let client = Client::new(&calendars.feed_url(DIARY), options).unwrap();
        assert_eq!(read(&client).await, Err(expected), "{fault:?}");
    }
}

#[tokio::test]
async fn a_feed_that_fails_is_read_again_afterwards() {
    let faults = [Fault::None, Fault::ServerError, Fault::CutOff];
    let calendars = calendars(Scenario::default().with_answers(Door::Feed, &faults)).await;
    let client = ical(&calendars);
    assert!(read(&client).await.is_ok());
    assert!(read(&client).await.is_err());
    calendars.remove_busy(DIARY, at(9), at(10));
    assert!(read(&client).await.is_err());
    assert_eq!(read(&client).await.unwrap().busy, [span(12, 14)]);
}

#[tokio::test]
async fn a_feed_that_is_too_large_is_not_read() {
    let calendars = calendars(Scenario::default()).await;
    let options = Options {
        http: http(),
        largest: 100,
        ..Options::default()
    };
    let client = Client::new(&calendars.feed_url(DIARY), options).unwrap();
    assert_eq!(read(&client).await, Err(unreadable("too_large_or_cut_off")));
}

/// A server that sends everybody on to the next number, and at zero to the feed.
async fn sender(calendars: &Running) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let feed = calendars.feed_url(DIARY).expose_secret().to_owned();
    let send = async move |Path(left): Path<u8>| match left {
        0 => Redirect::temporary(&feed),
        left => Redirect::permanent(&format!("/{}", left - 1)),
    };
    let router = Router::new()
        .route("/{left}", get(send))
        .route("/nowhere", get(async || StatusCode::FOUND));
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

#[tokio::test]
async fn a_feed_may_send_the_reader_on_but_not_for_ever() {
    let calendars = calendars(Scenario::default()).await;
    let base = sender(&calendars).await;
    let options = Options {
        http: http(),
        ..Options::default()
    };
    let read = async |path: &str| {
        let address: SecretString = format!("{base}/{path}").into();
        read(&Client::new(&address, options).unwrap()).await
    };
    assert_eq!(read("2").await, Ok(expected()));
    assert_eq!(read("3").await, Err(refused("redirects")));
    assert_eq!(read("nowhere").await, Err(refused("redirect")));
}

#[test]
fn only_public_https_addresses_are_feeds() {
    for (address, detail) in [
        ("http://example.com/a.ics", Some("address_not_public")),
        ("https://127.0.0.1/a.ics", Some("address_not_public")),
        ("https://localhost/a.ics", Some("address_not_public")),
        (
            "https://user:password@example.com/a.ics",
            Some("address_not_public"),
        ),
        ("file:///etc/passwd", Some("address_not_public")),
        ("a.ics", Some("address")),
        ("https://example.com/a.ics", None),
        ("webcal://example.com/a.ics", None),
    ] {
        let client = Client::new(&address.into(), Options::default());
        let found = client.as_ref().err().and_then(CalendarError::detail);
        assert_eq!(found, detail, "{address}");
        let shown = format!("{client:?}");
        assert!(!shown.contains("a.ics"), "{shown}");
    }
}
