//! Days and times as a speech model passes them on: in one argument or in two, local or with an offset.
//!
//! A date that can be read in two ways is asked about, whatever the business's country: a model may write either. A date
//! without a year is the next one of that day. A local time that happens twice means the first; one that the clocks skip
//! does not exist.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::Unclear;
use crate::{
    country::DateOrder,
    import::when::{self as dates, Orders, When, WhenError},
    zone::{self, LocalChoice},
};

const EITHER: Orders = Orders {
    business: DateOrder::DayFirst,
    contact: DateOrder::MonthFirst,
};

/// A day or time by which an appointment is named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Day(Date),
    /// As the clocks at the appointment's place show it.
    Local(DateTime),
    Instant(Timestamp),
}

impl Asked {
    pub(super) fn is_exact(self) -> bool {
        !matches!(self, Asked::Day(_))
    }
}

/// A day or time that is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Day(Date),
    At(Timestamp, LocalChoice),
}

/// What was said of a time: a day and a time or either, a day, a time of day.
pub(super) struct Said {
    pub(super) moment: Option<String>,
    pub(super) day: Option<String>,
    pub(super) time: Option<String>,
}

/// Reads times as of one moment, by the tenant's clocks.
pub(super) struct Clock<'z> {
    pub(super) now: Timestamp,
    pub(super) zone: &'z TimeZone,
}

impl Clock<'_> {
    /// The time that was said; `None` when there was none. What was said in several places must agree.
    pub(super) fn asked(&self, said: &Said) -> Result<Option<Asked>, Unclear> {
        let read = |text: &Option<String>| text.as_deref().map(|text| self.read(text)).transpose();
        let (moment, day) = (read(&said.moment)?, read(&said.day)?);
        let Some(time) = &said.time else {
            return self.agreed(moment, day);
        };
        match (self.agreed(moment, day)?, self.read(time)) {
            (Some(day), Err(Unclear::DayMissing)) => self.with_time(day, time).map(Some),
            (day, whole) => self.agreed(day, Some(whole?)),
        }
    }

    /// The same as a time that is wanted: exact, as the tenant's clocks show it.
    pub(super) fn wanted(&self, said: &Said) -> Result<Option<Wanted>, Unclear> {
        let wanted = self.asked(said)?.map(|asked| match asked {
            Asked::Day(day) => Ok(Wanted::Day(day)),
            Asked::Instant(instant) => Ok(Wanted::At(instant, LocalChoice::Exact)),
            Asked::Local(local) => zone::local_to_instant(local, self.zone)
                .map(|(instant, choice)| Wanted::At(instant, choice))
                .map_err(|_| Unclear::SkippedByClocks),
        });
        wanted.transpose()
    }

    /// A day by itself; a time of day that comes with it does not count.
    pub(super) fn day(&self, text: &str) -> Result<Date, Unclear> {
        self.read(text).map(|asked| self.day_of(asked))
    }

    fn today(&self) -> Date {
        self.zone.to_datetime(self.now).date()
    }

    fn day_of(&self, asked: Asked) -> Date {
        match asked {
            Asked::Day(day) => day,
            Asked::Local(local) => local.date(),
            Asked::Instant(instant) => self.zone.to_datetime(instant).date(),
        }
    }

    /// That day at that time of day; a day that has a time already must have the same.
    fn with_time(&self, day: Asked, time: &str) -> Result<Asked, Unclear> {
        let whole = self.read(&format!("{} {time}", self.day_of(day)))?;
        Ok(self.agreed(Some(day), Some(whole))?.unwrap_or(whole))
    }

    /// What both say, as exactly as either.
    fn agreed(&self, one: Option<Asked>, other: Option<Asked>) -> Result<Option<Asked>, Unclear> {
        let (Some(one), Some(other)) = (one, other) else {
            return Ok(one.or(other));
        };
        let agreed = match (one, other) {
            (Asked::Day(day), exact) | (exact, Asked::Day(day)) => {
                (self.day_of(exact) == day).then_some(exact)
            }
            (Asked::Instant(instant), Asked::Local(local))
            | (Asked::Local(local), Asked::Instant(instant)) => {
                (self.zone.to_datetime(instant) == local).then_some(Asked::Instant(instant))
            }
            (one, other) => (one == other).then_some(one),
        };
        agreed.map(Some).ok_or(Unclear::Contradiction)
    }

    fn read(&self, text: &str) -> Result<Asked, Unclear> {
        let text = self.with_date(&text.to_lowercase());
        match dates::parse(&text, EITHER) {
            Ok(When::Instant(instant)) => Ok(Asked::Instant(instant)),
            Ok(When::Local(local)) => Ok(Asked::Local(local)),
            Err(WhenError::TimeMissing) => self.read_day(&text),
            Err(WhenError::NotADate) => self.without_year(&text),
            Err(error) => Err(unclear(&error)),
        }
    }

    fn read_day(&self, text: &str) -> Result<Asked, Unclear> {
        match dates::parse_day(text, EITHER).map_err(|error| unclear(&error))? {
            When::Local(local) => Ok(Asked::Day(local.date())),
            When::Instant(_) => Err(Unclear::NotUnderstood),
        }
    }

    /// `29 March` is the next one from today on.
    fn without_year(&self, text: &str) -> Result<Asked, Unclear> {
        if is_time_of_day(text) {
            return Err(Unclear::DayMissing);
        }
        let mut numbers = text.split(|c: char| !c.is_ascii_digit());
        if numbers.any(|number| number.len() > 2) {
            return Err(Unclear::NotUnderstood);
        }
        let today = self.today();
        let of_year = |year: i16| match self.read_day(&format!("{text} {year}")) {
            Ok(Asked::Day(day)) if day < today => None,
            Err(Unclear::NotUnderstood) => None,
            read => Some(read),
        };
        let year = today.year();
        let read = of_year(year).or_else(|| of_year(year.saturating_add(1)));
        read.unwrap_or(Err(Unclear::NotUnderstood))
    }

    /// `today` and `tomorrow` as dates, `noon` as a time.
    fn with_date(&self, text: &str) -> String {
        let today = self.today();
        let words = text.split_whitespace().map(|word| {
            let bare = word.trim_end_matches(',');
            match bare {
                "today" => today.to_string(),
                "tomorrow" => today.tomorrow().unwrap_or(today).to_string(),
                "noon" | "midday" => "12:00".to_owned(),
                _ => word.to_owned(),
            }
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Whether the text is a time of day and nothing else.
fn is_time_of_day(text: &str) -> bool {
    dates::parse(&format!("2000-01-01 {text}"), EITHER).is_ok()
}

fn unclear(error: &WhenError) -> Unclear {
    match error {
        WhenError::Ambiguous(one, other) => Unclear::EitherOf(*one, *other),
        WhenError::NoSuchDate | WhenError::NoSuchDateAsRead(_) => Unclear::NoSuchDate,
        WhenError::NoSuchTime => Unclear::NoSuchTime,
        WhenError::WrongWeekday(date, _) => Unclear::OtherWeekday(*date),
        WhenError::DateMissing => Unclear::DayMissing,
        WhenError::NotADate
        | WhenError::TimeMissing
        | WhenError::TimeRange
        | WhenError::TwoDigitYear
        | WhenError::SpreadsheetNumber => Unclear::NotUnderstood,
    }
}
