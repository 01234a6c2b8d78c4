//! What is wrong with the settings of alerts, events and the daily report.

use jiff::{Timestamp, ToSpan, civil::Time, tz::TimeZone};

use super::{Found, NUMBER, Settings, is_e164};
use crate::{
    alert::Channel,
    settings::{Alerts, Email, Events, Report, Sms, SmtpTls},
};

const DAY_MINUTES: u32 = 24 * 60;
const DAY_SECONDS: u32 = DAY_MINUTES * 60;
/// Twilio's limit for a sender's name.
const LONGEST_SENDER: usize = 11;
const MOST_TRIES: u32 = 20;

pub(super) fn problems(settings: &Settings, found: &mut Found) {
    routes(&settings.alerts, found);
    pace(&settings.alerts, found);
    thresholds(&settings.alerts, found);
    email(&settings.alerts.email, found);
    sms(&settings.alerts.sms, found);
    events(&settings.events, found);
    report(settings, found);
}

fn routes(alerts: &Alerts, found: &mut Found) {
    if alerts.critical.is_empty() {
        found.add(
            "alerts.critical",
            "[]",
            "nobody would hear of critical trouble; leave it out for all channels",
        );
    }
}

fn pace(alerts: &Alerts, found: &mut Found) {
    let (digest, quiet) = (alerts.digest_minutes.into(), alerts.quiet_minutes.into());
    found.within("alerts.digest_minutes", digest, 1, DAY_MINUTES);
    found.within("alerts.quiet_minutes", quiet, 1, DAY_MINUTES);
}

fn thresholds(alerts: &Alerts, found: &mut Found) {
    found.within(
        "alerts.processing_seconds",
        alerts.processing_seconds,
        1,
        3600,
    );
    let percent = alerts.failure_percent;
    if !(percent > 0.0 && percent <= 100.0) {
        found.add(
            "alerts.failure_percent",
            percent,
            "must be more than 0 and at most 100",
        );
    }
    let million = 1_000_000;
    for (field, value, most) in [
        ("alerts.failure_minimum", alerts.failure_minimum, million),
        ("alerts.queue_length", alerts.queue_length, million),
        (
            "alerts.not_placed_minutes",
            alerts.not_placed_minutes,
            DAY_MINUTES,
        ),
        (
            "alerts.not_started_minutes",
            alerts.not_started_minutes,
            DAY_MINUTES,
        ),
    ] {
        found.within(field, value, 1, most);
    }
}

fn email(email: &Email, found: &mut Found) {
    for (index, address) in email.to.iter().enumerate() {
        if !is_address(address) {
            found.add(format!("alerts.email.to[{index}]"), address, ADDRESS);
        }
    }
    if let Some(from) = &email.from
        && !is_address(from)
    {
        found.add("alerts.email.from", from, ADDRESS);
    }
    if let Some(host) = &email.smtp_host
        && !is_host(host)
    {
        found.add(
            "alerts.email.smtp_host",
            host,
            "must be the server's name alone, such as smtp.example.com",
        );
    }
    if email.smtp_port == 0 {
        found.add("alerts.email.smtp_port", 0, "must be 1 to 65535");
    }
    if !email.to.is_empty() {
        needed("alerts.email.from", &email.from, "alerts.email.to", found);
        needed(
            "alerts.email.smtp_host",
            &email.smtp_host,
            "alerts.email.to",
            found,
        );
    }
    password_in_clear(email, found);
}

const ADDRESS: &str = "must be a mail address, such as desk@example.com";

fn password_in_clear(email: &Email, found: &mut Found) {
    let host = email.smtp_host.as_deref().unwrap_or_default();
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "::1");
    if email.smtp_tls == SmtpTls::None && email.smtp_user.is_some() && !is_here {
        found.add(
            "alerts.email.smtp_tls",
            email.smtp_tls,
            "would send the password unprotected over the network; use \"starttls\" or \"implicit\"",
        );
    }
}

fn sms(sms: &Sms, found: &mut Found) {
    for (index, number) in sms.to.iter().enumerate() {
        if !is_e164(number) {
            found.add(format!("alerts.sms.to[{index}]"), number, NUMBER);
        }
    }
    if let Some(from) = &sms.from
        && !is_sender(from)
    {
        found.add(
            "alerts.sms.from",
            from,
            "must be an E.164 number, a name of at most 11 letters and digits, or a messaging service (MG…)",
        );
    }
    if let Some(account) = &sms.account
        && !is_sid(account, "AC")
    {
        found.add(
            "alerts.sms.account",
            account,
            "must be Twilio's account SID: AC and 32 letters and digits",
        );
    }
    if !sms.to.is_empty() {
        needed("alerts.sms.from", &sms.from, "alerts.sms.to", found);
        needed("alerts.sms.account", &sms.account, "alerts.sms.to", found);
    }
}

