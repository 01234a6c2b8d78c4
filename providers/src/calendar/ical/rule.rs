//! Rules of repetition (`RRULE`), read strictly: one that is half understood would leave busy times free.

use jiff::civil::Weekday;

use super::time::When;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Frequency {
    Secondly,
    Minutely,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// A rule that makes sense. Lists are in order, without repetitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) frequency: Frequency,
    /// At least 1.
    pub(super) interval: u32,
    pub(super) count: Option<u64>,
    pub(super) until: Option<When>,
    pub(super) by_second: Vec<i16>,
    pub(super) by_minute: Vec<i16>,
    pub(super) by_hour: Vec<i16>,
    /// A weekday, and which one of the month or year; 0 for every.
    pub(super) by_day: Vec<(i16, Day)>,
    pub(super) by_month_day: Vec<i16>,
    pub(super) by_year_day: Vec<i16>,
    pub(super) by_week_no: Vec<i16>,
    pub(super) by_month: Vec<i16>,
    pub(super) by_set_pos: Vec<i16>,
    pub(super) week_start: Weekday,
}

/// A weekday as its number, Monday 0.
pub(super) type Day = i8;

impl Rule {
    /// `None` when any part is unknown or makes no sense.
    pub(super) fn parse(text: &str) -> Option<Rule> {
        let mut rule = Rule::of(Frequency::Daily);
        let mut frequency = None;
        for part in text.trim().trim_end_matches(';').split(';') {
            let (key, value) = part.split_once('=')?;
            let value = value.trim().to_ascii_uppercase();
            match key.trim().to_ascii_uppercase().as_str() {
                "FREQ" => frequency = Some(frequency_of(&value)?),
                "INTERVAL" => rule.interval = value.parse().ok().filter(|n| *n > 0)?,
                "COUNT" => rule.count = Some(value.parse().ok().filter(|n| *n > 0)?),
                "UNTIL" => rule.until = Some(When::parse(&value, None)?),
                "BYSECOND" => rule.by_second = numbers(&value, 0, 60)?,
                "BYMINUTE" => rule.by_minute = numbers(&value, 0, 59)?,
                "BYHOUR" => rule.by_hour = numbers(&value, 0, 23)?,
                "BYDAY" => rule.by_day = days(&value)?,
                "BYMONTHDAY" => rule.by_month_day = both_ways(&value, 31)?,
                "BYYEARDAY" => rule.by_year_day = both_ways(&value, 366)?,
                "BYWEEKNO" => rule.by_week_no = both_ways(&value, 53)?,
                "BYMONTH" => rule.by_month = numbers(&value, 1, 12)?,
                "BYSETPOS" => rule.by_set_pos = both_ways(&value, 366)?,
                "WKST" => rule.week_start = weekday(&value)?,
                _ => return None,
            }
        }
        rule.frequency = frequency?;
        rule.makes_sense().then_some(rule)
    }

    fn of(frequency: Frequency) -> Rule {
        Rule {
            frequency,
            interval: 1,
            count: None,
            until: None,
            by_second: Vec::new(),
            by_minute: Vec::new(),
            by_hour: Vec::new(),
            by_day: Vec::new(),
            by_month_day: Vec::new(),
            by_year_day: Vec::new(),
            by_week_no: Vec::new(),
            by_month: Vec::new(),
            by_set_pos: Vec::new(),
            week_start: Weekday::Monday,
        }
    }

    /// What RFC 5545 forbids.
    fn makes_sense(&self) -> bool {
        use Frequency::{Daily, Monthly, Weekly, Yearly};
        let has_nth = self.by_day.iter().any(|(nth, _)| *nth != 0);
        let nth_fits = match self.frequency {
            Monthly => true,
            Yearly => self.by_week_no.is_empty(),
            _ => false,
        };
        let month_day_fits = self.by_month_day.is_empty() || self.frequency != Weekly;
        let year_day_fits =
            self.by_year_day.is_empty() || !matches!(self.frequency, Daily | Weekly | Monthly);
        let week_no_fits = self.by_week_no.is_empty() || self.frequency == Yearly;
        (nth_fits || !has_nth) && month_day_fits && year_day_fits && week_no_fits
    }

