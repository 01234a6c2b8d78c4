//! What the checks of all sources share: the reasons to refuse, and every secret tried in constant time.

use std::{borrow::Cow, time::Duration};

use base64::{
    Engine,
    alphabet::STANDARD as ALPHABET,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hmac::{Hmac, Mac, digest::KeyInit};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// Why a webhook was not accepted as its source's. For the operator's eyes: the caller is told nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureProblem {
    #[error("no secret is configured for this source")]
    NoSecret,
    /// The source cannot be verified before this option is set: our fault, not the sender's.
    #[error("the source's option `{0}` is not set")]
    MissingOption(&'static str),
    #[error("the {0} header is missing")]
    MissingHeader(Cow<'static, str>),
    #[error("the {header} header is not of the form {form}")]
    MalformedHeader {
        header: Cow<'static, str>,
        form: Cow<'static, str>,
    },
    /// Of a source that writes its token into the body.
    #[error("the body holds no token")]
    MissingToken,
    /// Positive when the signature is from the past.
    #[error("the signature's time is {off_by_ms} ms from now, beyond the tolerance")]
    OutsideTolerance { off_by_ms: i128 },
    #[error("no configured secret fits what the webhook proves itself with")]
    NoMatch,
}

impl SignatureProblem {
    /// A stable word for it: a metric's label, and what to search a log for.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSecret => "signature_no_secret",
            Self::MissingOption(_) => "source_option_missing",
            Self::MissingHeader(_) | Self::MissingToken => "signature_missing",
            Self::MalformedHeader { .. } => "signature_malformed",
            Self::OutsideTolerance { .. } => "signature_clock",
            Self::NoMatch => "signature_wrong",
        }
    }
}

/// A signature or token as a webhook carries it: read, but not yet compared with any secret.
pub(crate) trait Proof {
    /// Milliseconds from the signed time to now, negative when it lies ahead. `None` when no time is signed.
    fn age_ms(&self, now_ms: i64) -> Option<i128>;

    /// Whether this secret made it over this body, found out in constant time.
    fn made_with(&self, secret: &SecretString, body: &[u8]) -> Choice;

    /// Whether it would be another with another body. Tokens are not.
    fn covers_body(&self) -> bool {
        true
    }
}

/// The place of the secret that made the proof, when its time is within the tolerance (`None`: any time).
pub(crate) fn check(
    proof: &dyn Proof,
    body: &[u8],
    secrets: &[SecretString],
    now_ms: i64,
    tolerance: Option<Duration>,
) -> Result<usize, SignatureProblem> {
    if secrets.is_empty() {
        return Err(SignatureProblem::NoSecret);
    }
    match (proof.age_ms(now_ms), tolerance) {
        (Some(off_by_ms), Some(tolerance)) if off_by_ms.unsigned_abs() > tolerance.as_millis() => {
            Err(SignatureProblem::OutsideTolerance { off_by_ms })
        }
        _ => matching(proof, body, secrets).ok_or(SignatureProblem::NoMatch),
    }
}

/// The place of the first secret that made the proof. All are tried whichever matches, so that neither the
/// time taken nor the order tells anything. An empty secret is none: anybody could sign with it.
pub(crate) fn matching(proof: &dyn Proof, body: &[u8], secrets: &[SecretString]) -> Option<usize> {
    let mut found = Choice::from(0);
    let mut place = 0u64;
    for (index, secret) in (0u64..).zip(secrets) {
        let usable = Choice::from(u8::from(!secret.expose_secret().is_empty()));
        let matches = proof.made_with(secret, body) & usable;
        place.conditional_assign(&index, matches & !found);
        found |= matches;
    }
    bool::from(found)
        .then(|| usize::try_from(place).ok())
        .flatten()
}

/// The header as text. What is no text becomes a character that no signature holds, so that it counts as
/// malformed and not as missing.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get(name)
        .map(|value| value.to_str().unwrap_or("\u{fffd}"))
}

/// The same, or the problem that it is missing.
pub(crate) fn required<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
) -> Result<&'a str, SignatureProblem> {
    header(headers, name).ok_or(SignatureProblem::MissingHeader(name.into()))
}

