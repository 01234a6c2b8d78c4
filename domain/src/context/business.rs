//! What is told about the tenant, out of its settings.

use super::BusinessFacts;
use crate::{country::Country, phone::PhoneNumber, settings::Settings, spoken::DayWindows};

/// The parts of a tenant's settings that people hear, in the form in which they are told.
pub struct Business<'a> {
    name: &'a str,
    country: Country,
    callback_number: Option<PhoneNumber>,
    hours: [DayWindows; 7],
}

impl<'a> Business<'a> {
    pub fn of(settings: &'a Settings) -> Self {
        let tenant = &settings.tenant;
        let callback_number = tenant
            .callback_number
            .as_deref()
            .or(settings.retell.from_number.as_deref());
        Self {
            name: &tenant.name,
            country: tenant.country(),
            callback_number: callback_number.and_then(|number| PhoneNumber::from_e164(number).ok()),
            hours: settings.hours.days().map(|(_, windows)| {
                windows
                    .iter()
                    .map(|window| (window.from(), window.to()))
                    .collect()
            }),
        }
    }

    pub fn facts(&self) -> BusinessFacts<'_> {
        BusinessFacts {
            name: self.name,
            country: self.country,
            callback_number: self.callback_number.as_ref(),
            hours: &self.hours,
        }
    }
}
