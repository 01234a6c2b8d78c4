//! Ids that the CRM gives: texts, never numbers, as they have more digits than a float keeps.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest id, in bytes. The CRM's have 19 digits; the token of a page is longer.
const LONGEST_ID: usize = 64;
const LONGEST_TOKEN: usize = 4_096;

/// The text is no id: empty, too long, or with signs that no id has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an id")]
pub struct NotAnId;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $fits:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                if $fits(&text) { Ok(Self(text)) } else { Err(NotAnId) }
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// One record of the CRM: a person, a note, a call.
    RecordId, is_id
);
text_id!(
    /// One user of the CRM, an integration's own too.
    UserId, is_id
);
text_id!(
    /// One subscription to changes; its number is ours.
    ChannelId, is_number
);
text_id!(
    /// Where a list goes on. Good for a day.
    PageToken, is_token
);

fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// A positive 64-bit number without leading zeros.
fn is_number(text: &str) -> bool {
    !text.starts_with('0')
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<i64>().is_ok()
}

fn is_token(text: &str) -> bool {
    (1..=LONGEST_TOKEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_an_id_is_one() {
        for good in ["4876876000000123", "a_b-C"] {
            assert_eq!(good.parse::<RecordId>().unwrap().as_str(), good);
        }
        for bad in ["", "1 2", "1/2", "é", "1'--", &"1".repeat(65)] {
            assert_eq!(bad.parse::<RecordId>(), Err(NotAnId), "{bad}");
        }
        assert!("1000000068001".parse::<ChannelId>().is_ok());
        for bad in ["", "0", "01", "-1", "x", "9223372036854775808"] {
            assert_eq!(bad.parse::<ChannelId>(), Err(NotAnId), "{bad}");
        }
        assert!("a.b/c+d=".parse::<PageToken>().is_ok());
        assert!(" ".parse::<PageToken>().is_err());
    }
}
