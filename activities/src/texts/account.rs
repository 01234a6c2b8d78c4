//! The tenants' accounts at OpenPhone and at whoever reads their conversations.

use domain::settings::Texts;
use providers::{
    channel::{HttpOptions, SendError},
    gemini,
    openphone::client::{AudioOptions, BASE_URL, Client, Options},
};
use secrecy::SecretString;
use store::{Error, KeyRing, Result, TenantTx};

/// Under which names the keys are stored. `openphone` alone is the name of the webhooks' secrets.
pub(crate) const OPENPHONE_KEY: &str = "openphone_api";
pub(crate) const GEMINI_KEY: &str = "gemini";

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

impl TextOptions {
    pub(crate) fn http(&self) -> HttpOptions {
        HttpOptions {
            allow_private: self.allow_private,
            ..HttpOptions::default()
        }
    }
}

/// A client of the tenant's workspace at OpenPhone, or why there is none.
pub(crate) async fn openphone(
    tx: &mut TenantTx,
    keys: &KeyRing,
    options: &TextOptions,
    settings: &Texts,
) -> Result<Result<Client, SendError>> {
    let Some(key) = key(tx, keys, OPENPHONE_KEY).await? else {
        return Ok(Err(no_key()));
    };
    let megabytes = usize::from(settings.recording_megabytes);
    let options_of_client = Options {
        http: options.http(),
        audio: AudioOptions {
            largest: megabytes * 1024 * 1024,
            allow_private: options.allow_private,
            ..AudioOptions::default()
        },
        ..Options::default()
    };
    Ok(Client::new(
        &options.openphone_base_url,
        key,
        options_of_client,
    ))
}

/// The newest key of this name. One that cannot be decrypted is as good as none: somebody has to store it anew.
pub(crate) async fn key(
    tx: &mut TenantTx,
    keys: &KeyRing,
    name: &str,
) -> Result<Option<SecretString>> {
    match tx.provider_keys(keys, name).await {
        Ok(keys) => Ok(keys.into_iter().next().map(|key| key.secret)),
        Err(error @ Error::Undecryptable) => {
            tracing::error!(name, %error, "a key cannot be used");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

pub(crate) fn no_key() -> SendError {
    SendError::Misconfigured {
        detail: "no_key".to_owned(),
    }
}
