//! Settings of booking: which times callers may be offered, and how a caller whose number tells nothing is identified.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Booking {
    /// Off: nobody is offered or given a time in a call; a colleague calls back.
    pub enabled: bool,
    /// An appointment may start so often, counted from each opening; also how long one lasts that names no length.
    pub slot_minutes: u16,
    /// Elapsed hours from now to the first time that is offered.
    pub notice_hours: u16,
    /// So many times 24 hours from now, nothing is offered any more.
    pub horizon_days: u16,
    /// Kept free between two appointments, and between one and what a calendar holds.
    pub buffer_minutes: u16,
    /// How many appointments at the same time.
    pub capacity: u16,
    /// Appointments to come of one person, from which on a call books no further one.
    pub most_ahead: u16,
    pub identify: Identify,
}

coded_enum! {
    /// What proves who is calling when the number does not.
    Identify {
        /// Nothing: only a number that belongs to one contact does.
        Number = "number",
        /// The full name, with the day and time of one of the person's appointments to come.
        NameAndTime = "name_and_time",
        /// The full name, with the day of one of the person's appointments to come.
        NameAndDate = "name_and_date",
    }
}

/// The least and the most that is permitted.
pub(crate) const SLOT_MINUTES: (u16, u16) = (5, 480);
pub(crate) const NOTICE_HOURS: (u16, u16) = (0, 336);
pub(crate) const HORIZON_DAYS: (u16, u16) = (1, 365);
pub(crate) const BUFFER_MINUTES: (u16, u16) = (0, 240);
pub(crate) const CAPACITY: (u16, u16) = (1, 100);
pub(crate) const MOST_AHEAD: (u16, u16) = (1, 100);

impl Booking {
    /// The same within the limits, as a reading of the settings guarantees anyway.
    pub(crate) fn limited(&self) -> Booking {
        let within = |value: u16, (least, most): (u16, u16)| value.clamp(least, most);
        Booking {
            slot_minutes: within(self.slot_minutes, SLOT_MINUTES),
            notice_hours: within(self.notice_hours, NOTICE_HOURS),
            horizon_days: within(self.horizon_days, HORIZON_DAYS),
            buffer_minutes: within(self.buffer_minutes, BUFFER_MINUTES),
            capacity: within(self.capacity, CAPACITY),
            most_ahead: within(self.most_ahead, MOST_AHEAD),
            ..*self
        }
    }

    /// How long an appointment takes, in minutes.
    pub fn minutes(&self, of_its_own: Option<u16>) -> u16 {
        let own = of_its_own.filter(|minutes| *minutes > 0);
        own.unwrap_or(self.slot_minutes).max(1)
    }
}

impl Default for Booking {
    fn default() -> Self {
        Booking {
            enabled: false,
            slot_minutes: 30,
            notice_hours: 2,
            horizon_days: 60,
            buffer_minutes: 0,
            capacity: 1,
            most_ahead: 10,
            identify: Identify::Number,
        }
    }
}
