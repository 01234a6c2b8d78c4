//! Hooks of coding agents: a bearer token, and an event as it is or in the envelope of `bellhop capture`.

mod hook;
mod outline;

use http::HeaderMap;
use secrecy::SecretString;

pub use hook::{Client, Hook, Says, read};
pub use outline::outline;

use crate::{
    bearer::{self, Token},
    signature::SignatureProblem,
};

/// The header that carries `Bearer <token>`.
pub const TOKEN_HEADER: &str = "authorization";

/// The header that carries the event's id.
pub const ID_HEADER: &str = "webhook-id";

/// What stands before a hook's name in an event's type.
pub const TYPE_PREFIX: &str = "agent.hook.";

pub(crate) fn bearer(headers: &HeaderMap) -> Result<Token<'_>, SignatureProblem> {
    Token::from(headers, TOKEN_HEADER.into(), true)
}

/// The value of [`TOKEN_HEADER`] with this token.
pub fn sign(token: &SecretString) -> String {
    bearer::value(token, true)
}

#[cfg(test)]
#[path = "webhook/tests.rs"]
mod tests;
