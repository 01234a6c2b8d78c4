//! Who may see the diaries: a service account with a key, and a person with a refresh token.

use std::{collections::HashMap, fmt, sync::Arc};

use anyhow::Context;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rustls::{
    SignatureScheme,
    crypto::ring::sign::any_supported_type,
    pki_types::{PrivateKeyDer, pem::PemObject},
    sign::SigningKey,
};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

const MAIL: &str = "calendar@bellhop-simulator.iam.gserviceaccount.com";
const KEY: &str = include_str!("service-account.pem");
const CLIENT_ID: &str = "simulator.apps.googleusercontent.com";
const CLIENT_SECRET: &str = "GOCSPX-simulator";
const REFRESH_TOKEN: &str = "1//simulator";
/// Google's own clients name it in a proof, wherever they send it.
const GOOGLE: &str = "https://oauth2.googleapis.com/token";
/// Longest life of a proof, in seconds.
const LONGEST: i64 = 3600;

pub(super) struct Proofs {
    key: Arc<dyn SigningKey>,
}

/// What a service account says of itself.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    scope: String,
    aud: String,
    iat: i64,
    exp: i64,
}

impl Proofs {
    pub(super) fn new() -> anyhow::Result<Self> {
        let der = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).context("the simulator's key")?;
        let key = any_supported_type(&der).context("the simulator's key")?;
        Ok(Self { key })
    }

    pub(super) fn service_account(&self) -> SecretString {
        let file = json!({
            "type": "service_account",
            "client_email": MAIL,
            "private_key": KEY,
            "private_key_id": "simulator",
        });
        file.to_string().into()
    }

    pub(super) fn authorized_user(&self) -> SecretString {
        let file = json!({
            "type": "authorized_user",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
        });
        file.to_string().into()
    }

    /// Whether a form is worth a token; else Google's word for why not.
    pub(super) fn check(&self, form: &[u8], audience: &str) -> Result<(), &'static str> {
        let form: HashMap<String, String> = form_urlencoded::parse(form).into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        match field("grant_type") {
            "refresh_token" => {
                if (field("client_id"), field("client_secret")) != (CLIENT_ID, CLIENT_SECRET) {
                    return Err("invalid_client");
                }
                match field("refresh_token") {
                    REFRESH_TOKEN => Ok(()),
                    _ => Err("invalid_grant"),
                }
            }
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
                let claims = self.claims(field("assertion")).ok_or("invalid_grant")?;
                let lives = claims.exp - claims.iat;
                let is_for_us = [audience, GOOGLE].contains(&claims.aud.as_str());
                let is_fine = claims.iss == MAIL && is_for_us && (1..=LONGEST).contains(&lives);
                match (is_fine, claims.scope.contains("/auth/calendar")) {
                    (true, true) => Ok(()),
                    (true, false) => Err("invalid_scope"),
                    (false, _) => Err("invalid_grant"),
                }
            }
            _ => Err("unsupported_grant_type"),
        }
    }

    /// What a signed proof says. There is one right signature only, so that it can be made again.
    fn claims(&self, proof: &str) -> Option<Claims> {
        let (text, signature) = proof.rsplit_once('.')?;
        let signer = self
            .key
            .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])?;
        let right = signer.sign(text.as_bytes()).ok()?;
        let decoded = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        if decoded(signature)? != right {
            return None;
        }
        let (_, claims) = text.split_once('.')?;
        serde_json::from_slice(&decoded(claims)?).ok()
    }
}

impl fmt::Debug for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proofs").finish_non_exhaustive()
    }
}
