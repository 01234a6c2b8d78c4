//! A plan in plain words.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Adjustment, CALL_BEFORE_HOURS, PlanRequest, Schedule};
use crate::{
    Reason,
    hours::{Closed, Hours},
    settings::Window,
    zone,
};

/// Days named one by one between a closed instant and the next open one; the rest is summed up.
const DAYS_NAMED: i32 = 10;

/// An instant as a person there reads it: `Monday 29 March 2027, 09:00 (Europe/London)`.
pub fn local_words(instant: Timestamp, zone: &TimeZone) -> String {
    let local = zone.to_datetime(instant);
    let seconds = if local.second() == 0 { "" } else { ":%S" };
    let time = local
        .strftime(&format!("%A %-d %B %Y, %H:%M{seconds}"))
        .to_string();
    format!("{time} ({})", zone::name(zone))
}

/// Why nobody is called from `from` until `until`, the next open instant: each closed day, holiday and window.
pub fn wait_words(hours: &Hours, from: Timestamp, until: Timestamp) -> Vec<String> {
    let Some(closed) = hours.closed(from) else {
        return Vec::new();
    };
    let mut words = vec![closed_words(hours, &closed)];
    let last = closed.zone.to_datetime(until).date();
    let mut date = closed.date;
    for _ in 0..DAYS_NAMED {
        date = match date.tomorrow() {
            Ok(next) if next <= last => next,
            _ => break,
        };
        words.extend(closed_day_words(hours, date));
    }
    if hours.zones().len() > 1 {
        let zones: Vec<&str> = hours.zones().iter().map(zone::name).collect();
        words.push(format!("it must be open in all of {}", zones.join(", ")));
    }
    words
}

pub(super) fn reasons(
    request: &PlanRequest<'_>,
    hours: &Hours,
    schedule: &Schedule,
) -> Vec<String> {
    let zone = hours.first_zone();
    let mut words = Vec::with_capacity(4);
    words.extend(clamped_words(request));
    words.extend(twice_words(request.starts_at, zone));
    words.push(format!(
        "{} before the appointment on {} is {}",
        counted(request.hours_before().into(), "hour"),
        local_words(request.starts_at, zone),
        local_words(schedule.ideal_at, zone),
    ));
    match (schedule.planned, schedule.adjustment) {
        (None, _) => refusal(request, hours, schedule, &mut words),
        (Some(_), Adjustment::None) => words.push("that is inside the calling hours".to_owned()),
        (Some(planned), Adjustment::Late) => late(request, hours, planned, &mut words),
        (Some(planned), Adjustment::Forward) => {
            forward(request, hours, schedule, planned, &mut words)
        }
        (Some(planned), Adjustment::Backward) => {
            backward(request, hours, schedule, planned, &mut words)
        }
    }
    words
}

fn forward(
    request: &PlanRequest<'_>,
    hours: &Hours,
    schedule: &Schedule,
    planned: Timestamp,
    words: &mut Vec<String>,
) {
    let zone = hours.first_zone();
    words.extend(wait_words(hours, schedule.ideal_at, planned));
    let lead = lead_hours(request);
    if request.starts_at.duration_since(planned).as_secs() < i64::from(lead) * 3600 {
        words.push(format!(
            "no earlier time in the calling hours is left since the appointment became known on {}",
            local_words(request.known_at, zone)
        ));
    }
    words.push(format!(
        "moved forward to the first open time, {}",
        local_words(planned, zone)
    ));
}

fn backward(
    request: &PlanRequest<'_>,
    hours: &Hours,
    schedule: &Schedule,
    planned: Timestamp,
    words: &mut Vec<String>,
) {
    let zone = hours.first_zone();
    words.extend(wait_words(
        hours,
        schedule.ideal_at,
        schedule.forward.unwrap_or(request.starts_at),
    ));
    words.push(match schedule.forward {
        Some(forward) if forward > schedule.ideal_at => format!(
            "the next open time, {}, is less than {} before the appointment",
            local_words(forward, zone),
            counted(lead_hours(request).into(), "hour"),
        ),
        Some(_) => format!(
            "that is less than {} before the appointment",
            counted(lead_hours(request).into(), "hour")
        ),
        None => no_time_before_buffer(request),
    });
    words.push(format!(
        "moved backward to {}, the latest time at least {} before the calling hours end",
        local_words(planned, zone),
        counted(
            request.settings.reminders.last_start_minutes.max(1).into(),
            "minute"
        ),
    ));
}

