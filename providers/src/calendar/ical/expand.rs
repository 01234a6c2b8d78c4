//! The starts that a rule makes, by the clocks of its zone, with a limit to the work.

use jiff::{
    Span, ToSpan,
    civil::{Date, DateTime, Time},
};

use super::{
    rule::{Day, Frequency, Rule},
    times::{Times, at_positions},
};

/// Most work on one rule: more than a daily one of sixty years needs that has to be counted from its start.
const MOST_PER_RULE: u32 = 50_000;
/// Days that are as quickly passed over as one start is made.
const DAYS_PER_START: u16 = 8;

/// How many starts may still be made for a whole feed.
#[derive(Debug)]
pub(super) struct Work(pub(super) u32);

/// The starts in a window.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Starts {
    pub(super) found: Vec<DateTime>,
    /// From here on there may be more, for which the work was too much.
    pub(super) unknown_from: Option<DateTime>,
}

/// What is asked of a rule. Local times, all in the zone of the first start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// The event's own start.
    pub(super) first: DateTime,
    /// The last that counts.
    pub(super) until: Option<DateTime>,
    /// What is of interest, both ends included.
    pub(super) from: DateTime,
    pub(super) to: DateTime,
}

/// The starts of a rule in the window that is asked about.
pub(super) fn starts(rule: &Rule, asked: Asked, work: &mut Work) -> Starts {
    let allowed = work.0.min(MOST_PER_RULE);
    let mut expansion = Expansion::new(rule, asked, allowed);
    expansion.run();
    work.0 -= allowed - expansion.left;
    expansion.starts
}

/// A stretch of time that a rule makes starts in: a year, …, a second.
struct Period {
    start: DateTime,
    days: u16,
}

/// Whether to go on.
enum Next {
    More,
    Done,
    /// The work was too much.
    Stopped,
}

struct Expansion<'a> {
    rule: &'a Rule,
    asked: Asked,
    by_month: Vec<i16>,
    by_month_day: Vec<i16>,
    by_day: Vec<(i16, Day)>,
    counted: u64,
    left: u32,
    starts: Starts,
}

impl<'a> Expansion<'a> {
    /// Takes from the first start what the rule leaves open.
    fn new(rule: &'a Rule, asked: Asked, allowed: u32) -> Self {
        let first = asked.first.date();
        let mut by_month = rule.by_month.clone();
        let mut by_month_day = rule.by_month_day.clone();
        let mut by_day = rule.by_day.clone();
        let same_weekday = vec![(0, first.weekday().to_monday_zero_offset())];
        let only_weeks = by_day.is_empty()
            && by_month_day.is_empty()
            && rule.by_year_day.is_empty()
            && !rule.by_week_no.is_empty();
        match rule.frequency {
            _ if only_weeks => by_day = same_weekday,
            _ if rule.names_days() => {}
            Frequency::Yearly => {
                by_month_day = vec![first.day().into()];
                if by_month.is_empty() {
                    by_month = vec![first.month().into()];
                }
            }
            Frequency::Monthly => by_month_day = vec![first.day().into()],
            Frequency::Weekly => by_day = same_weekday,
            _ => {}
        }
        Expansion {
            rule,
            asked,
            by_month,
            by_month_day,
            by_day,
            counted: 0,
            left: allowed,
            starts: Starts::default(),
        }
    }

    fn run(&mut self) {
        let mut step = self.first_step();
        // Beyond the years that there are, there is no period.
        while let Some(period) = self.period(step) {
            let is_over = self.asked.until.is_some_and(|until| period.start > until);
            if is_over || period.start > self.asked.to {
                return;
            }
            match self.play(&period) {
                Next::More => {}
                Next::Done => return,
                Next::Stopped => {
                    self.starts.unknown_from = Some(period.start.max(self.asked.first));
                    return;
                }
            }
            step += 1;
        }
    }

    /// The first period that may reach into the window. All have to be counted when there is a count.
    fn first_step(&self) -> i64 {
        if self.rule.count.is_some() || self.asked.from <= self.asked.first {
            return 0;
        }
        let (first, from) = (self.asked.first, self.asked.from);
        let days = || days_between(self.week_or_day(first.date()), from.date());
        let seconds = || from.duration_since(first).as_secs();
        let units = match self.rule.frequency {
            Frequency::Yearly => i64::from(from.year() - first.year()),
            Frequency::Monthly => month_index(from) - month_index(first),
            Frequency::Weekly => days() / 7,
            Frequency::Daily => days(),
            Frequency::Hourly => seconds() / 3600,
            Frequency::Minutely => seconds() / 60,
            Frequency::Secondly => seconds(),
        };
        (units / i64::from(self.rule.interval)).max(0)
    }

