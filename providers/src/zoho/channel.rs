//! Subscriptions to changes. They end by themselves, so they are renewed ([`domain::crm::ChannelFacts`]).

use domain::crm::ChannelId;
use jiff::Timestamp;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{Client, CrmError, ProblemKind, client::problem, webhook::LONGEST_TOKEN, wire::time};
use crate::json::Json;

/// What is subscribed to: everybody who is added, changed or deleted in a module.
#[derive(Debug, Clone)]
pub struct ChannelRequest {
    /// A number of ours that no other subscription of the account has.
    pub id: ChannelId,
    pub module: String,
    /// Comes back in every notification; at most 50 characters.
    pub token: SecretString,
    /// https. Best with a part that nobody can guess.
    pub notify_url: String,
    /// How long it is asked for.
    pub until: Timestamp,
}

/// A subscription that Zoho took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    pub id: ChannelId,
    /// Its end, which may be sooner than was asked for.
    pub expires_at: Timestamp,
}

impl Client {
    /// Makes a subscription.
    pub async fn enable_channel(&self, channel: &ChannelRequest) -> Result<Granted, CrmError> {
        self.watch(Method::POST, channel).await
    }

    /// Renews one: the same, with another end. One that Zoho does not know is a problem of the kind
    /// [`ProblemKind::NotFound`].
    pub async fn renew_channel(&self, channel: &ChannelRequest) -> Result<Granted, CrmError> {
        self.watch(Method::PUT, channel).await
    }

    /// Ends one. One that Zoho does not know is ended.
    pub async fn disable_channel(&self, id: &ChannelId) -> Result<(), CrmError> {
        let request = self.asked(
            Method::DELETE,
            &["actions", "watch"],
            &[("channel_ids", id.as_str())],
        );
        let answer = self.write(request).await;
        match answer.and_then(|answer| first(&answer).map(drop)) {
            Err(CrmError::Refused(problem)) if problem.kind == ProblemKind::NotFound => Ok(()),
            ended => ended,
        }
    }

    async fn watch(&self, method: Method, channel: &ChannelRequest) -> Result<Granted, CrmError> {
        let token = channel.token.expose_secret();
        if token.is_empty() || token.chars().count() > LONGEST_TOKEN {
            return Err(CrmError::Misconfigured {
                detail: "channel_token".to_owned(),
            });
        }
        let events = ["create", "edit", "delete"].map(|what| format!("{}.{what}", channel.module));
        let watch = json!({
            "channel_id": channel.id.as_str(),
            "events": events,
            "channel_expiry": time(channel.until),
            "token": token,
            "notify_url": channel.notify_url,
            // Values would prove nothing, and notes and calls are ours.
            "return_affected_field_values": false,
            "notify_on_related_action": false,
        });
        let request = self
            .request(method, &["actions", "watch"])
            .json(&json!({"watch": [watch]}));
        let answer = self.write(request).await?;
        let details = first(&answer)?;
        let expires_at = Json::from(details).at("events").items().next();
        let expires_at = expires_at.and_then(|event| event.at("channel_expiry").instant());
        Ok(Granted {
            id: channel.id.clone(),
            // Nobody knows its end, so nobody may rely on it.
            expires_at: expires_at.ok_or(CrmError::Uncertain)?,
        })
    }
}

/// The details of the only element, or what is wrong with it.
fn first(answer: &Value) -> Result<&Value, CrmError> {
    let element = answer
        .get("watch")
        .and_then(|list| list.get(0))
        .ok_or(CrmError::Uncertain)?;
    match Json::from(element).at("status").text().as_deref() {
        Some("success") => Ok(&element["details"]),
        _ => Err(problem(element).into()),
    }
}
