//! Fetches the sound of a recording or voicemail. Its address is signed and comes from elsewhere: our key never goes
//! with it, and it leads to the public internet or nowhere.

use std::{fmt, time::Duration};

use bytes::Bytes;
use reqwest::{
    Response, Url,
    header::{CONTENT_TYPE, LOCATION},
};

use super::{Client, Options};
use crate::{
    channel::{HttpOptions, SendError, check_public_url, http},
    retry_after::retry_after,
};

/// Storage may lead on to another server, and not for ever.
const MOST_REDIRECTS: u32 = 3;

/// A sound as it was sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Audio {
    pub bytes: Bytes,
    /// Such as `audio/mpeg`.
    pub kind: Option<String>,
}

impl fmt::Debug for Audio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audio")
            .field("bytes", &self.bytes.len())
            .field("kind", &self.kind)
            .finish()
    }
}

/// Why a sound was not fetched. Fetching again is always safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AudioError {
    /// No address of the public internet. Nothing was asked.
    #[error("not a public address")]
    NotPublic,
    /// The address has expired, or there is nothing: ask OpenPhone for a fresh one.
    #[error("not there any more (status {status})")]
    Gone { status: u16 },
    #[error("larger than {largest} bytes")]
    TooLarge { largest: usize },
    /// Something else than sound: a page that asks for a login, most likely.
    #[error("not a sound")]
    NotAudio,
    #[error("asked to slow down")]
    RateLimited { retry_after: Option<Duration> },
    #[error("could not be fetched")]
    Failed,
}

/// The client for sound, which knows no key.
pub(super) fn client(options: &Options) -> Result<reqwest::Client, SendError> {
    let http = HttpOptions {
        connect: options.http.connect,
        total: options.audio.total,
        allow_private: options.audio.allow_private,
    };
    // No certificates are needed where http is allowed; elsewhere there is no http.
    let base = Url::parse("https://media.invalid").map_err(|_| SendError::misconfigured("url"))?;
    http::client(&base, http)
}

impl Client {
    /// Fetches a sound, in bounds of size and time.
    pub async fn audio(&self, url: &str) -> Result<Audio, AudioError> {
        let mut url = Url::parse(url).map_err(|_| AudioError::NotPublic)?;
        for _ in 0..=MOST_REDIRECTS {
            let allow_private = self.options.audio.allow_private;
            check_public_url(&url, allow_private).map_err(|_| AudioError::NotPublic)?;
            let sent = self.sound.get(url.clone()).send().await;
            let response = sent.map_err(|error| failure(&error))?;
            if !response.status().is_redirection() {
                return self.taken(response).await;
            }
            let location = response.headers().get(LOCATION);
            let next = location.and_then(|location| location.to_str().ok());
            url = next
                .and_then(|next| url.join(next).ok())
                .ok_or(AudioError::Failed)?;
        }
        Err(AudioError::Failed)
    }

    async fn taken(&self, mut response: Response) -> Result<Audio, AudioError> {
        let status = response.status().as_u16();
        match status {
            200 => {}
            429 => {
                return Err(AudioError::RateLimited {
                    retry_after: retry_after(response.headers()),
                });
            }
            400..500 => return Err(AudioError::Gone { status }),
            _ => return Err(AudioError::Failed),
        }
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).map(str::to_owned);
        if !kind.as_deref().is_none_or(is_sound) {
            return Err(AudioError::NotAudio);
        }
        let largest = self.options.audio.largest;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| AudioError::Failed)? {
            if bytes.len() + chunk.len() > largest {
                return Err(AudioError::TooLarge { largest });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Audio {
            bytes: bytes.into(),
            kind,
        })
    }
}

/// Storage often says no more than that it is bytes.
fn is_sound(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind.starts_with("audio/")
        || matches!(
            kind.as_str(),
            "application/octet-stream" | "binary/octet-stream" | "video/mp4" | "video/webm"
        )
}

fn failure(error: &reqwest::Error) -> AudioError {
    let private = SendError::misconfigured("address_not_public");
    match error.is_connect() && SendError::not_connected(error) == private {
        true => AudioError::NotPublic,
        false => AudioError::Failed,
    }
}