    /// The period after so many steps; `None` beyond the years that there are.
    fn period(&self, step: i64) -> Option<Period> {
        let units = step.checked_mul(self.rule.interval.into())?;
        let first = self.asked.first;
        let whole = |date: Date, days: i16| Period {
            start: date.to_datetime(Time::midnight()),
            days: days.unsigned_abs(),
        };
        let later = |span| {
            Some(Period {
                start: first.checked_add(span).ok()?,
                days: 1,
            })
        };
        match self.rule.frequency {
            Frequency::Yearly => {
                let year = i64::from(first.year()).checked_add(units)?;
                let date = Date::new(year.try_into().ok()?, 1, 1).ok()?;
                Some(whole(date, date.days_in_year()))
            }
            Frequency::Monthly => {
                let month = month_index(first).checked_add(units)?;
                let number = i8::try_from(month.rem_euclid(12) + 1).ok()?;
                let year = month.div_euclid(12).try_into().ok()?;
                let date = Date::new(year, number, 1).ok()?;
                Some(whole(date, date.days_in_month().into()))
            }
            Frequency::Weekly => {
                let days = Span::new().try_days(units.checked_mul(7)?).ok()?;
                let date = self.week_or_day(first.date()).checked_add(days).ok()?;
                Some(whole(date, 7))
            }
            Frequency::Daily => {
                let date = first
                    .date()
                    .checked_add(Span::new().try_days(units).ok()?)
                    .ok()?;
                Some(whole(date, 1))
            }
            Frequency::Hourly => later(Span::new().try_hours(units).ok()?),
            Frequency::Minutely => later(Span::new().try_minutes(units).ok()?),
            Frequency::Secondly => later(Span::new().try_seconds(units).ok()?),
        }
    }

    /// For weekly rules the day on which the week begins.
    fn week_or_day(&self, date: Date) -> Date {
        let after_start = match self.rule.frequency {
            Frequency::Weekly => date.weekday().since(self.rule.week_start),
            _ => 0,
        };
        date.checked_sub(after_start.days()).unwrap_or(date)
    }

    fn play(&mut self, period: &Period) -> Next {
        if !self.spend(u32::from(period.days / DAYS_PER_START) + 1) {
            return Next::Stopped;
        }
        let times = Times::of(self.rule, self.asked.first.time(), period.start.time());
        let days = period.start.date().series(1.day());
        let days: Vec<Date> = days
            .take(period.days.into())
            .filter(|day| self.fits(*day))
            .collect();
        let all = days.iter().flat_map(|day| times.on(*day));
        if self.rule.by_set_pos.is_empty() {
            for start in all {
                match self.take(start) {
                    Next::More => {}
                    done => return done,
                }
            }
            return Next::More;
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let all: Vec<DateTime> = all.take(most).collect();
        if !self.spend(all.len().try_into().unwrap_or(u32::MAX)) {
            return Next::Stopped;
        }
        for start in at_positions(&all, &self.rule.by_set_pos) {
            match self.take(start) {
                Next::More => {}
                done => return done,
            }
        }
        Next::More
    }

    /// Counts one start and keeps it when it is of interest.
    fn take(&mut self, start: DateTime) -> Next {
        if !self.spend(1) {
            return Next::Stopped;
        }
        if start < self.asked.first {
            return Next::More;
        }
        let is_spent = self.rule.count.is_some_and(|count| self.counted >= count);
        let is_over = self.asked.until.is_some_and(|until| start > until);
        if is_spent || is_over || start > self.asked.to {
            return Next::Done;
        }
        self.counted += 1;
        if start >= self.asked.from {
            self.starts.found.push(start);
        }
        Next::More
    }

    /// Whether there was enough left to do this much. With nothing left at all, nothing is enough.
    fn spend(&mut self, work: u32) -> bool {
        let is_enough = work < self.left;
        self.left = self.left.saturating_sub(work);
        is_enough
    }

    /// Whether starts may be on this day.
    fn fits(&self, day: Date) -> bool {
        let any = |list: &[i16], number: i16, count: i16| {
            let from_the_end = number - count - 1;
            list.is_empty() || list.contains(&number) || list.contains(&from_the_end)
        };
        let month_day = i16::from(day.day());
        let (month_days, year_days) = (day.days_in_month().into(), day.days_in_year());
        any(&self.by_month, day.month().into(), 99)
            && any(&self.by_month_day, month_day, month_days)
            && any(&self.rule.by_year_day, day.day_of_year(), year_days)
            && (self.by_day.is_empty() || self.by_day.iter().any(|one| self.is_nth(day, *one)))
            && (self.rule.by_week_no.is_empty() || self.is_in_week(day))
    }

    /// Whether the day is such a weekday of its month or year; with 0, any such weekday.
    fn is_nth(&self, day: Date, (nth, weekday): (i16, Day)) -> bool {
        let of_month = self.rule.frequency == Frequency::Monthly || !self.rule.by_month.is_empty();
        let (number, count) = match of_month {
            true => (i16::from(day.day()), i16::from(day.days_in_month())),
            false => (day.day_of_year(), day.days_in_year()),
        };
        let from_start = (number - 1) / 7 + 1;
        let from_end = -((count - number) / 7 + 1);
        day.weekday().to_monday_zero_offset() == weekday
            && (nth == 0 || nth == from_start || nth == from_end)
    }

    /// Whether the day is in one of the weeks, of which the first is the one with most of its days in the year.
    fn is_in_week(&self, day: Date) -> bool {
        let after_start = day.weekday().since(self.rule.week_start);
        let Ok(middle) = day.checked_add((3 - after_start).days()) else {
            return false;
        };
        let number = (middle.day_of_year() - 1) / 7 + 1;
        let last = number + (middle.days_in_year() - middle.day_of_year()) / 7;
        let weeks = &self.rule.by_week_no;
        weeks.contains(&number) || weeks.contains(&(number - last - 1))
    }
}

fn month_index(local: DateTime) -> i64 {
    i64::from(local.year()) * 12 + i64::from(local.month()) - 1
}

fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_secs() / (24 * 3600)
}

#[cfg(test)]
#[path = "expand_tests.rs"]
mod tests;
