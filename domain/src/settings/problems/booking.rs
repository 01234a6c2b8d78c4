//! What is wrong with the settings of booking.

use super::{Found, longest_opening};
use crate::settings::{
    Settings,
    booking::{BUFFER_MINUTES, CAPACITY, HORIZON_DAYS, MOST_AHEAD, NOTICE_HOURS, SLOT_MINUTES},
};

pub(super) fn problems(settings: &Settings, found: &mut Found) {
    let booking = &settings.booking;
    for (field, value, (least, most)) in [
        ("slot_minutes", booking.slot_minutes, SLOT_MINUTES),
        ("notice_hours", booking.notice_hours, NOTICE_HOURS),
        ("horizon_days", booking.horizon_days, HORIZON_DAYS),
        ("buffer_minutes", booking.buffer_minutes, BUFFER_MINUTES),
        ("capacity", booking.capacity, CAPACITY),
        ("most_ahead", booking.most_ahead, MOST_AHEAD),
    ] {
        let field = format!("booking.{field}");
        found.within(&field, value.into(), least.into(), most.into());
    }
    let horizon_hours = u32::from(booking.horizon_days) * 24;
    if booking.horizon_days > 0 && u32::from(booking.notice_hours) >= horizon_hours {
        found.add(
            "booking.notice_hours",
            booking.notice_hours,
            format!(
                "leaves no time before horizon_days ({}) ends",
                booking.horizon_days
            ),
        );
    }
    let longest = longest_opening(&settings.hours);
    if booking.enabled && longest > 0 && longest < booking.slot_minutes.into() {
        found.add(
            "booking.slot_minutes",
            booking.slot_minutes,
            format!("the longest hours last {longest} minutes, so nothing could ever be booked"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::{Booking, Identify, Settings};

    fn fields(toml: &str) -> Vec<String> {
        let problems = Settings::from_toml(toml).err().unwrap_or_default();
        problems.into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn every_key_is_read() {
        let toml = r#"
            [booking]
            enabled = true
            slot_minutes = 45
            notice_hours = 24
            horizon_days = 90
            buffer_minutes = 10
            capacity = 3
            most_ahead = 4
            identify = "name_and_date"
        "#;
        let expected = Booking {
            enabled: true,
            slot_minutes: 45,
            notice_hours: 24,
            horizon_days: 90,
            buffer_minutes: 10,
            capacity: 3,
            most_ahead: 4,
            identify: Identify::NameAndDate,
        };
        assert_eq!(Settings::from_toml(toml).unwrap().booking, expected);
    }

    #[test]
    fn nobody_books_and_nothing_but_the_number_identifies_by_default() {
        let booking = Settings::from_toml("").unwrap().booking;
        assert!(!booking.enabled);
        assert_eq!(booking.identify, Identify::Number);
    }

    #[test]
    fn what_lies_beyond_the_limits_is_named() {
        for (line, is_valid) in [
            ("slot_minutes = 4", false),
            ("slot_minutes = 5", true),
            ("slot_minutes = 480", true),
            ("slot_minutes = 481", false),
            ("notice_hours = 0", true),
            ("notice_hours = 336", true),
            ("notice_hours = 337", false),
            ("notice_hours = -1", false),
            ("horizon_days = 0", false),
            ("horizon_days = 1", true),
            ("horizon_days = 365", true),
            ("horizon_days = 366", false),
            ("buffer_minutes = 240", true),
            ("buffer_minutes = 241", false),
            ("capacity = 0", false),
            ("capacity = 100", true),
            ("capacity = 101", false),
            ("identify = \"nothing\"", false),
            ("enabled = \"yes\"", false),
            ("colour = 1", false),
        ] {
            let key = line.split(' ').next().unwrap();
            let expected: &[String] = match is_valid {
                true => &[],
                false => &[format!("booking.{key}")],
            };
            assert_eq!(fields(&format!("[booking]\n{line}")), expected, "{line}");
        }
    }

    #[test]
    fn settings_that_could_never_book_are_refused() {
        let notice = "[booking]\nnotice_hours = 48\nhorizon_days = 2";
        assert_eq!(fields(notice), ["booking.notice_hours"]);
        let days =
            ["tuesday", "wednesday", "thursday", "friday"].map(|day| format!("{day} = []\n"));
        let short = format!("[hours]\nmonday = [\"09:00-09:45\"]\n{}", days.concat());
        let on = format!("{short}[booking]\nenabled = true\nslot_minutes = 60");
        assert_eq!(fields(&on), ["booking.slot_minutes"]);
        let off = format!("{short}[booking]\nslot_minutes = 60");
        assert!(fields(&off).is_empty());
    }
}
