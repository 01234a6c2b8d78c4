//! Options under which a signature would fit: the address that Twilio knows, the credential that Vapi has.

use std::collections::BTreeSet;

use super::{Evidence, Finding, matching};
use crate::{
    signature::Algorithm,
    source::{Request, SourceKind, SourceOptions, proof, split_url},
    vapi::{Bearer, Encoding, Hmac, Verifier},
};

/// The option that holds the address.
pub(super) const URL: &str = "public_base_url";

/// Ports that stand before an ingress now and then.
const PORTS: &[&str] = &["443", "80", "8443", "8080", "8000", "5000", "3000"];

/// What the options should be for one of the secrets to fit.
pub(super) fn differing(evidence: &Evidence<'_>, request: &Request<'_>) -> Option<Finding> {
    match evidence.kind {
        SourceKind::Twilio => address(evidence, request),
        SourceKind::Vapi => verifier(evidence, request),
        _ => None,
    }
}

/// Tries the request with other options.
fn fits(
    evidence: &Evidence<'_>,
    request: &Request<'_>,
    options: &SourceOptions,
    option: &'static str,
    fits: &str,
) -> Option<Finding> {
    let proof = proof(evidence.kind, options, request).ok()?;
    let secret = matching(evidence, &*proof, evidence.body)?;
    Some(Finding::SettingDiffers {
        secret,
        option,
        fits: fits.to_owned(),
    })
}

fn address(evidence: &Evidence<'_>, request: &Request<'_>) -> Option<Finding> {
    let url = evidence.options.public_url(request.path_and_query)?;
    let mut others = addresses(&url, evidence.headers);
    others.sort_by_key(|(_, changes)| changes.len());
    others.iter().find_map(|(other, changes)| {
        let (base, path_and_query) = split_url(other)?;
        let options = SourceOptions {
            public_base_url: Some(base.to_owned()),
            ..evidence.options.clone()
        };
        let request = Request {
            path_and_query,
            ..*request
        };
        fits(evidence, &request, &options, URL, &changes.join(", "))
    })
}

/// A part of an address, and the words for its being another.
type Part = (String, Option<String>);

/// Other addresses of the same request, each with what is changed in it.
fn addresses(url: &str, headers: &[(String, String)]) -> Vec<(String, Vec<String>)> {
    let Some((base, path_and_query)) = split_url(url) else {
        return Vec::new();
    };
    let Some((scheme, authority)) = base.split_once("://") else {
        return Vec::new();
    };
    let mut others = Vec::new();
    for (scheme, scheme_change) in &schemes(scheme) {
        for (authority, authority_change) in &authorities(authority, headers) {
            for (rest, rest_change) in &rests(path_and_query) {
                let changes = [scheme_change, authority_change, rest_change];
                let changes = changes.into_iter().flatten().cloned().collect();
                others.push((format!("{scheme}://{authority}{rest}"), changes));
            }
        }
    }
    others
}

fn schemes(scheme: &str) -> Vec<Part> {
    let other = if scheme == "https" { "http" } else { "https" };
    vec![
        (scheme.to_owned(), None),
        (
            other.to_owned(),
            Some(format!("with {other}:// in place of {scheme}://")),
        ),
    ]
}

fn authorities(authority: &str, headers: &[(String, String)]) -> Vec<Part> {
    let mut parts = vec![(authority.to_owned(), None)];
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => authority,
    };
    for port in PORTS {
        parts.push((format!("{host}:{port}"), Some(format!("with port {port}"))));
    }
    for header in ["host", "x-forwarded-host", "x-original-host"] {
        let mut each = headers.iter();
        if let Some((_, value)) = each.find(|(name, _)| name.eq_ignore_ascii_case(header)) {
            parts.push((
                value.clone(),
                Some(format!("with the host of the {header} header")),
            ));
        }
    }
    parts
}

