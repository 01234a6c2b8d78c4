//! Dates, times and hours as a voice should say them.
//!
//! American: `Monday, January 15th at 2:30 PM`. British: `Monday the 15th of January at 2:30 PM`. Both keep digits and `PM`,
//! which speech engines read well; noon and midnight are named, because nobody agrees on what 12 PM is.

use std::fmt::Write;

use jiff::civil::{Date, DateTime, Time, Weekday};

/// The manner of speaking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locale {
    British,
    American,
}

impl Locale {
    /// The manner for a language tag: American for `en-US` and its neighbours, British for every other English.
    pub fn of(tag: &str) -> Locale {
        let tag = tag.trim().replace('_', "-");
        let is_american = ["en-US", "en-CA", "en-PH", "en-PR"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&tag));
        if is_american {
            Locale::American
        } else {
            Locale::British
        }
    }
}

/// `Monday`.
pub fn day(date: Date) -> &'static str {
    weekday(date.weekday())
}

/// `January 15th` or `the 15th of January`.
pub fn date(date: Date, locale: Locale) -> String {
    let day = ordinal(date.day());
    let month = MONTHS
        .get(usize::from(date.month().unsigned_abs()).wrapping_sub(1))
        .copied()
        .unwrap_or_default();
    match locale {
        Locale::American => format!("{month} {day}"),
        Locale::British => format!("the {day} of {month}"),
    }
}

/// `2:30 PM`, `9:00 AM`, `12 noon`, `12 midnight`.
pub fn time(time: Time) -> String {
    clock(i32::from(time.hour()) * 60 + i32::from(time.minute()), true)
}

/// `Monday, January 15th` or `Monday the 15th of January`.
pub fn day_and_date(of: Date, locale: Locale) -> String {
    let comma = if locale == Locale::American { "," } else { "" };
    format!("{}{comma} {}", day(of), date(of, locale))
}

/// `Monday, January 15th at 2:30 PM` or `Monday the 15th of January at 2:30 PM`.
pub fn day_and_time(local: DateTime, locale: Locale) -> String {
    format!(
        "{} at {}",
        day_and_date(local.date(), locale),
        time(local.time())
    )
}

/// `1 minute`, `30 minutes`, `1 hour`, `1 hour and 15 minutes`.
pub fn duration(minutes: u16) -> String {
    let unit = |count: u16, one: &str| {
        if count == 1 {
            format!("1 {one}")
        } else {
            format!("{count} {one}s")
        }
    };
    match (minutes / 60, minutes % 60) {
        (0, minutes) => unit(minutes, "minute"),
        (hours, 0) => unit(hours, "hour"),
        (hours, minutes) => format!("{} and {}", unit(hours, "hour"), unit(minutes, "minute")),
    }
}

/// The windows of one day in minutes after midnight, each from the first to before the last.
pub type DayWindows = Vec<(u16, u16)>;

