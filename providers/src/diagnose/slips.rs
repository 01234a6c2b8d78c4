//! What goes wrong when a secret is copied, and how to take it back.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use secrecy::{ExposeSecret, SecretString};

use super::{Evidence, Secret, matching};
use crate::{signature::Proof, source::SourceKind, standard_webhooks::webhook::SECRET_PREFIX};

/// A secret that fits once a usual slip of the hand is taken back.
pub(super) fn mistyped(
    evidence: &Evidence<'_>,
    proof: &dyn Proof,
) -> Option<(Secret, &'static str)> {
    slips(evidence.kind).find_map(|(slip, corrected)| {
        let correct = |secrets: &[SecretString]| -> Vec<SecretString> {
            secrets
                .iter()
                .map(|secret| corrected(secret.expose_secret()).into())
                .collect()
        };
        let (secrets, retired) = (correct(evidence.secrets), correct(evidence.retired));
        let corrected = Evidence {
            secrets: &secrets,
            retired: &retired,
            ..*evidence
        };
        matching(&corrected, proof, evidence.body).map(|secret| (secret, *slip))
    })
}

/// Words for a slip, and the secret without it; an empty text fits nothing.
type Slip = (&'static str, fn(&str) -> String);

fn slips(kind: SourceKind) -> impl Iterator<Item = &'static Slip> {
    let of_kind = match kind {
        SourceKind::Retell => OF_RETELL,
        SourceKind::Quo | SourceKind::StandardWebhooks => OF_STANDARD_WEBHOOKS,
        SourceKind::OpenPhone => OF_OPENPHONE,
        // Whether Vapi's secret is text or base64 is an option, and tried with the others.
        SourceKind::Vapi | SourceKind::Twilio | SourceKind::Zoho | SourceKind::Agent => &[],
    };
    OF_ALL.iter().chain(of_kind)
}

const OF_ALL: &[Slip] = &[
    ("has white space around it", |secret| {
        secret.trim().to_owned()
    }),
    ("has quotation marks around it", |secret| {
        secret.trim().trim_matches(['"', '\'', '`']).to_owned()
    }),
    ("starts with the word Bearer", |secret| {
        secret.trim().trim_start_matches("Bearer").trim().to_owned()
    }),
];

const OF_RETELL: &[Slip] = &[
    ("lacks its start, key_", |secret| format!("key_{secret}")),
    ("starts with key_, which does not belong to it", |secret| {
        secret.strip_prefix("key_").unwrap_or(secret).to_owned()
    }),
];

const OF_STANDARD_WEBHOOKS: &[Slip] = &[
    ("starts with whsec_ twice", |secret| {
        without_prefix(secret).to_owned()
    }),
    (
        "is used by the sender as it is, and not decoded from base64",
        |secret| BASE64.encode(secret),
    ),
    (
        "is used by the sender without whsec_, and not decoded from base64",
        |secret| BASE64.encode(without_prefix(secret)),
    ),
    ("is base64 of the URL-safe kind", |secret| {
        standard_alphabet(without_prefix(secret))
    }),
    ("is written in hex, not in base64", |secret| {
        from_hex(without_prefix(secret))
    }),
];

const OF_OPENPHONE: &[Slip] = &[
    (
        "starts with whsec_, which does not belong to it",
        |secret| without_prefix(secret).to_owned(),
    ),
    (
        "is used by the sender as it is, and not decoded from base64",
        |secret| BASE64.encode(secret),
    ),
    ("is base64 of the URL-safe kind", standard_alphabet),
    ("is written in hex, not in base64", from_hex),
];

fn without_prefix(secret: &str) -> &str {
    secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret)
}

fn standard_alphabet(secret: &str) -> String {
    secret.replace('-', "+").replace('_', "/")
}

fn from_hex(secret: &str) -> String {
    hex::decode(secret).map_or_else(|_| String::new(), |bytes| BASE64.encode(bytes))
}
