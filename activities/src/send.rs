//! One message on its way over its channel: claimed, sent, and what became of it recorded.

use domain::{
    alert::{AlertCause, Audience, Channel, DeliveryState, FailureClass, SendFailure},
    ids::TenantId,
    settings::{Alerts, SmtpTls},
};
use jiff::{SignedDuration, Timestamp};
use providers::{
    channel::{HttpOptions, SendError},
    slack::{self, SlackMessage},
    smtp::{self, Login, Mail, SmtpOptions},
    source::{SourceKind, SourceOptions},
    twilio::client as twilio,
};
use secrecy::SecretString;
use store::{DeliveryRow, Error, Result, SourceEntry, Store, TenantTx};
use workflows::contract::DeliveryInput;

use crate::{alarm, platform::Platform};

/// Where the channels answer.
#[derive(Debug, Clone)]
pub struct ChannelOptions {
    pub twilio_base_url: String,
    /// Lets messages go to addresses that are not public: a mail server or a simulator on one's own network.
    pub allow_private: bool,
}

impl Default for ChannelOptions {
    fn default() -> Self {
        Self {
            twilio_base_url: twilio::BASE_URL.to_owned(),
            allow_private: false,
        }
    }
}

/// How far a text message's own clock may be behind ours when its list is searched.
const SLACK_OF_CLOCKS: SignedDuration = SignedDuration::from_mins(5);

/// What is needed to send one message.
struct Outgoing {
    row: DeliveryRow,
    settings: Alerts,
    secret: Option<SecretString>,
    /// Whose channel it goes over.
    sender: Option<TenantId>,
    look_first: bool,
    /// Where the carrier tells what became of a text.
    status_callback: Option<String>,
}

