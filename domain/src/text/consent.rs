//! Whether a person wants texts: the words that say so, and what holds after all of them (TEXT-4).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{context::privacy, settings::Texts};

/// The words carriers know, in English and French, and phrases that mean nothing else. As a whole message only.
const OPT_OUT: &[&str] = &[
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "end",
    "quit",
    "cancel",
    "revoke",
    "optout",
    "opt out",
    "arret",
    "arreter",
    "please stop",
    "stop please",
    "stop texting",
    "stop texting me",
    "stop messaging me",
    "stop contacting me",
    "please stop texting me",
    "do not text me",
    "dont text me",
    "please dont text me",
    "remove me",
];

const OPT_IN: &[&str] = &["start", "unstop", "subscribe", "optin", "opt in", "resume"];

const HELP: &[&str] = &["help", "info", "aide"];

/// Longer messages are no keyword, whatever they hold.
const LONGEST_KEYWORD: usize = 64;

coded_enum! {
    /// What a message says that consists of nothing else.
    Keyword {
        OptOut = "opt_out",
        OptIn = "opt_in",
        Help = "help",
    }
}

/// The keyword that the message is, if it is one: without regard to case, accents and punctuation, and as a whole.
/// "Please cancel my appointment" is none.
pub fn keyword(message: &str, settings: &Texts) -> Option<Keyword> {
    if message.len() > LONGEST_KEYWORD * 4 {
        return None;
    }
    let words = bare(message);
    let is_one_of = |known: &[&str], own: &[String]| {
        known.contains(&words.as_str()) || own.iter().any(|word| bare(word) == words)
    };
    match () {
        () if words.is_empty() || words.len() > LONGEST_KEYWORD => None,
        // What could be either is taken for the graver.
        () if is_one_of(OPT_OUT, &settings.opt_out_words) => Some(Keyword::OptOut),
        () if is_one_of(OPT_IN, &settings.opt_in_words) => Some(Keyword::OptIn),
        () if is_one_of(HELP, &[]) => Some(Keyword::Help),
        () => None,
    }
}

/// `S.T.O.P!` and ` Stop ` are `stop`; `Opt-Out` is `opt out`.
fn bare(message: &str) -> String {
    privacy::words(message).join(" ")
}

/// A person's word, and when it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Choice {
    pub at: Timestamp,
    /// At the same instant this is the greater, so that it counts.
    pub opted_out: bool,
}

/// What is known of a person's wish. The newest word by text counts; what was said elsewhere (in a call, to a colleague,
/// in the CRM) is not taken back by a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TextConsent {
    pub by_text: Option<Choice>,
    pub opted_out_elsewhere: Option<Timestamp>,
}

impl TextConsent {
    /// Adds a keyword that was heard. Any order, and any number of times, comes to the same.
    pub fn heard(&mut self, at: Timestamp, keyword: Keyword) {
        let choice = match keyword {
            Keyword::OptOut => Choice {
                at,
                opted_out: true,
            },
            Keyword::OptIn => Choice {
                at,
                opted_out: false,
            },
            Keyword::Help => return,
        };
        self.by_text = self.by_text.max(Some(choice));
    }

    /// Since when no text may be sent; `None` when texts may be sent.
    pub fn opted_out_since(&self) -> Option<Timestamp> {
        let by_text = self.by_text.filter(|choice| choice.opted_out);
        match (by_text, self.opted_out_elsewhere) {
            (Some(choice), Some(elsewhere)) => Some(choice.at.min(elsewhere)),
            (choice, elsewhere) => choice.map(|choice| choice.at).or(elsewhere),
        }
    }
}
