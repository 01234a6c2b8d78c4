//! One event posted, and what the answer means.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use secrecy::{ExposeSecret, SecretString};
use ureq::{
    Agent, Error,
    http::{HeaderMap, header::RETRY_AFTER},
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};
use uuid::Uuid;

use crate::config::Config;

/// Pauses between the quick tries: together with the tries themselves they fit a hook's budget.
const PAUSES: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(15)];
/// Longest wait that is believed of a `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);
/// As much of an answer is read as it takes to use the connection again.
const MAX_ANSWER: u64 = 64 << 10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 2xx.
    Taken,
    /// The server will never take this event.
    Refused(u16),
    /// The token or the address is wrong: for the operator to put right.
    Denied(u16),
    /// Later, perhaps.
    Busy {
        status: u16,
        retry_after: Option<Duration>,
    },
    /// The server failed over this event.
    Broken(u16),
    /// Nobody answered.
    Away(&'static str),
    /// Nobody answered in time.
    Slow,
}

impl Answer {
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// For the log, and for the name of a failed event's file.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Taken => "sent".to_owned(),
            Self::Refused(status) | Self::Broken(status) => format!("http-{status}"),
            Self::Denied(status) => format!("denied-{status}"),
            Self::Busy { status, .. } => format!("busy-{status}"),
            Self::Away(reason) => format!("away-{reason}"),
            Self::Slow => "away-slow".to_owned(),
        }
    }

    /// May be different in a moment.
    fn is_passing(&self) -> bool {
        match self {
            Self::Away(_) | Self::Broken(_) => true,
            Self::Busy {
                status,
                retry_after,
            } => *status != 429 && retry_after.is_none(),
            _ => false,
        }
    }

    fn to_status(status: u16, headers: &HeaderMap) -> Self {
        match status {
            200..=299 => Self::Taken,
            // 404 is also what a proxy says whose server is down. A redirect is an address that is wrong: the token is not carried elsewhere.
            300..=399 | 401 | 403 | 404 | 410 => Self::Denied(status),
            408 | 425 | 429 | 503 => Self::Busy {
                status,
                retry_after: retry_after(headers, Timestamp::now()),
            },
            400..=499 => Self::Refused(status),
            502 | 504 => Self::Away("gateway"),
            _ => Self::Broken(status),
        }
    }

    fn to_error(error: &Error) -> Self {
        match error {
            Error::Timeout(_) => Self::Slow,
            Error::Io(error) if is_about_tls(error) => Self::Away("tls"),
            Error::Io(error) => match error.kind() {
                std::io::ErrorKind::TimedOut => Self::Slow,
                std::io::ErrorKind::ConnectionRefused => Self::Away("refused"),
                _ => Self::Away("connection"),
            },
            Error::HostNotFound => Self::Away("name"),
            Error::BadUri(_) | Error::Http(_) => Self::Away("address"),
            Error::Tls(_) | Error::Rustls(_) | Error::Pem(_) => Self::Away("tls"),
            _ => Self::Away("protocol"),
        }
    }
}

fn is_about_tls(error: &std::io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>())
}

/// Whether a failed event's reason is one that a success shows to be over.
pub(crate) fn is_over_with_success(reason: &str) -> bool {
    ["away-", "denied-", "busy-"]
        .iter()
        .any(|start| reason.starts_with(start))
}

fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = DateTimeParser::new().parse_timestamp(text).ok()?;
            Duration::try_from(until.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

/// Where events are posted to.
pub(crate) struct Client {
    agent: Agent,
    url: String,
    token: Option<SecretString>,
}

impl Client {
    /// `None` when no address is configured.
    pub(crate) fn new(config: &Config) -> Option<Self> {
        let url = config.url.clone()?;
        let mut builder = Agent::config_builder()
            .user_agent(concat!("bellhop-capture/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .max_redirects(0);
        if url.starts_with("https:") {
            builder = builder.tls_config(tls(config));
        }
        Some(Self {
            agent: builder.build().into(),
            url,
            token: config.token.clone(),
        })
    }

    /// Posts it once. The id makes a second time the same event to the server.
    pub(crate) fn post(&self, id: Uuid, body: &[u8], limit: Duration) -> Answer {
        let mut request = self
            .agent
            .post(&self.url)
            .config()
            .timeout_global(Some(limit))
            .build()
            .header("content-type", "application/json")
            .header("webhook-id", id.to_string());
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {}", token.expose_secret()));
        }
        match request.send(body) {
            Ok(mut response) => {
                let body = response.body_mut().with_config().limit(MAX_ANSWER);
                let _ = body.read_to_vec();
                Answer::to_status(response.status().as_u16(), response.headers())
            }
            Err(error) => Answer::to_error(&error),
        }
    }

    /// Posts it up to three times within the budget.
    pub(crate) fn post_quickly(&self, id: Uuid, body: &[u8], budget: Duration) -> Answer {
        let start = Instant::now();
        let mut answer = self.post(id, body, budget);
        for pause in PAUSES {
            let left = budget.saturating_sub(start.elapsed() + pause);
            if !answer.is_passing() || left.is_zero() {
                break;
            }
            thread::sleep(pause);
            answer = self.post(id, body, left);
        }
        answer
    }
}

fn tls(config: &Config) -> TlsConfig {
    let provider = rustls::crypto::ring::default_provider();
    let builder = TlsConfig::builder().unversioned_rustls_crypto_provider(provider.into());
    match &config.ca_file {
        Some(file) => builder.root_certs(certificates(file)).build(),
        None => builder.root_certs(RootCerts::WebPki).build(),
    }
}

/// None of them when the file cannot be read: then no server is trusted.
fn certificates(file: &std::path::Path) -> RootCerts {
    let pem = fs::read(file).unwrap_or_default();
    let certificates: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    RootCerts::new_with_certs(&certificates)
}

#[cfg(test)]
mod tests {
    use ureq::http::HeaderValue;

    use super::*;

    #[test]
    fn what_a_status_means() {
        let busy = |status| Answer::Busy {
            status,
            retry_after: None,
        };
        let table = [
            (200, Answer::Taken),
            (204, Answer::Taken),
            (302, Answer::Denied(302)),
            (400, Answer::Refused(400)),
            (401, Answer::Denied(401)),
            (403, Answer::Denied(403)),
            (404, Answer::Denied(404)),
            (408, busy(408)),
            (410, Answer::Denied(410)),
            (413, Answer::Refused(413)),
            (425, busy(425)),
            (429, busy(429)),
            (500, Answer::Broken(500)),
            (502, Answer::Away("gateway")),
            (503, busy(503)),
        ];
        for (status, expected) in table {
            assert_eq!(Answer::to_status(status, &HeaderMap::new()), expected);
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_has_a_limit() {
        let now: Timestamp = "2026-08-01T12:00:00Z".parse().unwrap();
        let table = [
            ("30", Some(30)),
            ("0", Some(0)),
            ("999999999", Some(3600)),
            ("Sat, 01 Aug 2026 12:01:00 GMT", Some(60)),
            ("Sat, 01 Aug 2026 11:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ];
        for (text, seconds) in table {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(retry_after(&headers, now), expected, "{text}");
        }
    }
}