/// `Monday to Friday, 8 AM to 8 PM; Saturday, 9 AM to 12 noon`; empty when never open. Monday comes first.
pub fn hours(week: &[DayWindows; 7], locale: Locale) -> String {
    let mut told: Vec<&DayWindows> = Vec::new();
    for windows in week.iter().filter(|windows| !windows.is_empty()) {
        if !told.contains(&windows) {
            told.push(windows);
        }
    }
    let group = |windows: &DayWindows| {
        let open: [bool; 7] = std::array::from_fn(|day| week.get(day) == Some(windows));
        let stretches: Vec<String> = windows.iter().map(|window| stretch(*window)).collect();
        format!("{}, {}", days(open, locale), and(&stretches))
    };
    told.into_iter().map(group).collect::<Vec<_>>().join("; ")
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn ordinal(day: i8) -> String {
    let ending = match (day % 100, day % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

/// A time of day; `8:00 AM`, or `8 AM` where whole hours are told short.
fn clock(minutes: i32, in_full: bool) -> String {
    let (hour, minute) = (minutes / 60 % 24, minutes % 60);
    match (hour, minute) {
        (0, 0) => return "12 midnight".to_owned(),
        (12, 0) => return "12 noon".to_owned(),
        _ => {}
    }
    let half = if hour < 12 { "AM" } else { "PM" };
    let mut told = (if hour % 12 == 0 { 12 } else { hour % 12 }).to_string();
    if in_full || minute != 0 {
        // Writing to a String cannot fail.
        let _ = write!(told, ":{minute:02}");
    }
    format!("{told} {half}")
}

fn stretch((from, to): (u16, u16)) -> String {
    if from == 0 && to >= 24 * 60 {
        return "all day".to_owned();
    }
    format!(
        "{} to {}",
        clock(from.into(), false),
        clock(to.into(), false)
    )
}

/// `Monday to Wednesday and Friday`; three or more days in a row become a stretch.
fn days(open: [bool; 7], locale: Locale) -> String {
    if open == [true; 7] {
        return "every day".to_owned();
    }
    let to = if locale == Locale::American {
        "through"
    } else {
        "to"
    };
    let days: Vec<(bool, Weekday)> = open.into_iter().zip(WEEK).collect();
    let mut told = Vec::new();
    for run in days
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|run| run.iter().all(|(open, _)| *open))
    {
        match run {
            [(_, first), _, .., (_, last)] => {
                told.push(format!("{} {to} {}", weekday(*first), weekday(*last)))
            }
            few => told.extend(few.iter().map(|(_, day)| weekday(*day).to_owned())),
        }
    }
    and(&told)
}

fn and(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil;

    use super::*;

    #[test]
    fn the_day_is_told_as_each_country_tells_it() {
        let local = civil::date(2024, 1, 15).at(14, 30, 0, 0);
        assert_eq!(
            day_and_time(local, Locale::American),
            "Monday, January 15th at 2:30 PM"
        );
        assert_eq!(
            day_and_time(local, Locale::British),
            "Monday the 15th of January at 2:30 PM"
        );
        assert_eq!(date(local.date(), Locale::American), "January 15th");
        assert_eq!(date(local.date(), Locale::British), "the 15th of January");
        assert_eq!(day(local.date()), "Monday");
    }

    #[test]
    fn every_day_of_the_month_has_its_ending() {
        for (day, told) in [
            (1, "1st"),
            (2, "2nd"),
            (3, "3rd"),
            (4, "4th"),
            (10, "10th"),
            (11, "11th"),
            (12, "12th"),
            (13, "13th"),
            (20, "20th"),
            (21, "21st"),
            (22, "22nd"),
            (23, "23rd"),
            (24, "24th"),
            (30, "30th"),
            (31, "31st"),
        ] {
            assert_eq!(ordinal(day), told);
        }
    }

    #[test]
    fn noon_and_midnight_have_names() {
        for (hour, minute, told) in [
            (0, 0, "12 midnight"),
            (0, 5, "12:05 AM"),
            (9, 0, "9:00 AM"),
            (11, 59, "11:59 AM"),
            (12, 0, "12 noon"),
            (12, 30, "12:30 PM"),
            (13, 0, "1:00 PM"),
            (23, 59, "11:59 PM"),
        ] {
            assert_eq!(time(civil::time(hour, minute, 0, 0)), told);
        }
    }

    #[test]
    fn a_duration_is_told_in_hours_and_minutes() {
        for (minutes, told) in [
            (1, "1 minute"),
            (30, "30 minutes"),
            (60, "1 hour"),
            (61, "1 hour and 1 minute"),
            (90, "1 hour and 30 minutes"),
            (120, "2 hours"),
            (150, "2 hours and 30 minutes"),
        ] {
            assert_eq!(duration(minutes), told);
        }
    }

    fn week(days: [&[(u16, u16)]; 7]) -> [DayWindows; 7] {
        days.map(<[_]>::to_vec)
    }

    #[test]
    fn opening_hours_are_told_in_words() {
        let long: &[_] = &[(8 * 60, 20 * 60)];
        let short: &[_] = &[(9 * 60 + 30, 12 * 60)];
        let split: &[_] = &[(9 * 60, 13 * 60), (14 * 60, 17 * 60)];
        let none: &[_] = &[];
        for (days, told) in [
            (
                [long, long, long, long, long, none, none],
                "Monday to Friday, 8 AM to 8 PM",
            ),
            (
                [long, long, long, long, long, short, none],
                "Monday to Friday, 8 AM to 8 PM; Saturday, 9:30 AM to 12 noon",
            ),
            (
                [long, none, long, none, long, none, none],
                "Monday, Wednesday and Friday, 8 AM to 8 PM",
            ),
            (
                [long, long, long, none, long, none, none],
                "Monday to Wednesday and Friday, 8 AM to 8 PM",
            ),
            (
                [long, long, none, none, none, none, none],
                "Monday and Tuesday, 8 AM to 8 PM",
            ),
            (
                [split, none, none, none, none, none, none],
                "Monday, 9 AM to 1 PM and 2 PM to 5 PM",
            ),
            ([&[(0, 1440)]; 7], "every day, all day"),
            ([&[(6 * 60, 1440)]; 7], "every day, 6 AM to 12 midnight"),
            ([none; 7], ""),
        ] {
            assert_eq!(hours(&week(days), Locale::British), told);
        }
        let days = [long, long, long, long, long, none, none];
        assert_eq!(
            hours(&week(days), Locale::American),
            "Monday through Friday, 8 AM to 8 PM"
        );
    }

    #[test]
    fn a_language_tag_chooses_the_manner() {
        assert_eq!(Locale::of("en-US"), Locale::American);
        assert_eq!(Locale::of("EN_us"), Locale::American);
        assert_eq!(Locale::of("en-GB"), Locale::British);
        assert_eq!(Locale::of(""), Locale::British);
    }
}
