//! Settings of texts and of what is kept of calls on the lines at OpenPhone.

use serde::{Deserialize, Serialize};

use crate::phone::PhoneNumber;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Texts {
    /// E.164: the lines of the business at OpenPhone.
    pub numbers: Vec<String>,
    /// E.164 or OpenPhone's id (`PN…`): the line that texts are sent from.
    pub from: Option<String>,
    /// Besides the usual ones. A message that is one of these, and nothing else, is an opt-out.
    pub opt_out_words: Vec<String>,
    pub opt_in_words: Vec<String>,
    pub recordings: KeepRecordings,
    /// How long a recording is kept.
    pub recording_days: u16,
    /// A longer one is not fetched.
    pub recording_megabytes: u16,
}

coded_enum! {
    /// Whether the sound of calls and voicemails is fetched and kept.
    KeepRecordings {
        None = "none",
        /// Only what callers leave.
        Voicemails = "voicemails",
        All = "all",
    }
}

impl Texts {
    /// The lines as numbers; what is none is left out.
    pub fn lines(&self) -> Vec<PhoneNumber> {
        let lines = self.numbers.iter();
        lines
            .filter_map(|number| PhoneNumber::from_e164(number).ok())
            .collect()
    }
}

impl Default for Texts {
    fn default() -> Self {
        Texts {
            numbers: Vec::new(),
            from: None,
            opt_out_words: Vec::new(),
            opt_in_words: Vec::new(),
            recordings: KeepRecordings::All,
            recording_days: 90,
            recording_megabytes: 50,
        }
    }
}
