//! Settings of how long things are kept.

use serde::{Deserialize, Serialize};

coded_enum! {
    /// What stored things are kept for the same length of time.
    DataClass {
        /// Webhooks as they came, with the tries to process them.
        Events = "events",
        Calls = "calls",
        /// With their reminders and the decisions on them.
        Appointments = "appointments",
        /// Texts, recordings, transcripts, and what was read out of them.
        Conversations = "conversations",
        /// Notes of callers, and calls that wait to be returned.
        Notes = "notes",
        Contacts = "contacts",
        /// What voice agents were told of callers.
        ContextLog = "context_log",
        /// What voice agents asked for in calls.
        Functions = "functions",
        /// Alerts with their messages, and checks of the line.
        Alerts = "alerts",
        /// Conversations of coding agents.
        Agents = "agents",
        /// Never by age: settings, keys, wishes not to be called, and what is in hand.
        Kept = "kept",
    }
}

/// Days after which a class is deleted; 0 keeps it for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Off: of what was said in calls only summaries are kept.
    pub keep_transcripts: bool,
    pub events_days: u16,
    pub calls_days: u16,
    pub appointments_days: u16,
    pub conversations_days: u16,
    pub notes_days: u16,
    pub contacts_days: u16,
    pub context_log_days: u16,
    pub functions_days: u16,
    pub alerts_days: u16,
    pub agents_days: u16,
}

/// The most that is permitted: ten years.
pub(crate) const MOST_DAYS: u16 = 3660;

impl Retention {
    /// Days after which rows of a class are deleted; `None` when they are kept for ever.
    pub fn days(&self, class: DataClass) -> Option<u16> {
        let days = match class {
            DataClass::Events => self.events_days,
            DataClass::Calls => self.calls_days,
            DataClass::Appointments => self.appointments_days,
            DataClass::Conversations => self.conversations_days,
            DataClass::Notes => self.notes_days,
            DataClass::Contacts => self.contacts_days,
            DataClass::ContextLog => self.context_log_days,
            DataClass::Functions => self.functions_days,
            DataClass::Alerts => self.alerts_days,
            DataClass::Agents => self.agents_days,
            DataClass::Kept => 0,
        };
        (days > 0).then_some(days)
    }
}

impl DataClass {
    /// The fewest days that are permitted. Senders repeat a webhook for days, which must be known for a repetition then;
    /// limits of dialing look a week back.
    pub(crate) const fn fewest_days(self) -> u16 {
        match self {
            Self::Events | Self::ContextLog | Self::Functions | Self::Alerts | Self::Agents => 7,
            Self::Calls | Self::Appointments | Self::Conversations | Self::Notes => 30,
            Self::Contacts | Self::Kept => 90,
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Retention {
            keep_transcripts: true,
            events_days: 90,
            calls_days: 730,
            appointments_days: 730,
            conversations_days: 730,
            notes_days: 730,
            contacts_days: 1095,
            context_log_days: 90,
            functions_days: 365,
            alerts_days: 365,
            agents_days: 365,
        }
    }
}
