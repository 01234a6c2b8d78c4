//! The tenants' accounts at OpenPhone and at whoever reads their conversations.

use std::time::Duration;

use domain::settings::Settings;
use providers::{
    channel::{HttpOptions, SendError},
    extractor::Extractor,
    gemini,
    openphone::client::{AudioOptions, BASE_URL, Client, Options},
};
use secrecy::SecretString;
use store::{Error, KeyRing, Result, TenantTx};

/// Under which names the keys are stored. `openphone` alone is the name of the webhooks' secrets.
const OPENPHONE_KEY: &str = "openphone_api";
pub(crate) const GEMINI: &str = "gemini";

/// Where OpenPhone and Gemini answer.
#[derive(Debug, Clone)]
pub struct TextOptions {
    pub openphone_base_url: String,
    pub gemini_base_url: String,
    /// Lets both, and the addresses of recordings, be addresses that are not public: a simulator's.
    pub allow_private: bool,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self {
            openphone_base_url: BASE_URL.to_owned(),
            gemini_base_url: gemini::BASE_URL.to_owned(),
            allow_private: false,
        }
    }
}

/// A sound is fetched within the time that an activity has.
const SOUND: Duration = Duration::from_secs(90);

/// A client of the tenant's workspace at OpenPhone, or why there is none.
pub(crate) async fn openphone(
    tx: &mut TenantTx,
    keys: &KeyRing,
    options: &TextOptions,
    settings: &Settings,
) -> Result<Result<Client, SendError>> {
    let key = key(tx, keys, OPENPHONE_KEY).await?;
    Ok(key.and_then(|key| client(key, options, settings)))
}

/// A client for sound alone: its address is signed, and no key goes with it.
pub(crate) fn for_sound(options: &TextOptions, settings: &Settings) -> Result<Client, SendError> {
    client(String::new().into(), options, settings)
}

fn client(
    key: SecretString,
    options: &TextOptions,
    settings: &Settings,
) -> Result<Client, SendError> {
    let megabytes = usize::from(settings.texts.recording_megabytes);
    let of_client = Options {
        http: HttpOptions {
            allow_private: options.allow_private,
            ..HttpOptions::default()
        },
        audio: AudioOptions {
            total: SOUND,
            largest: megabytes * 1024 * 1024,
            allow_private: options.allow_private,
        },
        ..Options::default()
    };
    Client::new(&options.openphone_base_url, key, of_client)
}

/// Whoever reads the tenant's conversations, or why nobody does.
pub(super) async fn extractor(
    tx: &mut TenantTx,
    keys: &KeyRing,
    options: &TextOptions,
    settings: &Settings,
) -> Result<Result<Box<dyn Extractor>, SendError>> {
    let model = settings.extraction.model.as_deref().unwrap_or_default();
    let mut of_client = gemini::Options::with_model(model, settings.tenant.zone_or_utc());
    of_client.http.allow_private = options.allow_private;
    of_client.thinking_budget = settings.extraction.thinking_budget;
    let key = key(tx, keys, GEMINI).await?;
    let client = key.and_then(|key| gemini::Client::new(&options.gemini_base_url, key, of_client));
    Ok(client.map(|client| Box::new(client) as Box<dyn Extractor>))
}

/// The newest key of this name. One that cannot be decrypted is as good as none: somebody has to store it anew.
async fn key(
    tx: &mut TenantTx,
    keys: &KeyRing,
    name: &str,
) -> Result<Result<SecretString, SendError>> {
    let key = match tx.provider_keys(keys, name).await {
        Ok(keys) => keys.into_iter().next(),
        Err(error @ Error::Undecryptable) => {
            tracing::error!(name, %error, "a key cannot be used");
            None
        }
        Err(error) => return Err(error),
    };
    let missing = || SendError::Misconfigured {
        detail: "no_key".to_owned(),
    };
    Ok(key.map(|key| key.secret).ok_or_else(missing))
}