    pub(super) fn names_days(&self) -> bool {
        !(self.by_day.is_empty()
            && self.by_month_day.is_empty()
            && self.by_year_day.is_empty()
            && self.by_week_no.is_empty())
    }
}

fn frequency_of(text: &str) -> Option<Frequency> {
    Some(match text {
        "SECONDLY" => Frequency::Secondly,
        "MINUTELY" => Frequency::Minutely,
        "HOURLY" => Frequency::Hourly,
        "DAILY" => Frequency::Daily,
        "WEEKLY" => Frequency::Weekly,
        "MONTHLY" => Frequency::Monthly,
        "YEARLY" => Frequency::Yearly,
        _ => return None,
    })
}

/// A list of numbers, each in the range.
fn numbers(text: &str, least: i16, most: i16) -> Option<Vec<i16>> {
    let numbers = text.split(',').map(|number| number.trim().parse().ok());
    let mut numbers: Vec<i16> = numbers.collect::<Option<_>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    let fit = numbers.iter().all(|number| (least..=most).contains(number));
    fit.then_some(numbers)
}

/// A list of numbers counted from the start, or below zero from the end.
fn both_ways(text: &str, most: i16) -> Option<Vec<i16>> {
    numbers(text, -most, most).filter(|numbers| !numbers.contains(&0))
}

fn days(text: &str) -> Option<Vec<(i16, Day)>> {
    let mut days = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (nth, name) = part.split_at_checked(part.len().checked_sub(2)?)?;
        let nth = match nth {
            "" => 0,
            nth => nth
                .parse()
                .ok()
                .filter(|n| *n != 0 && (-53..=53).contains(n))?,
        };
        days.push((nth, weekday(name)?.to_monday_zero_offset()));
    }
    days.sort_unstable();
    days.dedup();
    Some(days)
}

pub(super) fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_in_all_its_parts() {
        let rule = Rule::parse(
            "FREQ=MONTHLY;interval=2;COUNT=5;BYDAY=-1FR,2MO;BYHOUR=9,8,9;BYSETPOS=-1;WKST=SU;",
        )
        .unwrap();
        assert_eq!(rule.frequency, Frequency::Monthly);
        assert_eq!((rule.interval, rule.count), (2, Some(5)));
        assert_eq!(rule.by_day, [(-1, 4), (2, 0)]);
        assert_eq!(rule.by_hour, [8, 9]);
        assert_eq!(rule.by_set_pos, [-1]);
        assert_eq!(rule.week_start, Weekday::Sunday);
    }

    #[test]
    fn a_rule_that_is_not_wholly_understood_is_none() {
        for text in [
            "",
            "COUNT=2",
            "FREQ=FORTNIGHTLY",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;INTERVAL=-1",
            "FREQ=DAILY;COUNT=0",
            "FREQ=DAILY;UNTIL=tomorrow",
            "FREQ=DAILY;BYHOUR=24",
            "FREQ=MONTHLY;BYMONTHDAY=0",
            "FREQ=MONTHLY;BYMONTHDAY=32",
            "FREQ=WEEKLY;BYDAY=2MO",
            "FREQ=WEEKLY;BYDAY=XX",
            "FREQ=WEEKLY;BYDAY=é",
            "FREQ=WEEKLY;BYMONTHDAY=1",
            "FREQ=MONTHLY;BYWEEKNO=2",
            "FREQ=YEARLY;BYWEEKNO=2;BYDAY=1MO",
            "FREQ=DAILY;BYEASTER=0",
            "FREQ=DAILY;RSCALE=HEBREW",
            "FREQ=DAILY;BYDAY",
        ] {
            assert_eq!(Rule::parse(text), None, "{text}");
        }
    }
}
