//! The bank holidays of the United Kingdom by rule, for any year from 2013, with the proclaimed exceptions.
//!
//! Checked against the table of GOV.UK's rules for 2025–2028; one-off days are known up to the release.

use std::borrow::Cow;

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nation {
    EnglandAndWales,
    Scotland,
    NorthernIreland,
}

/// One bank holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BankHoliday {
    pub date: Date,
    name: &'static str,
    /// The day itself fell on a weekend.
    substitute: bool,
}

impl BankHoliday {
    pub fn name(&self) -> Cow<'static, str> {
        match self.substitute {
            false => Cow::Borrowed(self.name),
            true => Cow::Owned(format!("substitute day for {}", self.name)),
        }
    }
}

/// The bank holidays of a year in order of date.
pub fn of_year(nation: Nation, year: i16) -> Vec<BankHoliday> {
    let mut holidays = Vec::with_capacity(14);
    movable(nation, year, &mut holidays);
    fixed(nation, year, &mut holidays);
    proclaimed(nation, year, &mut holidays);
    holidays.sort_unstable_by_key(|holiday| holiday.date);
    holidays
}

pub(super) fn name_of(nation: Nation, date: Date) -> Option<Cow<'static, str>> {
    // Every bank holiday is a weekday, apart from none so far: the cheap question first.
    let holidays = is_weekday(date).then(|| of_year(nation, date.year()))?;
    holidays
        .iter()
        .find(|holiday| holiday.date == date)
        .map(BankHoliday::name)
}

pub(super) fn contains(nation: Nation, date: Date) -> bool {
    is_weekday(date)
        && of_year(nation, date.year())
            .iter()
            .any(|holiday| holiday.date == date)
}

fn movable(nation: Nation, year: i16, holidays: &mut Vec<BankHoliday>) {
    let scotland = nation == Nation::Scotland;
    let easter = easter_sunday(year);
    let mut add = |date: Option<Date>, name| holidays.extend(date.map(|date| ordinary(date, name)));
    add(
        easter.and_then(|sunday| sunday.checked_sub(2.days()).ok()),
        "Good Friday",
    );
    if !scotland {
        add(
            easter.and_then(|sunday| sunday.checked_add(1.day()).ok()),
            "Easter Monday",
        );
    }
    match year {
        // Moved to the anniversary of VE Day.
        2020 => add(day(year, 5, 8), "Early May bank holiday (VE Day)"),
        _ => add(monday(year, 5, 1), "Early May bank holiday"),
    }
    match year {
        // Moved for the Platinum Jubilee.
        2022 => add(day(year, 6, 2), "Spring bank holiday"),
        _ => add(monday(year, 5, -1), "Spring bank holiday"),
    }
    add(
        monday(year, 8, if scotland { 1 } else { -1 }),
        "Summer bank holiday",
    );
}

/// Days with a date of their own. One that falls on a weekend moves to the next weekday that is free, after
/// those that need not move have taken their places.
fn fixed(nation: Nation, year: i16, holidays: &mut Vec<BankHoliday>) {
    let own: &[(i8, i8, &'static str)] = match nation {
        Nation::EnglandAndWales => &[],
        Nation::Scotland => &[(1, 2, "2nd January"), (11, 30, "St Andrew's Day")],
        Nation::NorthernIreland => &[
            (3, 17, "St Patrick's Day"),
            (7, 12, "Battle of the Boyne (Orangemen's Day)"),
        ],
    };
    let shared = [
        (1, 1, "New Year's Day"),
        (12, 25, "Christmas Day"),
        (12, 26, "Boxing Day"),
    ];
    let mut all: Vec<(Date, &'static str)> = shared
        .iter()
        .chain(own)
        .filter_map(|(month, number, name)| Some((day(year, *month, *number)?, *name)))
        .collect();
    all.sort_unstable_by_key(|(date, _)| *date);

    let (weekdays, weekends): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(date, _)| is_weekday(*date));
    holidays.extend(
        weekdays
            .into_iter()
            .map(|(date, name)| ordinary(date, name)),
    );
    for (date, name) in weekends {
        if let Some(date) = next_free_weekday(date, holidays) {
            holidays.push(BankHoliday {
                date,
                name,
                substitute: true,
            });
        }
    }
}

/// Days proclaimed for one year only.
fn proclaimed(nation: Nation, year: i16, holidays: &mut Vec<BankHoliday>) {
    let mut add = |month, number, name| {
        holidays.extend(day(year, month, number).map(|date| ordinary(date, name)))
    };
    match (year, nation) {
        (2022, _) => {
            add(6, 3, "Platinum Jubilee bank holiday");
            add(
                9,
                19,
                "Bank holiday for the State Funeral of Queen Elizabeth II",
            );
        }
        (2023, _) => add(5, 8, "Bank holiday for the coronation of King Charles III"),
        (2026, Nation::Scotland) => add(6, 15, "bank holiday by royal proclamation"),
        _ => {}
    }
}

fn ordinary(date: Date, name: &'static str) -> BankHoliday {
    BankHoliday {
        date,
        name,
        substitute: false,
    }
}

fn day(year: i16, month: i8, number: i8) -> Option<Date> {
    Date::new(year, month, number).ok()
}

/// The nth Monday of a month, counted from its end when negative.
fn monday(year: i16, month: i8, nth: i8) -> Option<Date> {
    day(year, month, 1)?
        .nth_weekday_of_month(nth, Weekday::Monday)
        .ok()
}

fn is_weekday(date: Date) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn next_free_weekday(date: Date, taken: &[BankHoliday]) -> Option<Date> {
    let mut next = date;
    while !is_weekday(next) || taken.iter().any(|holiday| holiday.date == next) {
        next = next.tomorrow().ok()?;
    }
    Some(next)
}

/// Easter by the Gregorian computus (Meeus, Jones and Butcher).
fn easter_sunday(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let golden = y % 19;
    let (century, year_of_century) = (y / 100, y % 100);
    let moon =
        (19 * golden + century - century / 4 - (century - (century + 8) / 25 + 1) / 3 + 15) % 30;
    let weekday =
        (32 + 2 * (century % 4) + 2 * (year_of_century / 4) - moon - year_of_century % 4) % 7;
    let correction = (golden + 11 * moon + 22 * weekday) / 451;
    let days = moon + weekday - 7 * correction + 114;
    day(
        year,
        i8::try_from(days / 31).ok()?,
        i8::try_from(days % 31 + 1).ok()?,
    )
}

#[cfg(test)]
mod tests;
