//! What a reading was taken from.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::settings::{CalendarKind, Settings};

/// What a reading was taken from. A reading of anything else says nothing of the calendar that is set up now. Its id
/// may be a person's address, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub kind: CalendarKind,
    pub id: Option<String>,
    /// Of the tenant, in which a feed's times without a zone are read.
    pub zone: String,
    /// Which of the stored secrets, where there is one.
    pub secret: Option<Uuid>,
}

impl Origin {
    /// Of the calendar that is set up under a name; `secret` is the newest that is stored for it.
    pub fn of(settings: &Settings, name: &str, secret: Option<Uuid>) -> Option<Origin> {
        let source = settings.calendar.calendars.get(name)?;
        Some(Origin {
            kind: source.kind?,
            id: source.id.clone(),
            zone: settings.tenant.timezone.clone(),
            secret,
        })
    }
}
