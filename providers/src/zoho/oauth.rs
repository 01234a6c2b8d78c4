//! Access tokens, from the refresh token that a tenant's consent gave. Whoever calls sees to it that only one process
//! refreshes at a time ([`domain::crm::TokenFacts`]) and keeps what comes of it.

use std::{fmt, time::Duration};

use domain::settings::{Crm, DataCentre};
use form_urlencoded::Serializer;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Url, header::CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{TokenError, error::code_word};
use crate::{
    channel::{
        HttpOptions,
        http::{self, Answer, MAX_ANSWER},
    },
    json::Json,
    retry_after::retry_after,
};

/// What a token lives when the answer does not say, and the most that is believed.
const USUAL_LIFE: i64 = 3_600;
const LONGEST_LIFE: i64 = 24 * 3_600;

/// Where a tenant's tokens and data are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    pub accounts: String,
    pub api: String,
}

impl Hosts {
    /// Those of the settings, else the data centre's. The hosts of the United Kingdom and the Emirates could not be
    /// verified.
    pub fn of(crm: &Crm) -> Hosts {
        let (accounts, api) = match crm.data_centre {
            DataCentre::UnitedStates => ("accounts.zoho.com", "www.zohoapis.com"),
            DataCentre::Europe => ("accounts.zoho.eu", "www.zohoapis.eu"),
            DataCentre::India => ("accounts.zoho.in", "www.zohoapis.in"),
            DataCentre::Australia => ("accounts.zoho.com.au", "www.zohoapis.com.au"),
            DataCentre::China => ("accounts.zoho.com.cn", "www.zohoapis.com.cn"),
            DataCentre::Japan => ("accounts.zoho.jp", "www.zohoapis.jp"),
            DataCentre::Canada => ("accounts.zohocloud.ca", "www.zohoapis.ca"),
            DataCentre::SaudiArabia => ("accounts.zoho.sa", "www.zohoapis.sa"),
            DataCentre::UnitedKingdom => ("accounts.zoho.uk", "www.zohoapis.uk"),
            DataCentre::Emirates => ("accounts.zoho.ae", "www.zohoapis.ae"),
        };
        let or = |own: &Option<String>, host: &str| {
            own.clone().unwrap_or_else(|| format!("https://{host}"))
        };
        Hosts {
            accounts: or(&crm.accounts_url, accounts),
            api: or(&crm.api_url, api),
        }
    }
}

/// What a tenant's consent left with us.
#[derive(Clone)]
pub struct Grant {
    pub client_id: SecretString,
    pub client_secret: SecretString,
    pub refresh_token: SecretString,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Grant")
    }
}

/// Good for an hour or so, at one host.
#[derive(Clone)]
pub struct AccessToken {
    pub secret: SecretString,
    /// Where it is good.
    pub api_url: String,
    pub expires_at: Timestamp,
    /// A new refresh token, to be stored in place of the old one, should Zoho ever give one.
    pub new_refresh_token: Option<SecretString>,
}

impl fmt::Debug for AccessToken {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("api_url", &self.api_url)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Gives tokens. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Accounts {
    url: Url,
    api: String,
    http: reqwest::Client,
}

impl Accounts {
    /// Fails only with [`TokenError::Misconfigured`].
    pub fn new(hosts: &Hosts, options: HttpOptions) -> Result<Self, TokenError> {
        let misconfigured = |detail: &str| TokenError::Misconfigured {
            detail: detail.to_owned(),
        };
        let mut url = Url::parse(&hosts.accounts).map_err(|_| misconfigured("accounts_url"))?;
        let http = http::client(&url, options)?;
        url.path_segments_mut()
            .map_err(|()| misconfigured("accounts_url"))?
            .pop_if_empty()
            .extend(["oauth", "v2", "token"]);
        Ok(Self {
            url,
            api: hosts.api.clone(),
            http,
        })
    }

    /// Asks for a token, once. `now`: when it is asked.
    pub async fn refresh(&self, grant: &Grant, now: Timestamp) -> Result<AccessToken, TokenError> {
        let body = Serializer::new(String::new())
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", grant.client_id.expose_secret())
            .append_pair("client_secret", grant.client_secret.expose_secret())
            .append_pair("refresh_token", grant.refresh_token.expose_secret())
            .finish();
        let request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        let answer = http::send(request, MAX_ANSWER).await?;
        self.token(&answer, now)
    }

    /// Zoho refuses with a 200 too, so the body decides.
    fn token(&self, answer: &Answer, now: Timestamp) -> Result<AccessToken, TokenError> {
        let wait = || retry_after(&answer.headers);
        if answer.status.as_u16() == 429 {
            return Err(TokenError::TooMany {
                retry_after: wait(),
            });
        }
        if answer.status.is_server_error() {
            return Err(TokenError::Unavailable);
        }
        let body = answer.body.as_deref().ok_or(TokenError::Unavailable)?;
        let value: Value =
            serde_json::from_slice(body).map_err(|_| TokenError::Unreadable("not JSON"))?;
        let json = Json::from(&value);
        let Some(secret) = json.at("access_token").text() else {
            return Err(refusal(json.at("error").text(), wait()));
        };
        let life = json.at("expires_in").integer().unwrap_or(USUAL_LIFE);
        let life = SignedDuration::from_secs(life.clamp(0, LONGEST_LIFE));
        Ok(AccessToken {
            secret: secret.into(),
            api_url: json
                .at("api_domain")
                .text()
                .unwrap_or_else(|| self.api.clone()),
            expires_at: now.saturating_add(life).unwrap_or(now),
            new_refresh_token: json.at("refresh_token").text().map(SecretString::from),
        })
    }
}

fn refusal(error: Option<String>, retry_after: Option<Duration>) -> TokenError {
    let Some(error) = error else {
        return TokenError::Unreadable("neither a token nor an error");
    };
    let word = error.to_ascii_lowercase().replace(' ', "_");
    match word.as_str() {
        "invalid_code" | "invalid_grant" => TokenError::Revoked,
        "invalid_client" | "invalid_client_secret" => TokenError::WrongClient,
        "access_denied" => TokenError::TooMany { retry_after },
        "general_error" | "internal_error" => TokenError::Unavailable,
        _ => TokenError::Refused {
            code: code_word(&word).unwrap_or_else(|| "unknown".to_owned()),
        },
    }
}