fn needed(field: &str, value: &Option<String>, by: &str, found: &mut Found) {
    if value.as_deref().is_none_or(|text| text.trim().is_empty()) {
        found.add(field, "", format!("needed by {by}"));
    }
}

fn events(events: &Events, found: &mut Found) {
    let bounds = [
        ("events.tries", events.tries, MOST_TRIES),
        (
            "events.first_delay_seconds",
            events.first_delay_seconds,
            DAY_SECONDS,
        ),
        (
            "events.longest_delay_seconds",
            events.longest_delay_seconds,
            DAY_SECONDS,
        ),
    ];
    for (field, value, most) in bounds {
        if let Some(value) = value {
            found.within(field, value, 1, most);
        }
    }
    if let Some(factor) = events.delay_factor
        && !(1.0..=10.0).contains(&factor)
    {
        found.add("events.delay_factor", factor, "must be 1 to 10");
    }
    if let (Some(first), Some(longest)) = (events.first_delay_seconds, events.longest_delay_seconds)
        && longest < first
    {
        let reason = format!("must not be less than first_delay_seconds ({first})");
        found.add("events.longest_delay_seconds", longest, reason);
    }
}

fn report(settings: &Settings, found: &mut Found) {
    let report = &settings.report;
    if report.enabled
        && let Ok(zone) = settings.tenant.zone()
        && is_in_a_change(report, &zone)
    {
        found.add(
            "report.at",
            report.at,
            "the clocks there are put forward or back over this time on some day, so that the report would come twice or not at all; take another time",
        );
    }
    for (index, channel) in report.channels.iter().enumerate() {
        if *channel == Channel::Sms {
            found.add(
                format!("report.channels[{index}]"),
                channel,
                "a report is too long for a text message; use \"slack\" or \"email\"",
            );
        }
    }
    if report.enabled && report.channels.is_empty() {
        found.add(
            "report.channels",
            "[]",
            "nobody would get the report; to have none set report.enabled = false",
        );
    }
}

/// Changes of the clocks that are looked at: the zones' rules are known no further.
const CHANGES: std::ops::Range<Timestamp> = YEAR_2024..YEAR_2037;
const YEAR_2024: Timestamp = Timestamp::constant(1_704_067_200, 0);
const YEAR_2037: Timestamp = Timestamp::constant(2_114_380_800, 0);

/// Whether there is a day on which this time by the clocks is not there, or is there twice.
fn is_in_a_change(report: &Report, zone: &TimeZone) -> bool {
    let (Ok(hour), Ok(minute)) = (report.at.hour().try_into(), report.at.minute().try_into())
    else {
        return false;
    };
    let Ok(at) = Time::new(hour, minute, 0, 0) else {
        return false;
    };
    let mut changes = zone
        .following(CHANGES.start)
        .take_while(|change| CHANGES.contains(&change.timestamp()));
    changes.any(|change| {
        let moment = change.timestamp();
        let before = zone.to_offset(moment - 1.second()).to_datetime(moment);
        let after = change.offset().to_datetime(moment);
        let (from, until) = (before.min(after), before.max(after));
        let on = |day: jiff::civil::Date| (from..until).contains(&day.to_datetime(at));
        on(from.date()) || on(until.date())
    })
}

/// One plain address. Whether it exists, only a mail can tell.
fn is_address(text: &str) -> bool {
    let sign = |c: char| c.is_whitespace() || c.is_control() || "<>,;:\"()[]\\".contains(c);
    text.len() <= 254
        && !text.contains(sign)
        && text
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && !host.contains('@') && is_host(host))
}

pub(super) fn is_host(text: &str) -> bool {
    let is_name = text
        .split('.')
        .all(|label| !label.is_empty() && !label.starts_with('-'));
    let characters = text
        .chars()
        .all(|c| c.is_alphanumeric() || c == '-' || c == '.');
    (text.len() <= 253 && is_name && characters) || text == "::1"
}

fn is_sender(text: &str) -> bool {
    let is_name = (1..=LONGEST_SENDER).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ')
        && text.chars().any(|c| c.is_ascii_alphabetic());
    is_e164(text) || is_sid(text, "MG") || is_name
}

fn is_sid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}
