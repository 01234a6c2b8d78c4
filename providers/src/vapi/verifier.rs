//! How a Vapi account proves who it is: as its credential is set up, field by field under Vapi's own names.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::{Deserialize, Serialize};

use crate::{
    signature::{Algorithm, base64_key, digits, guessed_ms},
    source::{OptionsProblem, check_header_name},
};

/// What proves that a webhook is Vapi's. Of the credential's kinds OAuth2 is missing: its tokens would have
/// to be ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verifier {
    Bearer(Bearer),
    Hmac(Hmac),
}

/// A token in a header. The older `server.secret` is one too: `X-Vapi-Secret` without a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bearer {
    /// Default `authorization`.
    pub header_name: String,
    /// Whether `Bearer ` stands before the token. Default true.
    pub bearer_prefix_enabled: bool,
}

/// A signature over what `payload_format` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hmac {
    /// Whether the key is the secret's base64-decoded bytes and not its text. Default false.
    pub secret_is_base64: bool,
    /// Default `sha256`; `sha1` and `sha512` are the others.
    pub algorithm: Algorithm,
    /// Default `x-signature`.
    pub signature_header: String,
    /// Default `x-timestamp`. Read only when the format has `{timestamp}`: what is not signed proves nothing.
    pub timestamp_header: String,
    /// The header that `{svix-id}` stands for. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id_header: Option<String>,
    /// Default `{timestamp}.{body}`; `{method}`, `{url}` and `{svix-id}` are known too.
    pub payload_format: String,
    /// What stands before the signature, such as `sha256=` or `v1,`. Default nothing.
    pub signature_prefix: String,
    /// Default `hex`; `base64` is the other.
    pub signature_encoding: Encoding,
    /// Vapi does not say in what it counts. Default `auto`: by the number of digits.
    pub timestamp_unit: TimestampUnit,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    #[default]
    Hex,
    Base64,
}

/// What a timestamp header counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestampUnit {
    #[default]
    Auto,
    Seconds,
    Milliseconds,
}

impl Default for Verifier {
    fn default() -> Self {
        Self::Bearer(Bearer::default())
    }
}

impl Default for Bearer {
    fn default() -> Self {
        Self {
            header_name: "authorization".to_owned(),
            bearer_prefix_enabled: true,
        }
    }
}

impl Default for Hmac {
    fn default() -> Self {
        Self {
            secret_is_base64: false,
            algorithm: Algorithm::default(),
            signature_header: "x-signature".to_owned(),
            timestamp_header: "x-timestamp".to_owned(),
            message_id_header: None,
            payload_format: "{timestamp}.{body}".to_owned(),
            signature_prefix: String::new(),
            signature_encoding: Encoding::default(),
            timestamp_unit: TimestampUnit::default(),
        }
    }
}

impl Verifier {
    pub(crate) fn check(&self) -> Result<(), OptionsProblem> {
        match self {
            Self::Bearer(bearer) => {
                check_header_name("vapi.bearer.header_name", &bearer.header_name)
            }
            Self::Hmac(hmac) => hmac.check(),
        }
    }

    pub(crate) fn signs_time(&self) -> bool {
        self.signs(Part::Timestamp)
    }

    pub(crate) fn signs_url(&self) -> bool {
        self.signs(Part::Url)
    }

    fn signs(&self, part: Part<'_>) -> bool {
        matches!(self, Self::Hmac(hmac) if parts(&hmac.payload_format).any(|each| each == part))
    }

    /// Whether the text can be a secret at all.
    pub(crate) fn takes(&self, secret: &SecretString) -> bool {
        match self {
            Self::Bearer(_) => true,
            Self::Hmac(hmac) => hmac.key(secret).is_some(),
        }
    }
}

