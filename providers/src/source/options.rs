//! What may be set for one source, kept as JSON with it. Everything has a default.

use std::{fmt, sync::LazyLock, time::Duration};

use http::HeaderName;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

use super::SourceKind;
use crate::vapi::Verifier;

/// The options of a source. An unknown field is an error, so that a slip of the hand is not a silent default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceOptions {
    /// How far a signed time may be from ours, either way: seconds, or `"off"`. Default: what ingress has,
    /// 300 s. Of use where a time is signed: `retell`, `openphone`, `quo`, `standard_webhooks`, and `vapi`
    /// with a `payload_format` that holds it. OpenPhone documents no window, and nobody knows whether it
    /// signs a retry afresh: if it does not, `"off"` keeps retries after a longer outage from being refused,
    /// and a webhook that somebody else repeats is still only a duplicate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp_tolerance_seconds: Option<Tolerance>,
    /// Where the sender reaches us, without `/hooks/…`: `https://hooks.example.org`. No default. Needed by
    /// `twilio`, whose signature covers the address as Twilio wrote it, and by `vapi` when its
    /// `payload_format` has `{url}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_base_url: Option<String>,
    /// How Vapi proves who it is. Default: `Authorization: Bearer <secret>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vapi: Option<Verifier>,
}

/// How far a signed time may be from ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tolerance {
    Seconds(u32),
    /// Any time will do.
    Off,
}

/// Options that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct OptionsProblem {
    /// The field's path, such as `vapi.hmac.payload_format`.
    pub field: String,
    pub problem: String,
}

impl OptionsProblem {
    pub(crate) fn new(field: &str, problem: impl fmt::Display) -> Self {
        Self {
            field: field.to_owned(),
            problem: problem.to_string(),
        }
    }
}

impl SourceOptions {
    /// Reads and checks the options of a source of this kind. What is wrong is told by its field.
    pub fn read(kind: SourceKind, json: serde_json::Value) -> Result<Self, OptionsProblem> {
        if !json.is_object() {
            return Err(OptionsProblem::new("options", "expected an object"));
        }
        let options: Self = serde_path_to_error::deserialize(json)
            .map_err(|error| OptionsProblem::new(&error.path().to_string(), error.inner()))?;
        options.check(kind)?;
        Ok(options)
    }

    /// Whether they make sense for a source of this kind.
    pub fn check(&self, kind: SourceKind) -> Result<(), OptionsProblem> {
        if self.vapi.is_some() && kind != SourceKind::Vapi {
            return Err(of_no_use("vapi", kind));
        }
        if let Some(verifier) = &self.vapi {
            verifier.check()?;
        }
        self.check_tolerance(kind)?;
        self.check_base_url(kind)
    }

    fn check_tolerance(&self, kind: SourceKind) -> Result<(), OptionsProblem> {
        let timed = match kind {
            SourceKind::Retell
            | SourceKind::OpenPhone
            | SourceKind::Quo
            | SourceKind::StandardWebhooks => true,
            SourceKind::Vapi => self.vapi_verifier().signs_time(),
            SourceKind::Twilio | SourceKind::Zoho | SourceKind::Agent => false,
        };
        match self.timestamp_tolerance_seconds {
            Some(_) if !timed => Err(of_no_use("timestamp_tolerance_seconds", kind)),
            _ => Ok(()),
        }
    }

    fn check_base_url(&self, kind: SourceKind) -> Result<(), OptionsProblem> {
        const FIELD: &str = "public_base_url";
        let needed = match kind {
            SourceKind::Twilio => true,
            SourceKind::Vapi => self.vapi_verifier().signs_url(),
            _ => false,
        };
        match &self.public_base_url {
            None if needed => Err(OptionsProblem::new(FIELD, "is needed")),
            // Zoho is told the address, and signs nothing.
            Some(_) if !needed && kind != SourceKind::Zoho => Err(of_no_use(FIELD, kind)),
            Some(url) if !is_base_url(url) => Err(OptionsProblem::new(
                FIELD,
                "expected an address like https://hooks.example.org, without query",
            )),
            Some(url) if ends_in_hooks(url) => Err(OptionsProblem::new(
                FIELD,
                "ends in /hooks, which is added to it: leave that off, as in https://hooks.example.org",
            )),
            _ => Ok(()),
        }
    }

    /// How far a signed time may be from ours, `None` for any; `default` when nothing is set.
    pub fn tolerance(&self, default: Duration) -> Option<Duration> {
        match self.timestamp_tolerance_seconds {
            None => Some(default),
            Some(Tolerance::Seconds(seconds)) => Some(Duration::from_secs(seconds.into())),
            Some(Tolerance::Off) => None,
        }
    }

    pub(crate) fn vapi_verifier(&self) -> &Verifier {
        static DEFAULT: LazyLock<Verifier> = LazyLock::new(Verifier::default);
        self.vapi.as_ref().unwrap_or(&DEFAULT)
    }

    /// A whole address, as its sender writes it; `None` when it is not known where that reaches us.
    pub fn public_url(&self, path_and_query: &str) -> Option<String> {
        let base = self.public_base_url.as_deref()?.trim_end_matches('/');
        Some(format!("{base}{path_and_query}"))
    }
}

fn of_no_use(field: &str, kind: SourceKind) -> OptionsProblem {
    OptionsProblem::new(
        field,
        format_args!(
            "is of no use with these options for a source of {}",
            kind.code()
        ),
    )
}

fn is_base_url(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'@');
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with(['/', ':']) && rest.bytes().all(plain)
    })
}

/// Every signature would be wrong with it.
fn ends_in_hooks(url: &str) -> bool {
    url.trim_end_matches('/').ends_with("/hooks")
}

/// Whether a text can be a header's name.
pub(crate) fn check_header_name(field: &str, name: &str) -> Result<(), OptionsProblem> {
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(_) => Ok(()),
        Err(_) => Err(OptionsProblem::new(field, "expected the name of a header")),
    }
}

impl Serialize for Tolerance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Seconds(seconds) => serializer.serialize_u32(*seconds),
            Self::Off => serializer.serialize_str("off"),
        }
    }
}

impl<'de> Deserialize<'de> for Tolerance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ToleranceVisitor)
    }
}

struct ToleranceVisitor;

impl Visitor<'_> for ToleranceVisitor {
    type Value = Tolerance;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds as a whole number, or \"off\"")
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Tolerance, E> {
        u32::try_from(seconds)
            .map(Tolerance::Seconds)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(seconds), &self))
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Tolerance, E> {
        u32::try_from(seconds)
            .map(Tolerance::Seconds)
            .map_err(|_| E::invalid_value(de::Unexpected::Signed(seconds), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Tolerance, E> {
        match text {
            "off" => Ok(Tolerance::Off),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
