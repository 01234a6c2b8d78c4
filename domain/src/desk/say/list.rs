//! Several things in one sentence.

use jiff::tz::TimeZone;

use crate::{
    slots::Slot,
    spoken::{self, Locale},
};

/// `a`, `a or b`, `a, b or c`.
pub(super) fn any_of(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The same for long items: `a`, `a; or b`, `a; b; or c`.
pub(super) fn either_of(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{}; or {last}", first.join("; ")),
    }
}

/// `Monday the 29th of March at 9:00 AM, 9:30 AM or 10:00 AM`: each day is named once.
pub(super) fn times(slots: &[Slot], zone: &TimeZone, locale: Locale) -> String {
    let locals: Vec<_> = slots
        .iter()
        .map(|slot| zone.to_datetime(slot.starts_at))
        .collect();
    let days: Vec<String> = locals
        .chunk_by(|one, other| one.date() == other.date())
        .filter_map(|of_day| {
            let day = spoken::day_and_date(of_day.first()?.date(), locale);
            let times: Vec<String> = of_day
                .iter()
                .map(|local| spoken::time(local.time()))
                .collect();
            Some(format!("{day} at {}", any_of(&times)))
        })
        .collect();
    either_of(&days)
}
