//! Typed ids. Each prints with a prefix (`apt_…`), sorts by creation time and refuses another kind's text.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text was not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id like {prefix}_0190…, got {text:?}")]
pub struct IdError {
    prefix: &'static str,
    text: String,
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, made of the current time and randomness (UUIDv7).
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|id| Uuid::try_parse(id).ok())
                    .map(Self)
                    .ok_or_else(|| IdError { prefix: $prefix, text: text.to_owned() })
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }
    };
}

typed_id!(
    /// One clinic (or other business), whose data must never mix with another's.
    TenantId, "tnt"
);
typed_id!(
    /// Something that was left for the people of a business.
    NoteId, "nte"
);
typed_id!(
    /// What is to be done for somebody whose call nobody answered.
    FollowUpId, "fup"
);
typed_id!(
    /// A person a tenant serves.
    ContactId, "con"
);
typed_id!(
    /// One appointment as we store it; the calendar's own id is its external id.
    AppointmentId, "apt"
);
typed_id!(
    /// One phone call, and for an outbound one the only attempt it serves.
    CallId, "cal"
);
typed_id!(
    /// One received webhook.
    EventId, "evt"
);
typed_id!(
    /// A webhook endpoint of a tenant.
    SourceId, "src"
);
typed_id!(
    /// Leave to ask how a tenant's calls go.
    TokenId, "tok"
);
typed_id!(
    /// One cause of trouble, for as long as it lasts.
    AlertId, "alr"
);
typed_id!(
    /// One message about trouble to one recipient.
    DeliveryId, "dlv"
);
typed_id!(
    /// One answer to a voice agent's question about a caller.
    ContextId, "ctx"
);
typed_id!(
    /// One time that two contacts were made one.
    MergeId, "mrg"
);
typed_id!(
    /// One calendar that a tenant has set up.
    CalendarId, "cld"
);
typed_id!(
    /// A text or call in a conversation.
    EntryId, "ent"
);
typed_id!(
    /// Words of a person that are read once.
    ExtractionId, "ext"
);
typed_id!(
    /// A value that waits for a person to approve it.
    ApprovalId, "apr"
);
typed_id!(
    /// A text of ours.
    TextId, "txt"
);
typed_id!(
    /// The sound of a call or voicemail.
    SoundId, "snd"
);
typed_id!(
    /// The recorded reason for dialing, waiting or refusing.
    DecisionId, "dec"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_own_text() {
        let id = AppointmentId::generate();
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn another_kind_of_id_is_refused() {
        let call = CallId::generate().to_string();
        assert!(call.parse::<AppointmentId>().is_err());
    }
}
