//! Secrets leave before an event is written anywhere.

use std::borrow::Cow;

use regex::{Captures, Regex};
use secrecy::{ExposeSecret, SecretString};

use crate::strings::{self, Value};

const REPLACEMENT: &str = "[REDACTED]";

/// A PEM private key; a cut one goes on to the text's end.
const PEM: &str = r"-----BEGIN\x20[A-Z0-9\x20]{0,40}PRIVATE\x20KEY(?:\x20BLOCK)?-----
    (?s:.*?) (?: -----END\x20[A-Z0-9\x20]{0,40}PRIVATE\x20KEY(?:\x20BLOCK)?----- | \z )";

/// Tokens that are known by how they look.
const TOKENS: &str = r"(?-u:\b) (?:
      sk-[A-Za-z0-9_-]{16,}
    | [srp]k_(?:live|test)_[A-Za-z0-9]{10,}
    | gh[pousr]_[A-Za-z0-9]{20,}
    | github_pat_[A-Za-z0-9_]{20,}
    | glpat-[A-Za-z0-9_-]{16,}
    | xox[a-z]-[A-Za-z0-9-]{10,}
    | xapp-[A-Za-z0-9-]{10,}
    | (?:AKIA|ASIA)[A-Z0-9]{16,}
    | AIza[A-Za-z0-9_-]{35,}
    | ya29\.[A-Za-z0-9_-]{20,}
    | whsec_[A-Za-z0-9+/=_-]{16,}
    | npm_[A-Za-z0-9]{30,}
    | hf_[A-Za-z0-9]{30,}
    | eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*
    )";

/// What is kept, and the secret behind it. `PEM` stands for the pattern above.
const NAMED: [(&str, &str); 9] = [
    // Authorization: Bearer …, also as a field of JSON inside a string.
    (
        r#"(?i-u: (?:proxy-)?authorization \\*["']? [\x20\t]* [:=] [\x20\t]* \\*["']?
            (?: (?:bearer|basic|token) [\x20\t]+ )? )"#,
        r#"[^\r\n"'\\\x20\t] [^\r\n"'\\]*"#,
    ),
    (r"(?i-u: \b bearer [\x20\t]+ )", r"[A-Za-z0-9._~+/=-]{20,}"),
    // API_KEY="…", API_KEY='…', API_KEY=\"…\", API_KEY=…
    (
        r#"(?-u:\b) ENVIRONMENT = ""#,
        r#"(?: PEM | [^"\\\r\n] | \\. )+"#,
    ),
    (r"(?-u:\b) ENVIRONMENT = '", r"(?: PEM | [^'\r\n] )+"),
    (
        r#"(?-u:\b) ENVIRONMENT = \\+["']"#,
        r#"(?: PEM | [^"'\\\r\n] )+"#,
    ),
    (
        r"(?-u:\b) ENVIRONMENT =",
        r#"(?: PEM | [^\x20\t\r\n"'`;&|\\]+ )"#,
    ),
    // A field of JSON inside a string.
    (
        r#"(?i-u: \\*["'] [A-Za-z0-9_.-]*
            (?: secret | token | password | passwd | api[_-]?key | access[_-]?key | private[_-]?key )
            \\*["'] [\x20\t]* : [\x20\t]* \\*["'] )"#,
        r#"(?: PEM | [^"'\\] | \\[^"'] )+"#,
    ),
    (
        r"(?i-u: \b aws_(?:secret_access_key|session_token) [\x20\t]* [=:] [\x20\t]* )",
        r#"[^\x20\t\r\n"'\\]+"#,
    ),
    (
        r"(?i-u: [?&] (?:access_token|refresh_token|token|api_?key|key|secret|client_secret|password|sig|signature) = )",
        r#"[^\x20\t\r\n"'&\#\\]+"#,
    ),
];

/// The name of an environment variable that holds a secret.
const ENVIRONMENT: &str =
    "[A-Z0-9_]* (?: SECRET | TOKEN | PASSWORD | PASSWD | KEY | CREDENTIAL ) [A-Z0-9_]*";

/// `postgres://user:password@host`: what follows is kept too.
const ADDRESS: &str = r#"( (?i-u: \b [a-z][a-z0-9+.-]*:// ) [^\x20\t\r\n/:@"']* : )
    [^\x20\t\r\n/@"']+ (@)"#;

/// A field whose name, without case and separators, ends so holds a secret.
const SECRET_FIELDS: [&str; 10] = [
    "authorization",
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "credentials",
];

/// Finds secrets in texts.
pub(crate) struct Redactor {
    known: Option<Regex>,
    extra: Vec<Regex>,
    own: Option<SecretString>,
}

impl Redactor {
    /// `extra` are patterns of the configuration, checked there; `own` is the token that events are sent with.
    pub(crate) fn new(extra: &[Regex], own: Option<&SecretString>) -> Self {
        Self {
            known: Regex::new(&known_pattern()).ok(),
            extra: extra.to_vec(),
            own: own.filter(|own| !own.expose_secret().is_empty()).cloned(),
        }
    }

    /// A valid JSON text, with the secrets in its string values replaced.
    pub(crate) fn json(&self, json: &str) -> String {
        strings::rewrite(json, |value| self.value(value))
    }

    /// What is to stand in a value's place; `None` when it holds no secret.
    pub(crate) fn value(&self, value: &Value<'_>) -> Option<String> {
        if value.key.as_deref().is_some_and(is_secret_field) && !value.text.is_empty() {
            return Some(REPLACEMENT.to_owned());
        }
        match self.text(&value.text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => Some(text),
        }
    }

    /// Any text; borrowed when it holds no secret.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        if let Some(own) = &self.own
            && text.contains(own.expose_secret())
        {
            text = Cow::Owned(text.replace(own.expose_secret(), REPLACEMENT));
        }
        let known = self.known.iter().map(|pattern| (pattern, Kind::Known));
        let extra = self.extra.iter().map(|pattern| (pattern, Kind::Extra));
        for (pattern, kind) in known.chain(extra) {
            let replaced =
                pattern.replace_all(&text, |found: &Captures<'_>| kind.replacement(found));
            if let Cow::Owned(changed) = replaced {
                text = Cow::Owned(changed);
            }
        }
        text
    }
}

enum Kind {
    /// The first group stands before the secret, the second behind it.
    Known,
    Extra,
}

impl Kind {
    fn replacement(&self, found: &Captures<'_>) -> String {
        let mut groups = found.iter().skip(1).flatten().map(|group| group.as_str());
        let [before, behind] = match self {
            Self::Known => [groups.next(), groups.next()],
            Self::Extra => [None, None],
        };
        let (before, behind) = (before.unwrap_or_default(), behind.unwrap_or_default());
        format!("{before}{REPLACEMENT}{behind}")
    }
}

/// One pattern for everything, so that a text is searched once.
fn known_pattern() -> String {
    let named = NAMED.map(|(before, secret)| format!("({before}) (?: {secret} )"));
    let all: Vec<String> = [PEM.to_owned(), TOKENS.to_owned()]
        .into_iter()
        .chain(named)
        .chain([ADDRESS.to_owned()])
        .collect();
    let all = all
        .join("\n|\n")
        .replace("(?: PEM |", &format!("(?: {PEM} |"))
        .replace("ENVIRONMENT", ENVIRONMENT);
    format!("(?x) {all}")
}

fn is_secret_field(name: &str) -> bool {
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    SECRET_FIELDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests;