fn late(request: &PlanRequest<'_>, hours: &Hours, planned: Timestamp, words: &mut Vec<String>) {
    let zone = hours.first_zone();
    words.push(known_too_late(request, zone));
    words.extend(wait_words(hours, request.known_at, planned));
    words.push(format!(
        "called at the first open time from then, {}",
        local_words(planned, zone)
    ));
}

fn refusal(request: &PlanRequest<'_>, hours: &Hours, schedule: &Schedule, words: &mut Vec<String>) {
    let zone = hours.first_zone();
    let is_late = schedule.adjustment == Adjustment::Late;
    match schedule.refused {
        Some(Reason::AppointmentPast) => words.push(format!(
            "the appointment was already past when it became known on {}",
            local_words(request.known_at, zone)
        )),
        Some(Reason::LateBooking) => {
            words.push(known_too_late(request, zone));
            words.push("late bookings are skipped".to_owned());
        }
        _ => {
            let from = if is_late {
                request.known_at
            } else {
                schedule.ideal_at
            };
            words.extend(is_late.then(|| known_too_late(request, zone)));
            words.extend(wait_words(hours, from, request.starts_at));
            words.push(no_time_before_buffer(request));
            words.extend((!is_late).then(|| {
                format!(
                    "no earlier time in the calling hours is left since the appointment became known on {}",
                    local_words(request.known_at, zone)
                )
            }));
        }
    }
}

fn known_too_late(request: &PlanRequest<'_>, zone: &TimeZone) -> String {
    format!(
        "the appointment became known only on {}",
        local_words(request.known_at, zone)
    )
}

fn no_time_before_buffer(request: &PlanRequest<'_>) -> String {
    match request.settings.reminders.appointment_buffer_hours {
        0 => "no open time is left before the appointment".to_owned(),
        buffer => format!(
            "no open time is left until {} before the appointment",
            counted(buffer.into(), "hour")
        ),
    }
}

fn clamped_words(request: &PlanRequest<'_>) -> Option<String> {
    let asked = request
        .call_before_hours
        .filter(|asked| !CALL_BEFORE_HOURS.contains(asked))?;
    Some(format!(
        "{} asked for, taken as {}",
        counted(asked.into(), "hour"),
        request.hours_before()
    ))
}

fn twice_words(starts_at: Timestamp, zone: &TimeZone) -> Option<String> {
    let which = if zone::first_of_two(starts_at, zone)? {
        "first"
    } else {
        "second"
    };
    let time = zone.to_datetime(starts_at).strftime("%H:%M");
    Some(format!(
        "the clocks of {} show {time} twice on that day; the appointment is at the {which}",
        zone::name(zone)
    ))
}

fn closed_words(hours: &Hours, closed: &Closed<'_>) -> String {
    closed_day_words(hours, closed.date).unwrap_or_else(|| {
        let windows: Vec<String> = hours
            .windows(closed.date)
            .iter()
            .map(Window::to_string)
            .collect();
        format!(
            "{} on {} is outside the calling hours of that day, {} ({})",
            closed.time.strftime("%H:%M"),
            day_words(closed.date),
            windows.join(", "),
            zone::name(closed.zone),
        )
    })
}

fn closed_day_words(hours: &Hours, date: Date) -> Option<String> {
    if hours.windows(date).is_empty() {
        return Some(format!("{} has no calling hours", day_words(date)));
    }
    let holiday = hours.holiday(date)?;
    Some(format!("{} is a holiday: {holiday}", day_words(date)))
}

fn day_words(date: Date) -> String {
    date.strftime("%A %-d %B %Y").to_string()
}

fn lead_hours(request: &PlanRequest<'_>) -> u16 {
    let reminders = &request.settings.reminders;
    reminders
        .minimum_lead_hours
        .max(reminders.appointment_buffer_hours)
}

fn counted(number: u32, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}
