//! A diary with two taken times, and clients that do not wait for long.

use std::time::Duration;

use domain::calendar::{FreeBusy, Span};
use jiff::{SignedDuration, Timestamp};
use providers::{
    calendar::{cal_com, google, ical},
    channel::HttpOptions,
};
use simulator::calendar::{Config, Running, Scenario, start};

/// A test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const DIARY: &str = "desk@example.com";

/// Hours after a midnight.
pub(crate) fn at(hours: i64) -> Timestamp {
    Timestamp::constant(1_805_932_800, 0) + SignedDuration::from_hours(hours)
}

pub(crate) fn span(start: i64, end: i64) -> Span {
    Span::new(at(start), at(end)).unwrap()
}

/// A fake with a diary that is taken from the 9th to the 10th hour and from the 12th to the 14th.
pub(crate) async fn calendars(scenario: Scenario) -> Running {
    let calendars = start(Config::with_calendars(&[DIARY, "123"], scenario))
        .await
        .unwrap();
    for name in [DIARY, "123", "harbour/check-up"] {
        calendars.add_busy(name, at(9), at(10));
        calendars.add_busy(name, at(12), at(14));
    }
    calendars
}

/// What is said of that diary when asked for its first day.
pub(crate) fn expected() -> FreeBusy {
    FreeBusy::new(vec![span(9, 10), span(12, 14)], vec![span(0, 24)], at(0))
}

pub(crate) fn http() -> HttpOptions {
    HttpOptions {
        allow_private: true,
        ..HttpOptions::default()
    }
}

pub(crate) fn impatient() -> HttpOptions {
    HttpOptions {
        total: Duration::from_millis(300),
        ..http()
    }
}

pub(crate) fn google_options(calendars: &Running) -> google::Options {
    google::Options {
        http: http(),
        token_url: calendars.token_url(),
        ..google::Options::default()
    }
}

pub(crate) fn google(calendars: &Running) -> google::Client {
    let file = calendars.service_account();
    google::Client::new(&calendars.base_url(), &file, google_options(calendars)).unwrap()
}

pub(crate) fn cal_com(calendars: &Running, key: Option<&str>) -> cal_com::Client {
    let options = cal_com::Options {
        http: http(),
        ..cal_com::Options::default()
    };
    cal_com::Client::new(&calendars.base_url(), key.map(Into::into), options).unwrap()
}

pub(crate) fn ical(calendars: &Running) -> ical::Client {
    let options = ical::Options {
        http: http(),
        ..ical::Options::default()
    };
    ical::Client::new(&calendars.feed_url(DIARY), options).unwrap()
}
