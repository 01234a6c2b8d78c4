//! Dates and times as people and programs write them.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::Offset,
};

use crate::country::DateOrder;

/// What a cell names: an instant, or what the clocks of some zone show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Instant(Timestamp),
    Local(DateTime),
}

/// How `03/04/2027` may be meant: as the business writes it, or as the contact's country does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Orders {
    pub(crate) business: DateOrder,
    pub(crate) contact: DateOrder,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WhenError {
    #[error("this is no date and time; write it as 2027-03-29 09:00")]
    NotADate,
    #[error("the time is missing; write it as 2027-03-29 09:00")]
    TimeMissing,
    #[error("the date is missing; write it as 2027-03-29 09:00")]
    DateMissing,
    #[error("there is no such date")]
    NoSuchDate,
    #[error("there is no such date when it is read {0}; write it as 2027-03-29")]
    NoSuchDateAsRead(&'static str),
    #[error(
        "this may be a stretch of time or a time with an offset; write it as 2027-03-29T09:00:00-05:00"
    )]
    TimeRange,
    #[error("there is no such time of day")]
    NoSuchTime,
    #[error("this can mean {0} or {1}; write it as 2027-03-29")]
    Ambiguous(Date, Date),
    #[error("write the year with four digits")]
    TwoDigitYear,
    #[error(
        "this is a spreadsheet's day number; format the column as text or date and export again"
    )]
    SpreadsheetNumber,
    #[error("{0} is a {1}, not the weekday named")]
    WrongWeekday(Date, &'static str),
}

/// Reads a date with a time.
///
/// - `2027-03-29 09:00`, also with seconds, with `T`, with `/` or `.`, and as `20270329T0900`
/// - any of these with `Z` or an offset (`+01:00`): an instant
/// - `29/03/2027 09:00`, day first or month first by country
/// - `29 March 2027 09:00`, `Mar 29, 2027 9:00 AM`, a weekday in front
/// - times as `09:00`, `9:00 am`, `9am`, `0900`
pub(crate) fn parse(text: &str, orders: Orders) -> Result<When, WhenError> {
    read(text, orders, None)
}

/// As [`parse`]; a date without a time means the start of the day.
pub(crate) fn parse_day(text: &str, orders: Orders) -> Result<When, WhenError> {
    read(text, orders, Some(Time::midnight()))
}

fn read(text: &str, orders: Orders, default: Option<Time>) -> Result<When, WhenError> {
    let text = text.to_lowercase();
    let mut words: Vec<&str> = text
        .split([' ', ',', '\u{a0}', '\u{202f}'])
        .filter(|word| !word.is_empty())
        .collect();
    words.retain(|word| *word != "at");
    let weekday = take_weekday(&mut words);
    let (date, clock) = take_date(&words, orders)?;
    // RFC 9557 repeats the zone behind the offset; the offset has said it all.
    let clock = match clock.split_once('[') {
        Some((clock, zone)) if zone.ends_with(']') && clock.contains(['+', '-', 'z']) => clock,
        _ => clock.as_str(),
    };
    if let Some(named) = weekday
        && named != weekday_name(date)
    {
        return Err(WhenError::WrongWeekday(date, weekday_name(date)));
    }
    let (clock, offset) = split_offset(clock)?;
    let time = match (clock.is_empty(), default) {
        (false, _) => read_time(clock)?,
        (true, Some(time)) => time,
        (true, None) => return Err(WhenError::TimeMissing),
    };
    let local = date.to_datetime(time);
    match offset {
        None => Ok(When::Local(local)),
        Some(offset) => offset
            .to_timestamp(local)
            .map(When::Instant)
            .map_err(|_| WhenError::NoSuchDate),
    }
}

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn weekday_name(date: Date) -> &'static str {
    WEEKDAYS
        .get(usize::from(
            date.weekday().to_monday_zero_offset().unsigned_abs(),
        ))
        .copied()
        .unwrap_or_default()
}

fn take_weekday(words: &mut Vec<&str>) -> Option<&'static str> {
    let first = words.first()?.trim_end_matches('.');
    let named = WEEKDAYS
        .into_iter()
        .find(|day| first.len() >= 3 && day.starts_with(first))?;
    words.remove(0);
    Some(named)
}

