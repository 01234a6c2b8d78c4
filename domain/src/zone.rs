//! Time zones by name, and from a clock on the wall to an instant.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, Offset, TimeZone},
};

use crate::near;

/// No zone of that name in the bundled IANA database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no IANA time zone{}", suggestion(.nearest))]
pub struct UnknownZone {
    pub name: String,
    /// A zone that may have been meant.
    pub nearest: Option<String>,
}

/// A local time that the clocks skip: nobody's clock ever shows it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{local} does not exist in {zone}: the clocks go from {from} straight to {to}", local = minutes(*local), from = minutes(*from), to = minutes(*to))]
pub struct SkippedByClocks {
    pub local: DateTime,
    pub zone: String,
    /// What the clocks would show at the change.
    pub from: DateTime,
    /// What they show instead.
    pub to: DateTime,
}

/// Whether a local time named its instant by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocalChoice {
    Exact,
    /// The clocks show it twice; the first was taken.
    FirstOfTwo,
}

/// The zone of an IANA name such as `Europe/London`, from the bundled database; case does not matter.
pub fn find(name: &str) -> Result<TimeZone, UnknownZone> {
    let name = name.trim();
    match TimeZone::get(name) {
        Ok(zone) if !zone.is_unknown() => Ok(zone),
        _ => Err(UnknownZone {
            name: name.to_owned(),
            nearest: nearest(name),
        }),
    }
}

/// The zone's name for people and for storage.
pub fn name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

/// The instant at which the clocks of the zone show this local time.
///
/// A time they show twice (autumn) means the first, and the choice is returned to be recorded. A time they
/// skip (spring) is bad input. Times beyond the year 9999 mean the last instant there is.
pub fn local_to_instant(
    local: DateTime,
    zone: &TimeZone,
) -> Result<(Timestamp, LocalChoice), SkippedByClocks> {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => Ok((instant(local, offset), LocalChoice::Exact)),
        AmbiguousOffset::Fold { before, .. } => {
            Ok((instant(local, before), LocalChoice::FirstOfTwo))
        }
        AmbiguousOffset::Gap { before, after } => {
            // Read with the offset of after the change, the skipped time lies before the change.
            let change = zone.following(instant(local, after)).next();
            let change = change.map_or(instant(local, before), |transition| transition.timestamp());
            Err(SkippedByClocks {
                local,
                zone: name(zone).to_owned(),
                from: before.to_datetime(change),
                to: after.to_datetime(change),
            })
        }
    }
}

/// Whether the clocks of the zone show the local time of this instant twice, and if so whether this is the first.
pub fn first_of_two(instant: Timestamp, zone: &TimeZone) -> Option<bool> {
    let offset = zone.to_offset(instant);
    match zone
        .to_ambiguous_timestamp(offset.to_datetime(instant))
        .offset()
    {
        AmbiguousOffset::Fold { before, .. } => Some(before == offset),
        _ => None,
    }
}

fn instant(local: DateTime, offset: Offset) -> Timestamp {
    offset.to_timestamp(local).unwrap_or(if local.year() < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

fn minutes(local: DateTime) -> impl std::fmt::Display {
    local.strftime("%Y-%m-%d %H:%M")
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|zone| format!("; did you mean {zone}?"))
        .unwrap_or_default()
}

/// A zone whose city was named without its continent, else the zone this is a slip of.
fn nearest(name: &str) -> Option<String> {
    let zones: Vec<String> = jiff::tz::db()
        .available()
        .map(|zone| zone.to_string())
        .collect();
    let city = name.rsplit('/').next()?.trim().replace(' ', "_");
    let ends_so = |zone: &&str| {
        let last = zone.rsplit('/').next();
        last.is_some_and(|last| last.eq_ignore_ascii_case(&city))
    };
    let names = || zones.iter().map(String::as_str);
    let meant = names()
        .find(ends_so)
        .or_else(|| near::nearest(name, names()));
    meant.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        find(name).unwrap()
    }

    #[test]
    fn an_unknown_zone_is_refused_with_a_guess() {
        let error = find("london").unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"london\" is no IANA time zone; did you mean Europe/London?"
        );
        assert_eq!(
            find("Europe/Lodnon").unwrap_err().nearest.as_deref(),
            Some("Europe/London")
        );
        assert_eq!(find("Mars/Olympus").unwrap_err().nearest, None);
        assert!(find("").is_err());
        assert!(find("Etc/Unknown").is_err());
    }

    #[test]
    fn a_skipped_local_time_is_refused_with_the_change() {
        let error = local_to_instant(date(2027, 3, 28).at(1, 30, 0, 0), &zone("Europe/London"))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "2027-03-28 01:30 does not exist in Europe/London: the clocks go from 2027-03-28 01:00 straight to 2027-03-28 02:00"
        );
    }

    #[test]
    fn a_whole_skipped_day_is_refused() {
        let error =
            local_to_instant(date(2011, 12, 30).at(9, 0, 0, 0), &zone("Pacific/Apia")).unwrap_err();
        assert_eq!(error.from, date(2011, 12, 30).at(0, 0, 0, 0));
        assert_eq!(error.to, date(2011, 12, 31).at(0, 0, 0, 0));
    }

    #[test]
    fn half_an_hour_is_skipped_on_lord_howe() {
        let lord_howe = zone("Australia/Lord_Howe");
        assert!(local_to_instant(date(2026, 10, 4).at(2, 15, 0, 0), &lord_howe).is_err());
        assert!(local_to_instant(date(2026, 10, 4).at(2, 30, 0, 0), &lord_howe).is_ok());
    }

    #[test]
    fn a_time_that_happens_twice_means_the_first_and_says_so() {
        let london = zone("Europe/London");
        let (instant, choice) =
            local_to_instant(date(2026, 10, 25).at(1, 30, 0, 0), &london).unwrap();
        assert_eq!(instant.to_string(), "2026-10-25T00:30:00Z");
        assert_eq!(choice, LocalChoice::FirstOfTwo);
        assert_eq!(first_of_two(instant, &london), Some(true));
        assert_eq!(
            first_of_two("2026-10-25T01:30:00Z".parse().unwrap(), &london),
            Some(false)
        );
        assert_eq!(
            first_of_two("2026-10-25T03:30:00Z".parse().unwrap(), &london),
            None
        );
    }

    #[test]
    fn an_ordinary_time_is_exact() {
        let (instant, choice) =
            local_to_instant(date(2027, 3, 29).at(9, 0, 0, 0), &zone("Europe/London")).unwrap();
        assert_eq!(
            (instant.to_string().as_str(), choice),
            ("2027-03-29T08:00:00Z", LocalChoice::Exact)
        );
    }
}