pub(crate) async fn send(
    store: &Store,
    platform: &Platform,
    options: &ChannelOptions,
    input: &DeliveryInput,
    now: Timestamp,
) -> Result<()> {
    let Some(outgoing) = claimed(store, platform, input).await? else {
        return Ok(());
    };
    let sent = over_its_channel(options, &outgoing).await;
    let mut tx = store.tenant(input.tenant).begin().await?;
    let channel = outgoing.row.target.channel;
    let result = sent.as_ref().map_or_else(SendError::class, |_| "sent");
    metrics::counter!("bellhop_messages_total", "channel" => channel.code(), "result" => result)
        .increment(1);
    match &sent {
        Ok(provider_id) => {
            tx.delivery_sent(outgoing.row.id, provider_id.as_deref(), now)
                .await?;
        }
        Err(error) => {
            tracing::warn!(delivery.id = %outgoing.row.id, channel = channel.code(), %error, "a message was not sent");
            tx.delivery_failed(outgoing.row.id, &failure(error, now), error.detail())
                .await?;
        }
    }
    tx.commit().await?;
    if let (Err(error), Some(sender)) = (&sent, outgoing.sender) {
        let mut tx = store.tenant(sender).begin().await?;
        told(&mut tx, &outgoing.row, error, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// A channel that is set up wrongly is trouble of its own, of whoever set it up, told by the others.
async fn told(
    tx: &mut TenantTx,
    row: &DeliveryRow,
    error: &SendError,
    now: Timestamp,
) -> Result<()> {
    if !matches!(error, SendError::Misconfigured { .. }) {
        return Ok(());
    }
    let channel = row.target.channel.code();
    alarm::occurred(
        tx,
        AlertCause::AlertChannelRefused,
        &[channel],
        channel,
        now,
    )
    .await
}

/// Commits `sending`; `None` when there is nothing to send any more.
async fn claimed(
    store: &Store,
    platform: &Platform,
    input: &DeliveryInput,
) -> Result<Option<Outgoing>> {
    let mut tx = store.tenant(input.tenant).begin().await?;
    let Some(row) = tx.lock_delivery(input.delivery).await? else {
        return Ok(None);
    };
    drop(tx);
    // Before the message is claimed: nothing waits for a second connection while it holds one.
    let provider = secret_name(row.target.channel);
    let sender = match row.target.audience {
        Audience::Client => Some(input.tenant),
        Audience::Platform => platform.tenant(store).await?.map(|team| team.id),
    };
    let (settings, secret) = match sender {
        Some(sender) => {
            let mut tx = store.tenant(sender).begin().await?;
            let key = match tx.provider_keys(store.keys(), provider).await {
                Ok(keys) => keys.into_iter().next(),
                // As good as none: somebody has to store it anew, and hears of it over the other channels.
                Err(error @ Error::Undecryptable) => {
                    tracing::error!(channel = row.target.channel.code(), %error, "a channel cannot be used");
                    None
                }
                Err(error) => return Err(error),
            };
            (Some(tx.tenant_row().await?.settings.alerts), key)
        }
        None => (None, None),
    };
    let mut tx = store.tenant(input.tenant).begin().await?;
    let row = match tx.lock_delivery(input.delivery).await? {
        Some(row) if row.state == DeliveryState::Pending => row,
        _ => return Ok(None),
    };
    tx.delivery_leaves(row.id).await?;
    let status_callback = match (row.target.channel, row.target.audience) {
        // Its webhooks come in as events of this tenant, where the message is found.
        (Channel::Sms, Audience::Client) => status_callback(&tx.sources().await?),
        _ => None,
    };
    tx.commit().await?;
    let in_doubt = row
        .failure
        .is_some_and(|failure| failure.class == FailureClass::Uncertain);
    Ok(Some(Outgoing {
        look_first: in_doubt && row.target.channel == Channel::Sms,
        row,
        settings: settings.unwrap_or_default(),
        secret: secret.map(|key| key.secret),
        sender,
        status_callback,
    }))
}

/// The tenant's webhook address for Twilio, if there is one.
fn status_callback(sources: &[SourceEntry]) -> Option<String> {
    let code = SourceKind::Twilio.code();
    let source = sources.iter().find(|each| each.provider == code)?;
    let options = SourceOptions::read(SourceKind::Twilio, source.options.clone()).ok()?;
    options.public_url(&format!("/hooks/{}", source.key))
}

/// Under which provider's name a channel's secret is stored.
const fn secret_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Slack => "slack",
        Channel::Email => "smtp",
        Channel::Sms => "twilio",
    }
}

/// Answers with the channel's own id of the message, if it has one.
async fn over_its_channel(
    options: &ChannelOptions,
    outgoing: &Outgoing,
) -> Result<Option<String>, SendError> {
    match outgoing.row.target.channel {
        Channel::Slack => to_slack(options, outgoing).await.map(|()| None),
        Channel::Email => by_mail(options, outgoing).await.map(|()| None),
        Channel::Sms => by_text(options, outgoing).await.map(Some),
    }
}

async fn to_slack(options: &ChannelOptions, outgoing: &Outgoing) -> Result<(), SendError> {
    let client = slack::Client::new(
        secret(outgoing)?,
        slack::Options {
            http: http(options),
            ..slack::Options::default()
        },
    )?;
    let message = SlackMessage {
        title: Some(outgoing.row.subject.clone()).filter(|subject| !subject.is_empty()),
        text: outgoing.row.body.clone(),
        link: None,
    };
    client.send(&message).await
}

async fn by_mail(options: &ChannelOptions, outgoing: &Outgoing) -> Result<(), SendError> {
    let email = &outgoing.settings.email;
    let given = |value: &Option<String>, what: &str| value.clone().ok_or_else(|| missing(what));
    let tls = match email.smtp_tls {
        SmtpTls::StartTls => smtp::Tls::StartTls,
        SmtpTls::Implicit => smtp::Tls::Implicit,
        SmtpTls::None => smtp::Tls::None,
    };
    let mut server = SmtpOptions::new(given(&email.smtp_host, "smtp_host")?, email.smtp_port, tls);
    server.allow_private = options.allow_private;
    if let Some(user) = &email.smtp_user {
        server.login = Some(Login {
            user: user.clone(),
            password: secret(outgoing)?,
        });
    }
    let from = given(&email.from, "from")?;
    let domain = from
        .rsplit('@')
        .next()
        .unwrap_or("bellhop")
        .trim_end_matches('>');
    let mail = Mail {
        // The same in every try: most servers fold a mail that comes twice.
        message_id: format!("{}@{domain}", outgoing.row.id),
        from: from.clone(),
        to: place(&email.to, outgoing)?,
        subject: outgoing.row.subject.clone(),
        text: outgoing.row.body.clone(),
        date: outgoing.row.created_at,
    };
    smtp::Client::new(server)?.send(&mail).await
}

async fn by_text(options: &ChannelOptions, outgoing: &Outgoing) -> Result<String, SendError> {
    let sms = &outgoing.settings.sms;
    let account = sms.account.as_deref().ok_or_else(|| missing("account"))?;
    let from = sms.from.as_deref().ok_or_else(|| missing("from"))?;
    let to = place(&sms.to, outgoing)?;
    let client = twilio::Client::new(
        &options.twilio_base_url,
        account,
        secret(outgoing)?,
        twilio::Options {
            http: http(options),
            ..twilio::Options::default()
        },
    )?;
    let text = &outgoing.row.body;
    if outgoing.look_first {
        let since = outgoing.row.created_at - SLACK_OF_CLOCKS;
        // Not found, or not to be asked: another text is a nuisance, none is worse.
        if let Ok(Some(sid)) = client.find(&to, since, text).await {
            return Ok(sid.as_str().to_owned());
        }
    }
    let sid = client
        .send_sms(from, &to, text, outgoing.status_callback.as_deref())
        .await?;
    Ok(sid.as_str().to_owned())
}

fn place(places: &[String], outgoing: &Outgoing) -> Result<String, SendError> {
    let place = places.get(usize::from(outgoing.row.target.place));
    place.cloned().ok_or_else(|| missing("recipient"))
}

fn secret(outgoing: &Outgoing) -> Result<SecretString, SendError> {
    outgoing.secret.clone().ok_or_else(|| missing("secret"))
}

fn missing(what: &str) -> SendError {
    SendError::Misconfigured {
        detail: format!("no_{what}"),
    }
}

fn http(options: &ChannelOptions) -> HttpOptions {
    HttpOptions {
        allow_private: options.allow_private,
        ..HttpOptions::default()
    }
}

pub(crate) fn failure(error: &SendError, now: Timestamp) -> SendFailure {
    let not_before = match error {
        SendError::RateLimited { retry_after } => retry_after
            .and_then(|wait| SignedDuration::try_from(wait).ok())
            .and_then(|wait| now.checked_add(wait).ok()),
        _ => None,
    };
    SendFailure {
        class: FailureClass::from_code(error.class()).unwrap_or(FailureClass::Unavailable),
        may_pass: error.may_pass(),
        at: now,
        not_before,
    }
}