/// The date, and everything behind it without spaces.
fn take_date(words: &[&str], orders: Orders) -> Result<(Date, String), WhenError> {
    let [first, rest @ ..] = words else {
        return Err(WhenError::NotADate);
    };
    if let [first, second, third, rest @ ..] = words
        && let Some(date) = month_by_name([first, second, third])
    {
        return Ok((date?, rest.concat()));
    }
    if let [day, month, year] = first.split(['-', '/', '.']).collect::<Vec<_>>()[..]
        && let Some(date) = month_by_name([day, month, year])
    {
        return Ok((date?, rest.concat()));
    }
    let (date, clock) = match first.split_once('t') {
        Some((date, clock)) => (date, format!("{clock}{}", rest.concat())),
        None => (*first, rest.concat()),
    };
    Ok((numeric_date(date, orders)?, clock))
}

/// `29 mar 2027` or `mar 29 2027`; `None` when no part is a month's name.
fn month_by_name(parts: [&str; 3]) -> Option<Result<Date, WhenError>> {
    let month = |word: &str| {
        let word = word.trim_end_matches('.');
        let word = if word == "sept" { "september" } else { word };
        MONTHS
            .iter()
            .position(|month| word.len() >= 3 && month.starts_with(word))
            .map(|at| at as i8 + 1)
    };
    let (day, month) = match (month(parts[0]), month(parts[1])) {
        (Some(month), _) => (parts[1], month),
        (_, Some(month)) => (parts[0], month),
        _ => return None,
    };
    let day = ["st", "nd", "rd", "th", "."]
        .iter()
        .find_map(|end| day.strip_suffix(end))
        .unwrap_or(day);
    Some(match (number(day), parts[2].len(), number(parts[2])) {
        (Some(day), 4, Some(year)) => date(year, month.into(), day).ok_or(WhenError::NoSuchDate),
        (Some(_), 2, Some(_)) => Err(WhenError::TwoDigitYear),
        _ => Err(WhenError::NotADate),
    })
}

fn numeric_date(text: &str, orders: Orders) -> Result<Date, WhenError> {
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let part = |range| text.get(range).and_then(number);
        let parts = (part(0..4), part(4..6), part(6..8));
        let (Some(year), Some(month), Some(day)) = parts else {
            return Err(WhenError::NotADate);
        };
        return date(year, month, day).ok_or(WhenError::NoSuchDate);
    }
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let [first, second, third] = parts[..] else {
        return Err(no_date(text));
    };
    let (Some(one), Some(two), Some(three)) = (number(first), number(second), number(third)) else {
        return Err(WhenError::NotADate);
    };
    match (first.len(), second.len(), third.len()) {
        (4, 1..=2, 1..=2) => date(one, two, three).ok_or(WhenError::NoSuchDate),
        (1..=2, 1..=2, 4) => by_order(one, two, three, orders),
        (1..=2, 1..=2, 2) => Err(WhenError::TwoDigitYear),
        _ => Err(WhenError::NotADate),
    }
}

/// Why a text without three parts is no date.
fn no_date(text: &str) -> WhenError {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    if text.contains(':') || text.ends_with("am") || text.ends_with("pm") {
        WhenError::DateMissing
    } else if whole.len() == 5 && number(whole).is_some() {
        WhenError::SpreadsheetNumber
    } else {
        WhenError::NotADate
    }
}

fn by_order(first: i16, second: i16, year: i16, orders: Orders) -> Result<Date, WhenError> {
    let day_first = date(year, second, first);
    let month_first = date(year, first, second);
    match (orders.business, orders.contact) {
        (DateOrder::DayFirst, DateOrder::DayFirst) => {
            day_first.ok_or(WhenError::NoSuchDateAsRead("day first"))
        }
        (DateOrder::MonthFirst, DateOrder::MonthFirst) => {
            month_first.ok_or(WhenError::NoSuchDateAsRead("month first"))
        }
        _ => match (day_first, month_first) {
            (Some(one), Some(other)) if one != other => {
                Err(WhenError::Ambiguous(one.min(other), one.max(other)))
            }
            (one, other) => one.or(other).ok_or(WhenError::NoSuchDate),
        },
    }
}