fn rests(path_and_query: &str) -> Vec<Part> {
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query, None),
    };
    let (turned, slash) = match path.strip_suffix('/') {
        Some(path) => (path.to_owned(), "without the / at the end of its path"),
        None => (format!("{path}/"), "with a / at the end of its path"),
    };
    let mut parts = vec![(path_and_query.to_owned(), None)];
    match query {
        Some(query) => {
            parts.push((format!("{turned}?{query}"), Some(slash.to_owned())));
            parts.push((path.to_owned(), Some("without its query".to_owned())));
            parts.push((turned, Some(format!("{slash} and without its query"))));
        }
        None => parts.push((turned, Some(slash.to_owned()))),
    }
    parts
}

fn verifier(evidence: &Evidence<'_>, request: &Request<'_>) -> Option<Finding> {
    let others = bearers(evidence).chain(hmacs(evidence.options.vapi_verifier()));
    others.into_iter().find_map(|(words, verifier)| {
        let options = SourceOptions {
            vapi: Some(verifier),
            ..evidence.options.clone()
        };
        fits(evidence, request, &options, "vapi", &words)
    })
}

/// The secret itself, in whichever header it stands.
fn bearers(evidence: &Evidence<'_>) -> impl Iterator<Item = (String, Verifier)> {
    let names: BTreeSet<String> = evidence
        .headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    names.into_iter().flat_map(|header_name| {
        [true, false].map(|bearer_prefix_enabled| {
            let prefix = if bearer_prefix_enabled {
                "after Bearer"
            } else {
                "without Bearer"
            };
            let words = format!("a bearer token in {header_name}, {prefix}");
            let bearer = Bearer {
                header_name: header_name.clone(),
                bearer_prefix_enabled,
            };
            (words, Verifier::Bearer(bearer))
        })
    })
}

/// Other ways to sign; from Vapi's own defaults when the source is set up for a token.
fn hmacs(verifier: &Verifier) -> Vec<(String, Verifier)> {
    let ours = match verifier {
        Verifier::Hmac(hmac) => hmac.clone(),
        Verifier::Bearer(_) => Hmac::default(),
    };
    let formats = [
        &ours.payload_format,
        "{timestamp}.{body}",
        "{body}",
        "{timestamp}{body}",
    ];
    let prefixes = [ours.signature_prefix.as_str(), "", "sha256=", "v1,"];
    let mut others = Vec::new();
    for payload_format in formats {
        for secret_is_base64 in [ours.secret_is_base64, !ours.secret_is_base64] {
            for signature_encoding in [Encoding::Hex, Encoding::Base64] {
                for (algorithm, prefix) in Algorithm::ALL
                    .into_iter()
                    .flat_map(|algorithm| prefixes.map(|prefix| (algorithm, prefix)))
                {
                    let hmac = Hmac {
                        payload_format: payload_format.to_owned(),
                        secret_is_base64,
                        signature_encoding,
                        algorithm,
                        signature_prefix: prefix.to_owned(),
                        ..ours.clone()
                    };
                    others.push((changes(verifier, &hmac), Verifier::Hmac(hmac)));
                }
            }
        }
    }
    others
}

/// What of the options is another.
fn changes(verifier: &Verifier, hmac: &Hmac) -> String {
    let Verifier::Hmac(ours) = verifier else {
        return "an HMAC signature (vapi.hmac)".to_owned();
    };
    let mut changes = Vec::new();
    if ours.payload_format != hmac.payload_format {
        changes.push(format!("payload_format {}", hmac.payload_format));
    }
    if ours.secret_is_base64 != hmac.secret_is_base64 {
        changes.push(format!("secret_is_base64 {}", hmac.secret_is_base64));
    }
    if ours.signature_encoding != hmac.signature_encoding {
        changes.push(format!(
            "signature_encoding {}",
            word(&hmac.signature_encoding)
        ));
    }
    if ours.algorithm != hmac.algorithm {
        changes.push(format!("algorithm {}", word(&hmac.algorithm)));
    }
    if ours.signature_prefix != hmac.signature_prefix {
        changes.push(format!("signature_prefix {:?}", hmac.signature_prefix));
    }
    changes.join(", ")
}

/// A setting's value as it is written in the options.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
