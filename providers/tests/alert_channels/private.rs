use providers::{
    channel::SendError,
    slack::{self, SlackMessage},
    smtp::{self, SmtpOptions, Tls},
    twilio::client as twilio,
};

use tokio::net::TcpListener;

use crate::{
    http_server::{Answer, Server, patient},
    smtp_tls::certified,
    twilio::{ACCOUNT, TOKEN},
};

fn not_public() -> SendError {
    SendError::Misconfigured {
        detail: "address_not_public".into(),
    }
}

#[tokio::test]
async fn no_client_is_made_for_an_address_that_is_private_on_its_face() {
    let server = Server::answering([Answer::new(200, "ok")]).await;
    let https = server.url().replace("http:", "https:");
    for url in [
        server.url(),
        &https,
        "https://localhost/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00:ec2::254]/",
        "https://metadata.google.internal/",
    ] {
        let slack = slack::Client::new(url.to_owned().into(), slack::Options::default());
        assert_eq!(slack.err(), Some(not_public()), "{url}");
        let options = twilio::Options::default();
        let twilio = twilio::Client::new(url, ACCOUNT, TOKEN.into(), options);
        assert_eq!(twilio.err(), Some(not_public()), "{url}");
    }
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "10.0.0.25",
        "mail.internal",
        "",
    ] {
        let smtp = smtp::Client::new(SmtpOptions::new(host, 587, Tls::StartTls));
        assert_eq!(smtp.err(), Some(not_public()), "{host}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let inside = Server::answering([Answer::new(200, "ok")]).await;
    let redirect = Answer::new(307, "").header("location", inside.url());
    let outside = Server::answering([redirect]).await;
    let options = slack::Options {
        http: patient(),
        ..slack::Options::default()
    };
    let client = slack::Client::new(outside.url().to_owned().into(), options).unwrap();
    let result = client.send(&SlackMessage::text("x")).await;
    assert_eq!(result.unwrap_err().class(), "misconfigured");
    assert!(inside.asked().is_empty());
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_a_misconfiguration() {
    let (acceptor, _) = certified("127.0.0.1");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/services/x", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.map(drop)
    });
    let options = slack::Options {
        http: patient(),
        ..slack::Options::default()
    };
    let client = slack::Client::new(url.into(), options).unwrap();
    let result = client.send(&SlackMessage::text("x")).await;
    let detail = "certificate".into();
    assert_eq!(result, Err(SendError::Misconfigured { detail }));
}

#[test]
fn a_mail_server_that_is_not_encrypted_must_be_allowed() {
    let options = SmtpOptions::new("mail.example.org", 25, Tls::None);
    let made = smtp::Client::new(options.clone());
    assert_eq!(made.unwrap_err().class(), "misconfigured");
    let allowed = SmtpOptions {
        allow_private: true,
        ..options
    };
    assert!(smtp::Client::new(allowed).is_ok());
}
