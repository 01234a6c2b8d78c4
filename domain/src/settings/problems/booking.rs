//! What is wrong with the settings of booking.

use super::{Found, longest_opening};
use crate::settings::Settings;

pub(super) fn problems(settings: &Settings, found: &mut Found) {
    let booking = &settings.booking;
    for (field, value, least, most) in [
        ("booking.slot_minutes", booking.slot_minutes, 5, 480),
        ("booking.notice_hours", booking.notice_hours, 0, 336),
        ("booking.horizon_days", booking.horizon_days, 1, 365),
        ("booking.buffer_minutes", booking.buffer_minutes, 0, 240),
        ("booking.capacity", booking.capacity, 1, 100),
    ] {
        found.within(field, value.into(), least, most);
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
