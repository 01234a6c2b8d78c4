//! The file from Google that proves who asks.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rustls::{
    SignatureScheme,
    crypto::ring::sign::any_supported_type,
    pki_types::{PrivateKeyDer, pem::PemObject},
    sign::SigningKey,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::calendar::CalendarError;

/// How long a proof holds, in seconds; the most that Google takes.
const PROOF_SECONDS: i64 = 3600;
/// A clock may be ahead of Google's by so much.
const CLOCK_SECONDS: i64 = 30;

/// Who asks.
pub(super) enum Credentials {
    /// A program with a key of its own, with which the calendar is shared.
    ServiceAccount {
        mail: String,
        key_id: Option<String>,
        key: Arc<dyn SigningKey>,
    },
    /// A person who once agreed.
    AuthorizedUser {
        client_id: String,
        client_secret: SecretString,
        refresh_token: SecretString,
    },
}

/// The file as Google writes it. Its addresses are not used: a key must not be sent where a file says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum File {
    ServiceAccount {
        client_email: String,
        private_key: SecretString,
        private_key_id: Option<String>,
    },
    AuthorizedUser {
        client_id: String,
        client_secret: SecretString,
        refresh_token: SecretString,
    },
}

impl Credentials {
    pub(super) fn read(file: &SecretString) -> Result<Credentials, CalendarError> {
        let unfit = || CalendarError::refused("credentials_file");
        match serde_json::from_str(file.expose_secret()).map_err(|_| unfit())? {
            File::ServiceAccount {
                client_email,
                private_key,
                private_key_id,
            } => Ok(Credentials::ServiceAccount {
                mail: client_email,
                key_id: private_key_id,
                key: key(&private_key)?,
            }),
            File::AuthorizedUser {
                client_id,
                client_secret,
                refresh_token,
            } => Ok(Credentials::AuthorizedUser {
                client_id,
                client_secret,
                refresh_token,
            }),
        }
    }

    /// The form that asks for an access token.
    pub(super) fn form(
        &self,
        audience: &str,
        scope: &str,
        now: Timestamp,
    ) -> Result<SecretString, CalendarError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        match self {
            Self::ServiceAccount { mail, key_id, key } => {
                let claims = json!({
                    "iss": mail,
                    "scope": scope,
                    "aud": audience,
                    "iat": now.as_second() - CLOCK_SECONDS,
                    "exp": now.as_second() - CLOCK_SECONDS + PROOF_SECONDS,
                });
                let proof = signed(key.as_ref(), key_id.as_deref(), &claims)?;
                form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
                    .append_pair("assertion", &proof);
            }
            Self::AuthorizedUser {
                client_id,
                client_secret,
                refresh_token,
            } => {
                form.append_pair("grant_type", "refresh_token")
                    .append_pair("client_id", client_id)
                    .append_pair("client_secret", client_secret.expose_secret())
                    .append_pair("refresh_token", refresh_token.expose_secret());
            }
        }
        Ok(form.finish().into())
    }
}

/// An RSA key in PEM.
fn key(pem: &SecretString) -> Result<Arc<dyn SigningKey>, CalendarError> {
    let unfit = || CalendarError::refused("private_key");
    let der = PrivateKeyDer::from_pem_slice(pem.expose_secret().as_bytes()).map_err(|_| unfit())?;
    let key = any_supported_type(&der).map_err(|_| unfit())?;
    match key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]) {
        Some(_) => Ok(key),
        None => Err(unfit()),
    }
}

/// A JSON web token (RS256).
fn signed(
    key: &dyn SigningKey,
    key_id: Option<&str>,
    claims: &serde_json::Value,
) -> Result<String, CalendarError> {
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let (Some(id), Some(header)) = (key_id, header.as_object_mut()) {
        header.insert("kid".to_owned(), id.into());
    }
    let encoded = |value: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(value);
    let (header, claims) = (header.to_string(), claims.to_string());
    let text = format!(
        "{}.{}",
        encoded(header.as_bytes()),
        encoded(claims.as_bytes())
    );
    let signature = key
        .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
        .and_then(|signer| signer.sign(text.as_bytes()).ok())
        .ok_or_else(|| CalendarError::refused("private_key"))?;
    Ok(format!("{text}.{}", encoded(&signature)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Result<Credentials, CalendarError> {
        Credentials::read(&file.to_owned().into())
    }

    #[test]
    fn a_file_that_is_no_credentials_is_refused_and_not_repeated() {
        let service = |key: &str| {
            json!({"type": "service_account", "client_email": "a@b", "private_key": key})
                .to_string()
        };
        for (file, detail) in [
            (String::new(), "credentials_file"),
            ("{}".to_owned(), "credentials_file"),
            (
                r#"{"type":"external_account"}"#.to_owned(),
                "credentials_file",
            ),
            (
                r#"{"type":"authorized_user","client_id":"s3cr3t"}"#.to_owned(),
                "credentials_file",
            ),
            (service("s3cr3t"), "private_key"),
            (
                service("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
                "private_key",
            ),
        ] {
            let error = read(&file).err().unwrap();
            assert_eq!(error, CalendarError::refused(detail), "{file}");
            assert!(!format!("{error} {error:?}").contains("s3cr3t"));
        }
    }

    /// Made with openssl: a signature of this kind is always the same.
    const PROOF: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhIn0.b4Wkxynq-mefr18TJPRR3uXD-H4VoVTxvOCGU\
         gPpZtRYojMxuqqiU7Aq06wIDKLDW4KaM2ijEuLB9hw6GLWm_N1j7NT2cmnhBoLjPC3RNzfTO-Q-Cf1fc4v2ttOgSKI\
         pMhppdTIQv2S3Lj1T4-BuiOBhZ-zkYU47KJFNHezbc9WYqziP8on_E4DveVOgK8ViyP6GZTmOaN3Ru9hAwL_NTc5PN\
         vFkjjaRBlS9zPyOtEMqwjikSgiuhtkEduW3u9vY04GEiLNOKtgMUlBHNONspyp8ZnXVRRZsyMfiouqs9Xh998bkFUl\
         karMEts2Lz02jOlDtdXzk2WGUSChmWpyDqw";

    #[test]
    fn a_proof_is_signed_as_another_program_signs_it() {
        let pem = include_str!("../../../../simulator/src/calendar/service-account.pem");
        let key = key(&pem.to_owned().into()).unwrap();
        let proof = signed(key.as_ref(), None, &json!({"iss": "a"}));
        assert_eq!(proof.unwrap(), PROOF);
    }

    #[test]
    fn a_refresh_token_is_sent_as_a_form() {
        let file = r#"{"type":"authorized_user","client_id":"id","client_secret":"a&b","refresh_token":"1//x"}"#;
        let form = read(file)
            .unwrap()
            .form("https://token", "scope", Timestamp::UNIX_EPOCH)
            .unwrap();
        assert_eq!(
            form.expose_secret(),
            "grant_type=refresh_token&client_id=id&client_secret=a%26b&refresh_token=1%2F%2Fx"
        );
    }
}
