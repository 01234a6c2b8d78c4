//! What is wrong with the settings of calendars.

use super::Found;
use crate::settings::{Calendar, CalendarKind, CalendarSource};

const DAY_MINUTES: u32 = 24 * 60;
const LONGEST_HORIZON_DAYS: u32 = 180;
const MOST_CALENDARS: usize = 20;
const LONGEST_NAME: usize = 40;
/// As long as a mail address may be.
const LONGEST_ID: usize = 254;

pub(super) fn problems(calendar: &Calendar, found: &mut Found) {
    let (refresh, stale) = (calendar.refresh_minutes, calendar.stale_minutes);
    found.within("calendar.refresh_minutes", refresh.into(), 1, DAY_MINUTES);
    found.within("calendar.stale_minutes", stale.into(), 1, 7 * DAY_MINUTES);
    if stale <= refresh {
        let reason = format!(
            "must be more than refresh_minutes ({refresh}), else calendars are unknown between readings"
        );
        found.add("calendar.stale_minutes", stale, reason);
    }
    let days = calendar.horizon_days.into();
    found.within("calendar.horizon_days", days, 1, LONGEST_HORIZON_DAYS);
    if calendar.calendars.len() > MOST_CALENDARS {
        found.add(
            "calendar.calendars",
            calendar.calendars.len(),
            format!("must be at most {MOST_CALENDARS}"),
        );
    }
    for (name, source) in &calendar.calendars {
        let field = format!("calendar.calendars.{name}");
        if !is_name(name) {
            found.add(&field, "", NAME);
        }
        source_problems(&field, source, found);
    }
}

const NAME: &str = "must be named with at most 40 small letters, digits, - and _";

fn source_problems(field: &str, source: &CalendarSource, found: &mut Found) {
    let Some(kind) = source.kind else {
        let reason = "needed: \"google\", \"cal_com\" or \"ical\"";
        found.add(format!("{field}.kind"), "", reason);
        return;
    };
    let id = source.id.as_deref().unwrap_or_default();
    let problem = match kind {
        CalendarKind::Google if !is_google_id(id) => {
            "must be the calendar's id, such as rooms@example.com, without spaces"
        }
        CalendarKind::CalCom if !is_event_type(id) => {
            "must be the event type: its number, or user/slug as in its address"
        }
        CalendarKind::Ical if source.id.is_some() => {
            "a feed has none; its address is a secret and is stored encrypted"
        }
        _ => return,
    };
    // Somebody may have written the secret address here.
    let shown = if kind == CalendarKind::Ical { "" } else { id };
    found.add(format!("{field}.id"), shown, problem);
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

fn is_google_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
        && !id.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/')
}

fn is_event_type(id: &str) -> bool {
    let is_number = (1..=18).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
    is_number
        || id
            .split_once('/')
            .is_some_and(|(user, slug)| is_slug(user) && is_slug(slug))
}

fn is_slug(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use crate::settings::{CalendarKind, CalendarSecret, Settings};

    /// The problems of a file, each as it is shown.
    fn problems(text: &str) -> Vec<String> {
        let found = Settings::from_toml(text).err().unwrap_or_default();
        found.iter().map(ToString::to_string).collect()
    }

    fn fields(text: &str) -> Vec<String> {
        let found = Settings::from_toml(text).err().unwrap_or_default();
        found.into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn every_setting_is_read() {
        let text = r#"
            [calendar]
            refresh_minutes = 10
            stale_minutes = 45
            horizon_days = 90
            [calendar.calendars.front-desk]
            kind = "google"
            id = "rooms@example.com"
            [calendar.calendars.online]
            kind = "cal_com"
            id = "harbour/check-up"
            [calendar.calendars.old_diary]
            kind = "ical"
        "#;
        let calendar = Settings::from_toml(text).unwrap().calendar;
        let minutes = (calendar.refresh_minutes, calendar.stale_minutes);
        assert_eq!((minutes, calendar.horizon_days), ((10, 45), 90));
        let kinds: Vec<_> = calendar.calendars.iter().collect();
        let kinds: Vec<_> = kinds
            .iter()
            .map(|(name, source)| (name.as_str(), source.kind.unwrap()))
            .collect();
        assert_eq!(
            kinds,
            [
                ("front-desk", CalendarKind::Google),
                ("old_diary", CalendarKind::Ical),
                ("online", CalendarKind::CalCom),
            ]
        );
    }

    #[test]
    fn the_defaults_are_right_and_no_calendar_is_needed() {
        let settings = Settings::from_toml("[calendar]").unwrap();
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn each_bad_value_is_refused_by_its_field() {
        let one = |rest: &str| format!("[calendar.calendars.a]\n{rest}");
        for (text, field) in [
            (
                "[calendar]\nrefresh_minutes = 0",
                "calendar.refresh_minutes",
            ),
            ("[calendar]\nrefresh_minutes = 30", "calendar.stale_minutes"),
            (
                "[calendar]\nstale_minutes = 20000",
                "calendar.stale_minutes",
            ),
            ("[calendar]\nhorizon_days = 0", "calendar.horizon_days"),
            ("[calendar]\nhorizon_days = 181", "calendar.horizon_days"),
            ("[calendar]\ncalendars = [\"a\"]", "calendar.calendars"),
            (
                "[calendar.calendars.\"A b\"]\nkind = \"ical\"",
                "calendar.calendars.A b",
            ),
            (&one(""), "calendar.calendars.a.kind"),
            (&one("kind = \"outlook\""), "calendar.calendars.a.kind"),
            (&one("kind = \"google\""), "calendar.calendars.a.id"),
            (
                &one("kind = \"google\"\nid = \"a b\""),
                "calendar.calendars.a.id",
            ),
            (&one("kind = \"cal_com\""), "calendar.calendars.a.id"),
            (
                &one("kind = \"cal_com\"\nid = \"harbour\""),
                "calendar.calendars.a.id",
            ),
            (
                &one("kind = \"ical\"\nid = \"x\""),
                "calendar.calendars.a.id",
            ),
            (
                &one("kind = \"ical\"\nname = \"x\""),
                "calendar.calendars.a.name",
            ),
        ] {
            assert!(
                fields(text).contains(&field.to_owned()),
                "{text}: {:?}",
                fields(text)
            );
        }
        for id in ["123456", "harbour/check-up", "h.d/30_min"] {
            let text = one(&format!("kind = \"cal_com\"\nid = \"{id}\""));
            assert_eq!(problems(&text), [""; 0], "{id}");
        }
    }

    #[test]
    fn a_secret_address_is_never_repeated() {
        for key in ["url", "id", "secret_address", "address_url", "token"] {
            let text = format!(
                "[calendar.calendars.a]\nkind = \"ical\"\n{key} = \"https://example.com/private-s3cr3t/basic.ics\""
            );
            let found = problems(&text);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(!found[0].contains("s3cr3t"), "{found:?}");
        }
    }

    #[test]
    fn each_kind_names_its_secret() {
        for (kind, secret, needed) in [
            (
                CalendarKind::Google,
                CalendarSecret::GoogleCredentials,
                true,
            ),
            (CalendarKind::CalCom, CalendarSecret::CalComKey, false),
            (CalendarKind::Ical, CalendarSecret::IcalAddress, true),
        ] {
            assert_eq!((kind.secret(), kind.needs_secret()), (secret, needed));
        }
    }
}