/// A number written in digits alone: no sign, no point, no space.
pub(crate) fn digits(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Milliseconds from one instant to another, both in milliseconds since 1970.
pub(crate) fn between(then_ms: i64, now_ms: i64) -> i128 {
    i128::from(now_ms) - i128::from(then_ms)
}

/// Fewest digits of a time that is in milliseconds: twelve reach back to 1973, and as seconds they lie
/// thousands of years ahead.
const MILLISECOND_DIGITS: usize = 12;

/// A time in digits as milliseconds since 1970, taken for seconds or milliseconds by its length.
pub(crate) fn guessed_ms(text: &str) -> Option<i64> {
    let number = digits(text)?;
    match text.len() < MILLISECOND_DIGITS {
        true => number.checked_mul(1000),
        false => Some(number),
    }
}

/// The hash under an HMAC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    Sha1,
    #[default]
    Sha256,
    Sha512,
}

impl Algorithm {
    pub const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    /// Bytes of its result.
    pub fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The HMAC of the parts one after the other.
    pub(crate) fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Sha1 => code::<Hmac<Sha1>>(key, parts),
            Self::Sha256 => code::<Hmac<Sha256>>(key, parts),
            Self::Sha512 => code::<Hmac<Sha512>>(key, parts),
        }
    }

    /// Whether the HMAC is the one given, in constant time.
    pub(crate) fn gives(self, key: &[u8], parts: &[&[u8]], expected: &[u8]) -> Choice {
        let code = self.hmac(key, parts);
        code.ct_eq(expected) & Choice::from(u8::from(!code.is_empty()))
    }
}

/// HMAC takes a key of any length; if it ever refused one, the empty code would match nothing.
fn code<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let Ok(mut mac) = <M as Mac>::new_from_slice(key) else {
        return Vec::new();
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// Whether two texts are the same, in a time that tells nothing of either, not even its length.
pub(crate) fn same_text(left: &str, right: &str) -> Choice {
    Sha256::digest(left).ct_eq(&Sha256::digest(right))
}

/// Base64 as people store it: padded or not.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The bytes of a key that is kept as base64; `None` when it is not, or is empty.
pub(crate) fn base64_key(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let key = Zeroizing::new(FORGIVING.decode(text).ok()?);
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Echo;

    impl Proof for Echo {
        fn age_ms(&self, _: i64) -> Option<i128> {
            None
        }

        fn made_with(&self, secret: &SecretString, body: &[u8]) -> Choice {
            secret.expose_secret().as_bytes().ct_eq(body)
        }
    }

    fn secrets(texts: &[&str]) -> Vec<SecretString> {
        texts.iter().map(|text| (*text).into()).collect()
    }

    #[test]
    fn the_first_of_the_secrets_that_fit_is_named() {
        for (texts, place) in [
            (&["a", "b"][..], Some(0)),
            (&["b", "a"], Some(1)),
            (&["b", "a", "a"], Some(1)),
            (&["b"], None),
            (&[], None),
        ] {
            assert_eq!(matching(&Echo, b"a", &secrets(texts)), place, "{texts:?}");
        }
    }

    #[test]
    fn an_empty_secret_fits_nothing() {
        assert_eq!(matching(&Echo, b"", &secrets(&[""])), None);
        assert_eq!(
            check(&Echo, b"", &[], 0, None),
            Err(SignatureProblem::NoSecret)
        );
    }

    #[test]
    fn a_time_is_seconds_or_milliseconds_by_its_length() {
        for (text, expected) in [
            ("1767225600", Some(1_767_225_600_000)),
            ("1767225600000", Some(1_767_225_600_000)),
            ("0", Some(0)),
            ("", None),
            ("-1", None),
            ("+1", None),
            (" 1", None),
            ("1.0", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(guessed_ms(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_key_is_read_with_and_without_padding_and_never_empty() {
        assert_eq!(base64_key("YWI=").as_deref(), Some(&b"ab".to_vec()));
        assert_eq!(base64_key("YWI").as_deref(), Some(&b"ab".to_vec()));
        for text in ["", "=", "whsec_YWI=", "not base64!"] {
            assert!(base64_key(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn each_algorithm_gives_a_code_of_its_length() {
        for algorithm in Algorithm::ALL {
            let code = algorithm.hmac(b"key", &[b"a", b"b"]);
            assert_eq!(code.len(), algorithm.length());
            assert_eq!(code, algorithm.hmac(b"key", &[b"ab"]));
            assert!(bool::from(algorithm.gives(b"key", &[b"ab"], &code)));
            assert!(!bool::from(algorithm.gives(b"key", &[b"ab"], b"")));
        }
    }
}
