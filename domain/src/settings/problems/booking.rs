//! What is wrong with the settings of booking.

use super::{Found, longest_opening};
use crate::settings::{
    Settings,
    booking::{BUFFER_MINUTES, CAPACITY, HORIZON_DAYS, NOTICE_HOURS, SLOT_MINUTES},
};

pub(super) fn problems(settings: &Settings, found: &mut Found) {
    let booking = &settings.booking;
    for (field, value, (least, most)) in [
        ("slot_minutes", booking.slot_minutes, SLOT_MINUTES),
        ("notice_hours", booking.notice_hours, NOTICE_HOURS),
        ("horizon_days", booking.horizon_days, HORIZON_DAYS),
        ("buffer_minutes", booking.buffer_minutes, BUFFER_MINUTES),
        ("capacity", booking.capacity, CAPACITY),
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
