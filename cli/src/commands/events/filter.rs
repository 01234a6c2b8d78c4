//! `--filter state=dead,provider=agent`: one condition each, all of which must hold.

use std::str::FromStr;

use anyhow::{Context, Error, Result, bail};
use domain::event::{ErrorClass, EventState};
use jiff::{SignedDuration, Timestamp};
use providers::source::SourceKind;
use store::EventFilter;

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    States(Vec<EventState>),
    Provider(String),
    Type(String),
    Error(ErrorClass),
    Since(Timestamp),
    Until(Timestamp),
}

impl FromStr for Filter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (key, value) = text
            .split_once('=')
            .with_context(|| format!("{text:?} is not KEY=VALUE"))?;
        Ok(match key.trim() {
            "state" => Self::States(value.split('+').map(state).collect::<Result<_>>()?),
            "provider" => Self::Provider(provider(value)?),
            "type" => Self::Type(value.to_owned()),
            "error" => Self::Error(ErrorClass::from_code(value).with_context(|| {
                format!(
                    "error={value:?}: known are {}",
                    codes(ErrorClass::ALL, ErrorClass::code)
                )
            })?),
            "since" => Self::Since(instant(value, Timestamp::now())?),
            "until" => Self::Until(instant(value, Timestamp::now())?),
            other => bail!("{other:?} is no key: state, provider, type, error, since, until"),
        })
    }
}

fn state(code: &str) -> Result<EventState> {
    EventState::from_code(code).with_context(|| {
        format!(
            "state={code:?}: known are {}",
            codes(EventState::ALL, EventState::code)
        )
    })
}

fn provider(code: &str) -> Result<String> {
    let known = SourceKind::from_code(code).with_context(|| {
        format!(
            "provider={code:?}: known are {}",
            codes(&SourceKind::ALL, SourceKind::code)
        )
    })?;
    Ok(known.code().to_owned())
}

fn codes<T: Copy>(all: &[T], code: impl Fn(T) -> &'static str) -> String {
    let codes: Vec<_> = all.iter().map(|each| code(*each)).collect();
    codes.join(", ")
}

/// An instant, or a time back from `now` in minutes, hours or days.
pub(crate) fn instant(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let unknown = || format!("{text:?} is no time: 2027-03-26T09:00:00Z, or 30m, 24h, 7d");
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .with_context(unknown)?;
    let number: i64 = number
        .parse()
        .ok()
        .filter(|number| *number >= 0)
        .with_context(unknown)?;
    let seconds = match unit {
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => bail!(unknown()),
    };
    let back = number.checked_mul(seconds).map(SignedDuration::from_secs);
    back.and_then(|back| now.checked_sub(back).ok())
        .with_context(unknown)
}

/// All conditions together; of one key given twice the last holds, except states, which add up.
pub(super) fn joined(filters: &[Filter]) -> EventFilter {
    let mut all = EventFilter::default();
    for filter in filters {
        match filter.clone() {
            Filter::States(states) => all.states.extend(states),
            Filter::Provider(provider) => all.provider = Some(provider),
            Filter::Type(event_type) => all.event_type = Some(event_type),
            Filter::Error(class) => all.error_class = Some(class.code().to_owned()),
            Filter::Since(at) => all.since = Some(at),
            Filter::Until(at) => all.until = Some(at),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_cannot_be_names_what_can() {
        let said = |text: &str| format!("{:#}", text.parse::<Filter>().unwrap_err());
        assert!(said("state=gone").contains("dead"));
        assert!(said("colour=red").contains("provider"));
        assert!(said("dead").contains("KEY=VALUE"));
        assert!(said("error=odd").contains("unavailable"));
        assert!(said("provider=slack").contains("standard_webhooks"));
        for time in [
            "since=",
            "since=h",
            "since=-1h",
            "since=1y",
            "since=99999999999999d",
            "since=é",
        ] {
            assert!(said(time).contains("no time"), "{time}");
        }
    }

    #[test]
    fn states_add_up() {
        let filters: Vec<Filter> = ["state=dead+failed", "state=invalid", "provider=agent"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let all = joined(&filters);
        assert_eq!(
            all.states,
            [EventState::Dead, EventState::Failed, EventState::Invalid]
        );
        assert_eq!(all.provider.as_deref(), Some("agent"));
    }

    #[test]
    fn a_time_is_given_in_full_or_back_from_now() {
        let now: Timestamp = "2027-03-26T09:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2027-03-25T09:00:00Z", "2027-03-25T09:00:00Z"),
            ("24h", "2027-03-25T09:00:00Z"),
            ("1d", "2027-03-25T09:00:00Z"),
            ("30m", "2027-03-26T08:30:00Z"),
        ] {
            assert_eq!(instant(text, now).unwrap().to_string(), expected);
        }
    }
}