/// The clock without its offset, and the offset when there is one.
///
/// `09:00-09:30` is as likely to be a stretch of time as an offset, so it is neither.
fn split_offset(clock: &str) -> Result<(&str, Option<Offset>), WhenError> {
    if let Some(clock) = clock
        .strip_suffix("utc")
        .or_else(|| clock.strip_suffix('z'))
    {
        return Ok((clock, Some(Offset::UTC)));
    }
    let Some(at) = clock.rfind(['+', '-']).filter(|at| *at > 0) else {
        return Ok((clock, None));
    };
    let (clock, offset) = clock.split_at(at);
    if offset.starts_with('-') && clock.matches(':').count() == 1 {
        return Err(WhenError::TimeRange);
    }
    let digits: String = offset.chars().skip(1).filter(|c| *c != ':').collect();
    let well_formed =
        matches!(digits.len(), 2 | 4) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let hours = digits.get(..2).and_then(number).unwrap_or_default();
    let minutes = digits.get(2..).and_then(number).unwrap_or_default();
    if !well_formed || hours > 18 || minutes > 59 {
        return Err(WhenError::NoSuchTime);
    }
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let seconds = sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60);
    Offset::from_seconds(seconds)
        .map(|offset| (clock, Some(offset)))
        .map_err(|_| WhenError::NoSuchTime)
}

fn read_time(clock: &str) -> Result<Time, WhenError> {
    let half = [("a.m.", 0), ("p.m.", 12), ("am", 0), ("pm", 12)];
    let half = half
        .into_iter()
        .find_map(|(end, add)| clock.strip_suffix(end).map(|clock| (clock, add)));
    let (clock, add) = half.map_or((clock, None), |(clock, add)| {
        (clock.trim_end_matches('.'), Some(add))
    });
    let (clock, fraction) = match clock.rsplit_once('.') {
        Some((clock, fraction)) if clock.matches(':').count() == 2 => (clock, fraction),
        _ => (clock, "0"),
    };
    let parts: Vec<&str> = clock.split([':', '.']).collect();
    let well_formed = parts
        .iter()
        .chain([&fraction])
        .all(|part| number(part.get(..4).unwrap_or(part)).is_some());
    let (hour, minute, second) = match parts[..] {
        _ if !well_formed => return Err(WhenError::NotADate),
        [hour] if add.is_some() => (hour, "0", "0"),
        [both] if both.len() == 4 => (
            both.get(..2).unwrap_or_default(),
            both.get(2..).unwrap_or_default(),
            "0",
        ),
        [all] if all.len() == 6 => {
            let part = |range| all.get(range).unwrap_or_default();
            (part(0..2), part(2..4), part(4..6))
        }
        [hour, minute] if minute.len() == 2 => (hour, minute, "0"),
        [hour, minute, second] if minute.len() == 2 && second.len() == 2 => (hour, minute, second),
        _ => return Err(WhenError::NotADate),
    };
    let (Some(hour), Some(minute), Some(second)) = (number(hour), number(minute), number(second))
    else {
        return Err(WhenError::NotADate);
    };
    let hour = match add {
        Some(_) if !(1..=12).contains(&hour) => return Err(WhenError::NoSuchTime),
        Some(add) => hour % 12 + add,
        None => hour,
    };
    let small = |value: i16| i8::try_from(value).map_err(|_| WhenError::NoSuchTime);
    Time::new(small(hour)?, small(minute)?, small(second)?, 0).map_err(|_| WhenError::NoSuchTime)
}

