//! Settings of inbound calls: the lines of the business, and what the agent who answers is told of the caller.

use serde::{Deserialize, Serialize};

use crate::phone::PhoneNumber;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Inbound {
    /// E.164: numbers of the business, besides `retell.from_number`.
    pub numbers: Vec<String>,
    /// Agents that answer, besides `retell.agent_id`.
    pub agent_ids: Vec<String>,
    /// E.164: numbers from which several people call. Nobody who calls from one is greeted by name.
    pub shared_numbers: Vec<String>,
    pub tell: Vec<Told>,
    /// The agent that takes the call instead of the number's own.
    pub override_agent_id: Option<String>,
}

coded_enum! {
    /// What the agent is told of a known caller.
    Told {
        Name = "name",
        /// The next appointments.
        Appointments = "appointments",
        /// When it was and what it was about.
        LastCall = "last_call",
        /// How the mood of the last calls develops; never in health mode.
        Sentiment = "sentiment",
        /// What is still open.
        Issues = "issues",
        /// Times that can be booked; told to every caller.
        FreeTimes = "free_times",
        /// Mail address, numbers and address; never in health mode, and neither are the following.
        Contact = "contact",
        /// What is remarked of the person, unless it is held back.
        Preferences = "preferences",
        /// The last appointments, and how they stand.
        PastAppointments = "past_appointments",
        /// The last calls: when, by whom, about what, with which outcome.
        Calls = "calls",
    }
}

impl Inbound {
    pub fn is_shared(&self, number: &PhoneNumber) -> bool {
        self.shared_numbers
            .iter()
            .any(|listed| listed == number.e164())
    }
}

impl Default for Inbound {
    fn default() -> Self {
        Inbound {
            numbers: Vec::new(),
            agent_ids: Vec::new(),
            shared_numbers: Vec::new(),
            tell: vec![
                Told::Name,
                Told::Appointments,
                Told::LastCall,
                Told::Issues,
                Told::FreeTimes,
            ],
            override_agent_id: None,
        }
    }
}
