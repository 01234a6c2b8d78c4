//! A shared token in a header, in clear: it proves the sender and says nothing of the body.

use std::borrow::Cow;

use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use subtle::Choice;

use crate::signature::{Proof, SignatureProblem, header, same_text};

const PREFIX: &str = "Bearer ";

/// The token a request came with.
pub(crate) struct Token<'a>(pub(crate) &'a str);

impl<'a> Token<'a> {
    /// Reads the token of a header; after `Bearer`, in any case, when the prefix is expected.
    pub(crate) fn from(
        headers: &'a HeaderMap,
        name: Cow<'static, str>,
        prefixed: bool,
    ) -> Result<Self, SignatureProblem> {
        let Some(value) = header(headers, &name) else {
            return Err(SignatureProblem::MissingHeader(name));
        };
        let token = match prefixed {
            true => without_prefix(value),
            false => Some(value),
        };
        match token.map(str::trim).filter(|token| !token.is_empty()) {
            Some(token) => Ok(Self(token)),
            None => Err(SignatureProblem::MalformedHeader {
                header: name,
                form: if prefixed {
                    "Bearer <token>"
                } else {
                    "<token>"
                }
                .into(),
            }),
        }
    }
}

fn without_prefix(value: &str) -> Option<&str> {
    let (prefix, token) = value.split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(token)
}

impl Proof for Token<'_> {
    fn age_ms(&self, _: i64) -> Option<i128> {
        None
    }

    fn made_with(&self, secret: &SecretString, _: &[u8]) -> Choice {
        same_text(self.0, secret.expose_secret())
    }

    fn covers_body(&self) -> bool {
        false
    }
}

/// The header's value with this token.
pub(crate) fn value(token: &SecretString, prefixed: bool) -> String {
    let prefix = if prefixed { PREFIX } else { "" };
    format!("{prefix}{}", token.expose_secret())
}