/// Up to four digits.
fn number(text: &str) -> Option<i16> {
    let digits =
        !text.is_empty() && text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits {
        text.parse::<i32>()
            .ok()
            .map(|number| number.min(i32::from(i16::MAX)) as i16)
    } else {
        None
    }
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY_FIRST: Orders = Orders {
        business: DateOrder::DayFirst,
        contact: DateOrder::DayFirst,
    };
    const MONTH_FIRST: Orders = Orders {
        business: DateOrder::MonthFirst,
        contact: DateOrder::MonthFirst,
    };
    const EITHER: Orders = Orders {
        business: DateOrder::DayFirst,
        contact: DateOrder::MonthFirst,
    };

    /// The reading as text: local without, an instant with `Z`.
    fn shown(text: &str, orders: Orders) -> Result<String, WhenError> {
        parse(text, orders).map(|when| match when {
            When::Instant(instant) => instant.to_string(),
            When::Local(local) => local.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        })
    }

    #[test]
    fn local_times_are_read_in_the_usual_forms() {
        for text in [
            "2027-03-29 09:00",
            "2027-03-29 9:00",
            "2027-03-29T09:00",
            "2027-03-29T09:00:00",
            "2027-03-29 09:00:00.000",
            "2027-3-29 09:00",
            "2027/03/29 09:00",
            "2027.03.29 09:00",
            "20270329T0900",
            "20270329T090000",
            "2027-03-29 0900",
            "2027-03-29 9am",
            "2027-03-29 9:00 AM",
            "2027-03-29 9.00 a.m.",
            "29/03/2027 09:00",
            "29.03.2027 09:00",
            "29-03-2027 09:00",
            "29/3/2027, 9:00",
            "29/03/2027 at 09:00",
            "29 March 2027 09:00",
            "29th March 2027 at 9am",
            "29 Mar 2027 09:00",
            "29-Mar-2027 09:00",
            "Mar 29, 2027 9:00 AM",
            "March 29th, 2027 09:00",
            "Mon 29 Mar 2027 09:00",
            "Monday, March 29, 2027 at 9:00 AM",
            "Monday 29/03/2027 09:00",
            "2027-03-29\u{a0}09:00",
        ] {
            assert_eq!(
                shown(text, DAY_FIRST).as_deref(),
                Ok("2027-03-29 09:00:00"),
                "{text}"
            );
        }
    }

    #[test]
    fn an_offset_makes_it_an_instant() {
        for text in [
            "2027-03-29T09:00:00+01:00",
            "2027-03-29T08:00:00Z",
            "2027-03-29t08:00:00z",
            "2027-03-29 09:00:00+01",
            "2027-03-29 09:00+0100",
            "2027-03-29T08:00:00.000Z",
            "2027-03-29 08:00 UTC",
            "2027-03-29T03:00:00-05:00",
            "2027-03-29 03:00:00 -0500",
            "2027-03-29T09:00:00+01:00[Europe/London]",
        ] {
            assert_eq!(
                shown(text, DAY_FIRST).as_deref(),
                Ok("2027-03-29T08:00:00Z"),
                "{text}"
            );
        }
    }

    #[test]
    fn noon_and_midnight_are_read_on_a_twelve_hour_clock() {
        assert_eq!(
            shown("2027-03-29 12:30 am", DAY_FIRST).as_deref(),
            Ok("2027-03-29 00:30:00")
        );
        assert_eq!(
            shown("2027-03-29 12:30 pm", DAY_FIRST).as_deref(),
            Ok("2027-03-29 12:30:00")
        );
        assert_eq!(
            shown("2027-03-29 11 pm", DAY_FIRST).as_deref(),
            Ok("2027-03-29 23:00:00")
        );
    }

    #[test]
    fn day_or_month_comes_first_by_country() {
        assert_eq!(
            shown("03/04/2027 09:00", DAY_FIRST).as_deref(),
            Ok("2027-04-03 09:00:00")
        );
        assert_eq!(
            shown("03/04/2027 09:00", MONTH_FIRST).as_deref(),
            Ok("2027-03-04 09:00:00")
        );
        assert_eq!(
            shown("3/29/2027 9:00 AM", MONTH_FIRST).as_deref(),
            Ok("2027-03-29 09:00:00")
        );
        assert_eq!(
            shown("03/29/2027 09:00", DAY_FIRST),
            Err(WhenError::NoSuchDateAsRead("day first"))
        );
        assert_eq!(
            shown("29/03/2027 09:00", MONTH_FIRST),
            Err(WhenError::NoSuchDateAsRead("month first"))
        );
    }

    #[test]
    fn where_two_orders_are_possible_only_one_reading_is_taken() {
        assert_eq!(
            shown("03/29/2027 09:00", EITHER).as_deref(),
            Ok("2027-03-29 09:00:00")
        );
        assert_eq!(
            shown("05/05/2027 09:00", EITHER).as_deref(),
            Ok("2027-05-05 09:00:00")
        );
        let message = shown("03/04/2027 09:00", EITHER).unwrap_err().to_string();
        assert_eq!(
            message,
            "this can mean 2027-03-04 or 2027-04-03; write it as 2027-03-29"
        );
    }

    #[test]
    fn what_names_no_time_is_refused() {
        for (text, expected) in [
            ("2027-02-30 09:00", WhenError::NoSuchDate),
            ("2027-13-01 09:00", WhenError::NoSuchDate),
            ("2027-00-10 09:00", WhenError::NoSuchDate),
            ("29 February 2027 09:00", WhenError::NoSuchDate),
            ("31/04/2027 09:00", WhenError::NoSuchDateAsRead("day first")),
            ("2027-03-29 25:00", WhenError::NoSuchTime),
            ("2027-03-29 24:00", WhenError::NoSuchTime),
            ("2027-03-29 09:60", WhenError::NoSuchTime),
            ("2027-03-29 13:00 pm", WhenError::NoSuchTime),
            ("2027-03-29 0 am", WhenError::NoSuchTime),
            ("2027-03-29T09:00:00+25:00", WhenError::NoSuchTime),
            ("2027-03-29", WhenError::TimeMissing),
            ("29 March 2027", WhenError::TimeMissing),
            ("09:00", WhenError::DateMissing),
            ("9am", WhenError::DateMissing),
            ("29/03/27 09:00", WhenError::TwoDigitYear),
            ("29 Mar 27 09:00", WhenError::TwoDigitYear),
            ("46475.375", WhenError::SpreadsheetNumber),
            ("46475", WhenError::SpreadsheetNumber),
            (
                "Tuesday 29 March 2027 09:00",
                WhenError::WrongWeekday(Date::constant(2027, 3, 29), "monday"),
            ),
            ("2027-03-29 09:00-09:30", WhenError::TimeRange),
            ("2027-03-29 09:00 - 09:30", WhenError::TimeRange),
            ("2027-03-29 09:00 to 09:30", WhenError::NotADate),
            ("2027-03-29 9", WhenError::NotADate),
            ("2027-03-29 morning", WhenError::NotADate),
            ("tomorrow at 9", WhenError::NotADate),
            ("", WhenError::NotADate),
            ("TBC", WhenError::NotADate),
            ("1774778400", WhenError::NotADate),
        ] {
            assert_eq!(shown(text, DAY_FIRST), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_day_alone_means_its_start_where_that_is_enough() {
        let day = parse_day("2027-03-29", DAY_FIRST);
        assert_eq!(
            day,
            Ok(When::Local(Date::constant(2027, 3, 29).at(0, 0, 0, 0)))
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), dated in "[0-9./ tz:+apm-]{0,30}") {
            for orders in [DAY_FIRST, MONTH_FIRST, EITHER] {
                let _ = parse(&text, orders);
                let _ = parse(&dated, orders);
                let _ = parse_day(&format!("2027-03-29 {dated}"), orders);
            }
        }

        #[test]
        fn every_minute_written_out_is_read_back(days in 0i32..40_000, minutes in 0i32..1440) {
            let date = Date::constant(2000, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
            let local = date.to_datetime(Time::midnight()).checked_add(jiff::Span::new().minutes(minutes)).unwrap();
            for (format, orders) in [
                ("%Y-%m-%d %H:%M", DAY_FIRST),
                ("%Y-%m-%dT%H:%M:%S", MONTH_FIRST),
                ("%d/%m/%Y %I:%M %p", DAY_FIRST),
                ("%m/%d/%Y %-I:%M%P", MONTH_FIRST),
                ("%A, %-d %B %Y %H:%M", EITHER),
                ("%b %d, %Y, %-I:%M %p", EITHER),
            ] {
                let text = local.strftime(format).to_string();
                prop_assert_eq!(parse(&text, orders), Ok(When::Local(local)), "{}", text);
            }
        }
    }
}
