use std::sync::Arc;

use providers::{
    channel::SendError,
    smtp::{Client, SmtpOptions, Tls},
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer},
};

use crate::smtp_server::{MailServer, Reply, Script, a_mail, login};

/// A server's side of the encryption, and the certificate to trust, for a name.
pub(crate) fn certified(name: &str) -> (TlsAcceptor, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), cert.pem())
}

/// A server with a certificate for `name`, and a client that trusts it when `trusted`.
async fn encrypted(name: &str, tls: Tls, trusted: bool, script: Script) -> (MailServer, Client) {
    let (acceptor, pem) = certified(name);
    let server = MailServer::playing(Script {
        tls: Some(acceptor),
        implicit: tls == Tls::Implicit,
        ..script
    })
    .await;
    let options = SmtpOptions {
        tls,
        login: login(),
        extra_roots: trusted.then_some(pem),
        ..server.options()
    };
    let client = Client::new(options).unwrap();
    (server, client)
}

fn offering_all() -> Script {
    Script {
        offers: &["STARTTLS", "AUTH PLAIN"],
        ..Script::default()
    }
}

fn misconfigured(detail: &str) -> SendError {
    SendError::Misconfigured {
        detail: detail.into(),
    }
}

#[tokio::test]
async fn a_mail_goes_over_an_encrypted_connection() {
    for tls in [Tls::StartTls, Tls::Implicit] {
        let (server, client) = encrypted("127.0.0.1", tls, true, offering_all()).await;
        assert_eq!(client.send(&a_mail()).await, Ok(()), "{tls:?}");
        assert_eq!(server.mails().len(), 1, "{tls:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_offer_encryption_is_told_neither_password_nor_mail() {
    let script = Script {
        offers: &["AUTH PLAIN"],
        ..Script::default()
    };
    let (server, client) = encrypted("127.0.0.1", Tls::StartTls, true, script).await;
    let result = client.send(&a_mail()).await;
    assert_eq!(result, Err(misconfigured("starttls_not_offered")));
    let told = server.told();
    assert!(
        told.iter()
            .all(|line| line.starts_with("EHLO") || line == "QUIT"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_server_that_refuses_encryption_after_all_is_told_neither() {
    let script = Script {
        at: Some(("STARTTLS", Reply::Say("454 not now"))),
        ..offering_all()
    };
    let (server, client) = encrypted("127.0.0.1", Tls::StartTls, true, script).await;
    assert_eq!(client.send(&a_mail()).await.unwrap_err().class(), "refused");
    assert!(!server.told().iter().any(|line| line.starts_with("AUTH")));
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_or_for_another_name_is_a_misconfiguration() {
    for tls in [Tls::StartTls, Tls::Implicit] {
        for (name, trusted) in [("127.0.0.1", false), ("mail.example.org", true)] {
            let (server, client) = encrypted(name, tls, trusted, offering_all()).await;
            let result = client.send(&a_mail()).await;
            assert_eq!(result, Err(misconfigured("certificate")), "{tls:?} {name}");
            assert!(server.mails().is_empty());
            assert!(!server.told().iter().any(|line| line.starts_with("AUTH")));
        }
    }
}

#[tokio::test]
async fn a_server_that_does_not_speak_encryption_is_unavailable() {
    let server = MailServer::playing(Script::default()).await;
    let options = SmtpOptions {
        tls: Tls::Implicit,
        ..server.options()
    };
    let result = Client::new(options).unwrap().send(&a_mail()).await;
    assert_eq!(result, Err(SendError::Unavailable));
}
