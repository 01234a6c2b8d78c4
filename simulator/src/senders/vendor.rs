//! Who sends, how they prove who they are, and how often they try.

use crate::sign::Hash;

/// Whose webhooks a source sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vendor {
    /// Events of calls and chats that nobody has heard of.
    Retell,
    Vapi(VapiAuth),
    /// The webhooks from before OpenPhone became Quo.
    OpenPhone,
    Quo,
    /// Anybody who signs as Standard Webhooks says.
    Standard(HeaderFamily),
    /// Status callbacks of text messages.
    Twilio,
    /// Change notifications of a channel.
    Zoho {
        channel_id: String,
    },
    /// Hooks of a coding agent, as a capture client posts them.
    Agent(AgentAuth),
}

/// How headers of Standard Webhooks are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderFamily {
    Webhook,
    Svix,
}

/// How coding-agent hooks are authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentAuth {
    /// `Authorization: Bearer <secret>`, with the event's id as `webhook-id`.
    Bearer,
    /// Signed as Standard Webhooks says.
    Signed,
}

/// How Vapi is set up to prove itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VapiAuth {
    /// The secret in a header, in clear: `X-Vapi-Secret`, or `Authorization` with `Bearer`.
    Header {
        name: String,
        bearer: bool,
    },
    Hmac(VapiHmac),
}

impl Default for VapiAuth {
    fn default() -> Self {
        Self::Header {
            name: "authorization".into(),
            bearer: true,
        }
    }
}

/// Vapi's HMAC credential, setting by setting, with Vapi's defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VapiHmac {
    pub secret_is_base64: bool,
    pub algorithm: Hash,
    pub signature_header: String,
    pub timestamp_header: String,
    pub include_timestamp: bool,
    /// With the placeholders `{body}`, `{timestamp}`, `{method}`, `{url}` and `{svix-id}`.
    pub payload_format: String,
    pub signature_prefix: String,
    pub encoding: Encoding,
    /// The header of the delivery's id, if one is sent.
    pub message_id_header: Option<String>,
    /// The time is in seconds, or in milliseconds: the vendor does not say.
    pub milliseconds: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Hex,
    Base64,
}

impl Default for VapiHmac {
    fn default() -> Self {
        Self {
            secret_is_base64: false,
            algorithm: Hash::Sha256,
            signature_header: "x-signature".into(),
            timestamp_header: "x-timestamp".into(),
            include_timestamp: true,
            payload_format: "{timestamp}.{body}".into(),
            signature_prefix: String::new(),
            encoding: Encoding::Hex,
            message_id_header: None,
            milliseconds: false,
        }
    }
}

impl VapiHmac {
    /// The set-up that a verifier of Standard Webhooks accepts, with a base64 secret.
    pub fn as_standard_webhooks() -> Self {
        Self {
            secret_is_base64: true,
            signature_header: "svix-signature".into(),
            timestamp_header: "svix-timestamp".into(),
            payload_format: "{svix-id}.{timestamp}.{body}".into(),
            signature_prefix: "v1,".into(),
            encoding: Encoding::Base64,
            message_id_header: Some("svix-id".into()),
            ..Self::default()
        }
    }
}

/// How often a vendor tries, and how long it waits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rule {
    /// Seconds before each further try.
    pub(super) pauses: &'static [f64],
    pub(super) timeout_seconds: f64,
    pub(super) heeds_retry_after: bool,
    /// 410 ends it.
    pub(super) gives_up_when_gone: bool,
}

impl Vendor {
    /// How it is called in scenarios and ledgers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Retell => "retell",
            Self::Vapi(_) => "vapi",
            Self::OpenPhone => "openphone",
            Self::Quo => "quo",
            Self::Standard(_) => "standard_webhooks",
            Self::Twilio => "twilio",
            Self::Zoho { .. } => "zoho",
            Self::Agent(_) => "agent",
        }
    }

    /// The vendor of a code, with its usual way of proving itself.
    pub fn from_code(code: &str) -> Option<Self> {
        Some(match code {
            "retell" => Self::Retell,
            "vapi" => Self::Vapi(VapiAuth::default()),
            "openphone" => Self::OpenPhone,
            "quo" => Self::Quo,
            "standard_webhooks" => Self::Standard(HeaderFamily::Webhook),
            "twilio" => Self::Twilio,
            "zoho" => Self::Zoho {
                channel_id: "1000000068001".into(),
            },
            "agent" => Self::Agent(AgentAuth::Bearer),
            _ => return None,
        })
    }

    /// Every code.
    pub const CODES: [&'static str; 8] = [
        "retell",
        "vapi",
        "openphone",
        "quo",
        "standard_webhooks",
        "twilio",
        "zoho",
        "agent",
    ];

    pub(super) fn rule(&self) -> Rule {
        let rule = Rule {
            pauses: &[],
            timeout_seconds: 10.0,
            heeds_retry_after: false,
            gives_up_when_gone: false,
        };
        match self {
            // Three retries; their spacing is not documented.
            Self::Retell => Rule {
                pauses: &[1.0, 2.0, 4.0],
                ..rule
            },
            // None unless a backoff plan is set up.
            Self::Vapi(_) => Rule {
                timeout_seconds: 20.0,
                ..rule
            },
            // "Exponential, up to three days", without the numbers.
            Self::OpenPhone => Rule {
                pauses: &[
                    10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0, 2560.0, 5120.0, 10240.0,
                    20480.0, 40960.0, 81920.0,
                ],
                ..rule
            },
            Self::Quo => Rule {
                pauses: &[5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 36000.0],
                ..rule
            },
            Self::Standard(_) => Rule {
                pauses: &[
                    5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0,
                ],
                timeout_seconds: 15.0,
                heeds_retry_after: true,
                gives_up_when_gone: true,
            },
            Self::Twilio => Rule {
                timeout_seconds: 15.0,
                ..rule
            },
            // Not documented: the least is assumed.
            Self::Zoho { .. } => rule,
            // Three quick tries, then the client's queue.
            Self::Agent(_) => Rule {
                pauses: &[0.2, 0.4, 60.0, 300.0, 900.0, 3600.0, 7200.0],
                heeds_retry_after: true,
                gives_up_when_gone: true,
                ..rule
            },
        }
    }

    /// Whether a change of the body spoils the proof.
    pub(super) fn signs_body(&self) -> bool {
        match self {
            Self::Vapi(VapiAuth::Header { .. })
            | Self::Zoho { .. }
            | Self::Agent(AgentAuth::Bearer) => false,
            Self::Vapi(VapiAuth::Hmac(hmac)) => hmac.payload_format.contains("{body}"),
            _ => true,
        }
    }

    /// Whether the proof holds a time.
    pub(super) fn signs_time(&self) -> bool {
        match self {
            Self::Vapi(VapiAuth::Hmac(hmac)) => {
                hmac.include_timestamp && hmac.payload_format.contains("{timestamp}")
            }
            Self::Retell | Self::OpenPhone | Self::Quo | Self::Standard(_) => true,
            Self::Agent(auth) => *auth == AgentAuth::Signed,
            Self::Vapi(VapiAuth::Header { .. }) | Self::Twilio | Self::Zoho { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_names_its_vendor() {
        for code in Vendor::CODES {
            assert_eq!(
                Vendor::from_code(code).map(|vendor| vendor.code()),
                Some(code)
            );
        }
        assert_eq!(Vendor::from_code("vonage"), None);
    }
}