impl Hmac {
    fn check(&self) -> Result<(), OptionsProblem> {
        const FORMAT: &str = "vapi.hmac.payload_format";
        check_header_name("vapi.hmac.signature_header", &self.signature_header)?;
        check_header_name("vapi.hmac.timestamp_header", &self.timestamp_header)?;
        if let Some(name) = &self.message_id_header {
            check_header_name("vapi.hmac.message_id_header", name)?;
        }
        let has = |part| parts(&self.payload_format).any(|each| each == part);
        if !has(Part::Body) {
            let problem = "needs {body}: else the body could be anything";
            return Err(OptionsProblem::new(FORMAT, problem));
        }
        for part in parts(&self.payload_format) {
            if let Part::Unknown(name) = part {
                let problem = format_args!("{{{name}}} is not known");
                return Err(OptionsProblem::new(FORMAT, problem));
            }
        }
        if has(Part::MessageId) && self.message_id_header.is_none() {
            let problem = "is needed for {svix-id} in the payload_format";
            return Err(OptionsProblem::new("vapi.hmac.message_id_header", problem));
        }
        Ok(())
    }

    /// The key's bytes.
    pub(crate) fn key(&self, secret: &SecretString) -> Option<Zeroizing<Vec<u8>>> {
        match self.secret_is_base64 {
            true => base64_key(secret.expose_secret()),
            false => Some(Zeroizing::new(secret.expose_secret().as_bytes().to_vec())),
        }
    }

    /// The signature's bytes, when the text is one of this form.
    pub(crate) fn decoded(&self, text: &str) -> Option<Vec<u8>> {
        let text = text.strip_prefix(self.signature_prefix.as_str())?;
        let bytes = match self.signature_encoding {
            Encoding::Hex => hex::decode(text).ok(),
            Encoding::Base64 => BASE64.decode(text).ok(),
        };
        bytes.filter(|bytes| bytes.len() == self.algorithm.length())
    }

    pub(crate) fn encoded(&self, signature: &[u8]) -> String {
        let text = match self.signature_encoding {
            Encoding::Hex => hex::encode(signature),
            Encoding::Base64 => BASE64.encode(signature),
        };
        format!("{}{text}", self.signature_prefix)
    }

    /// A timestamp header's milliseconds since 1970.
    pub(crate) fn time_ms(&self, text: &str) -> Option<i64> {
        match self.timestamp_unit {
            TimestampUnit::Auto => guessed_ms(text),
            TimestampUnit::Seconds => digits(text)?.checked_mul(1000),
            TimestampUnit::Milliseconds => digits(text),
        }
    }
}

/// One part of a payload format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Text(&'a str),
    Body,
    Timestamp,
    Method,
    Url,
    MessageId,
    Unknown(&'a str),
}

/// The parts of a format in their order. Placeholders are found once and in the format alone: a body may
/// hold the text `{timestamp}`.
pub(crate) fn parts(format: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = format;
    std::iter::from_fn(move || {
        let (part, after) = first_part(rest)?;
        rest = after;
        Some(part)
    })
}

fn first_part(format: &str) -> Option<(Part<'_>, &str)> {
    if format.is_empty() {
        return None;
    }
    let Some(inside) = format.strip_prefix('{') else {
        let end = format.find('{').unwrap_or(format.len());
        let (text, rest) = format.split_at_checked(end)?;
        return Some((Part::Text(text), rest));
    };
    let Some((name, rest)) = inside.split_once('}') else {
        return Some((Part::Unknown(inside), ""));
    };
    let part = match name {
        "body" => Part::Body,
        "timestamp" => Part::Timestamp,
        "method" => Part::Method,
        "url" => Part::Url,
        "svix-id" => Part::MessageId,
        _ => Part::Unknown(name),
    };
    Some((part, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_read_part_by_part() {
        let read: Vec<_> = parts("{svix-id}.{timestamp}.{body}").collect();
        let dot = Part::Text(".");
        assert_eq!(
            read,
            [Part::MessageId, dot, Part::Timestamp, dot, Part::Body]
        );
        assert_eq!(parts("{x").collect::<Vec<_>>(), [Part::Unknown("x")]);
        assert_eq!(parts("").count(), 0);
    }
}
