use std::time::Duration;

use providers::{
    channel::SendError,
    smtp::{Client, SmtpOptions, Tls},
};

use crate::{
    http_server::nobody,
    smtp_server::{MailServer, PASSWORD, Reply, Script, TO, USER, a_mail, login},
};

fn misconfigured(detail: &str) -> SendError {
    SendError::Misconfigured {
        detail: detail.into(),
    }
}

fn refused(permanent: bool, detail: &str) -> SendError {
    SendError::Refused {
        permanent,
        detail: detail.into(),
    }
}

const AUTH: &[&str] = &["AUTH LOGIN PLAIN"];

/// What a mail comes to at a server that does this at a step.
async fn at(step: &'static str, reply: Reply) -> Result<(), SendError> {
    let server = MailServer::playing(Script {
        at: Some((step, reply)),
        offers: AUTH,
        ..Script::default()
    })
    .await;
    let options = SmtpOptions {
        login: login(),
        ..server.options()
    };
    let result = Client::new(options).unwrap().send(&a_mail()).await;
    assert!(
        server.mails().len() <= 1,
        "a mail is sent once, whatever the answer"
    );
    result
}

#[tokio::test]
async fn a_mail_is_handed_over_command_by_command() {
    let server = MailServer::playing(Script::default()).await;
    let options = SmtpOptions {
        hello: Some("bellhop.clinic.example".into()),
        ..server.options()
    };
    Client::new(options).unwrap().send(&a_mail()).await.unwrap();
    assert_eq!(
        server.told(),
        [
            "EHLO bellhop.clinic.example",
            "MAIL FROM:<alerts@clinic.example>",
            "RCPT TO:<ops@clinic.example>",
            "DATA",
            "QUIT"
        ]
    );
    let mails = server.mails();
    let [mail] = mails.as_slice() else {
        panic!("{mails:?}");
    };
    assert!(
        mail.contains("Message-ID: <al_01@bellhop.example>\r\n"),
        "{mail}"
    );
    assert!(
        mail.ends_with("\r\n\r\nAda called.\r\n..\r\n...and again\r\n.\r\n"),
        "{mail}"
    );
}

#[tokio::test]
async fn a_login_is_made_before_the_mail() {
    let server = MailServer::playing(Script {
        offers: AUTH,
        ..Script::default()
    })
    .await;
    let options = SmtpOptions {
        login: login(),
        ..server.options()
    };
    Client::new(options).unwrap().send(&a_mail()).await.unwrap();
    let told = server.told();
    let plain = "AUTH PLAIN AGFsZXJ0c0BjbGluaWMuZXhhbXBsZQB3b3JkLW9mLXRoZS1jbGluaWM=";
    assert_eq!(
        told.iter().position(|line| line == plain),
        Some(1),
        "{told:?}"
    );
    assert!(told[2].starts_with("MAIL"));
}

#[tokio::test]
async fn a_server_that_knows_no_login_of_ours_gets_no_mail() {
    for offers in [&[][..], &["AUTH GSSAPI"]] {
        let server = MailServer::playing(Script {
            offers,
            ..Script::default()
        })
        .await;
        let options = SmtpOptions {
            login: login(),
            ..server.options()
        };
        let result = Client::new(options).unwrap().send(&a_mail()).await;
        assert_eq!(result, Err(misconfigured("login_not_offered")));
        assert!(!server.told().iter().any(|line| line.starts_with("MAIL")));
    }
}

#[tokio::test]
async fn every_reply_has_its_class() {
    let table = [
        ("connect", "554 no service", refused(true, "554")),
        ("connect", "421 too busy", SendError::Unavailable),
        ("connect", "hello there", SendError::Unavailable),
        ("EHLO", "502 what?", refused(true, "502")),
        (
            "AUTH",
            "535 5.7.8 bad password for alerts@clinic.example",
            misconfigured("535"),
        ),
        ("AUTH", "534 5.7.9 not so", misconfigured("534")),
        ("AUTH", "538 5.7.11 encrypt first", misconfigured("538")),
        ("AUTH", "454 4.7.0 not now", refused(false, "454")),
        ("MAIL", "530 5.7.0 log in first", misconfigured("530")),
        ("MAIL", "550 5.7.1 not you", refused(true, "550")),
        ("MAIL", "451 4.3.0 not now", refused(false, "451")),
        (
            "RCPT",
            "550 5.1.1 <ops@clinic.example> unknown",
            refused(true, "550"),
        ),
        ("RCPT", "450 4.2.0 greylisted", refused(false, "450")),
        ("RCPT", "452 4.2.2 full", refused(false, "452")),
        ("RCPT", "421 4.3.2 going down", SendError::Unavailable),
        ("DATA", "554 no", refused(true, "554")),
        ("DATA", "nonsense", SendError::Unavailable),
        ("content", "554 5.7.1 spam", refused(true, "554")),
        ("content", "552 too large", refused(true, "552")),
        ("content", "451 not now", refused(false, "451")),
        ("content", "421 going down", SendError::Unavailable),
        ("content", "nonsense", SendError::Uncertain),
    ];
    for (step, said, expected) in table {
        assert_eq!(
            at(step, Reply::Say(said)).await,
            Err(expected),
            "{step}: {said}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_doubt_only_once_the_mail_has_left() {
    for step in ["connect", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"] {
        assert_eq!(
            at(step, Reply::Close).await,
            Err(SendError::Unavailable),
            "{step}"
        );
    }
    assert_eq!(at("content", Reply::Close).await, Err(SendError::Uncertain));
    for goodbye in [Reply::Close, Reply::Say("500 what?"), Reply::Silence] {
        assert_eq!(
            at("QUIT", goodbye).await,
            Ok(()),
            "the mail is taken by then"
        );
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_leaves_doubt_only_once_the_mail_has_left() {
    // The last has time to get as far as that, on a busy machine too.
    let table = [
        ("connect", 500, SendError::Unavailable),
        ("EHLO", 500, SendError::Unavailable),
        ("RCPT", 500, SendError::Unavailable),
        ("DATA", 500, SendError::Unavailable),
        ("content", 3_000, SendError::Uncertain),
    ];
    for (step, milliseconds, expected) in table {
        let server = MailServer::playing(Script {
            at: Some((step, Reply::Silence)),
            ..Script::default()
        })
        .await;
        let options = SmtpOptions {
            total: Duration::from_millis(milliseconds),
            ..server.options()
        };
        let result = Client::new(options).unwrap().send(&a_mail()).await;
        assert_eq!(result, Err(expected), "{step}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let nobody = nobody().await;
    for host in ["127.0.0.1", "mail.invalid"] {
        let options = SmtpOptions {
            allow_private: true,
            ..SmtpOptions::new(host, nobody.port(), Tls::None)
        };
        let result = Client::new(options).unwrap().send(&a_mail()).await;
        assert_eq!(result, Err(SendError::Unavailable), "{host}");
    }
}

#[tokio::test]
async fn another_reply_can_be_said_to_mean_a_misconfiguration() {
    let server = MailServer::playing(Script {
        at: Some(("MAIL", Reply::Say("553 sender not owned"))),
        ..Script::default()
    })
    .await;
    let options = SmtpOptions {
        misconfigured_codes: vec![553],
        ..server.options()
    };
    let result = Client::new(options).unwrap().send(&a_mail()).await;
    assert_eq!(result, Err(misconfigured("553")));
}

#[tokio::test]
async fn a_mail_with_a_bad_address_does_not_reach_the_server() {
    let server = MailServer::playing(Script::default()).await;
    let mail = providers::smtp::Mail {
        to: "nobody".into(),
        ..a_mail()
    };
    let result = server.client().send(&mail).await;
    assert_eq!(result, Err(refused(true, "recipient_address")));
    assert!(server.told().is_empty());
}

#[tokio::test]
async fn nothing_printed_shows_an_address_a_password_or_a_word() {
    let refused = at(
        "RCPT",
        Reply::Say("550 <ops@clinic.example> +44 7700 900123"),
    )
    .await;
    let failed = at("AUTH", Reply::Say("535 alerts@clinic.example")).await;
    let options = SmtpOptions {
        login: login(),
        ..SmtpOptions::new("mail.clinic.example", 587, Tls::StartTls)
    };
    let client = Client::new(options.clone()).unwrap();
    let printed = [
        format!("{refused:?} {}", refused.clone().unwrap_err()),
        format!("{failed:?} {}", failed.clone().unwrap_err()),
        format!("{options:?} {client:?} {:?} {:?}", a_mail(), login()),
    ];
    for text in printed {
        for secret in [TO, PASSWORD, "7700", "Ada", "mail.clinic"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    assert!(!format!("{client:?}").contains(USER));
}

#[test]
fn a_greeting_or_a_certificate_that_is_none_is_a_misconfiguration() {
    let standard = SmtpOptions::new("mail.example.org", 587, Tls::StartTls);
    for hello in ["", "a b", "a\r\nMAIL"] {
        let options = SmtpOptions {
            hello: Some(hello.into()),
            ..standard.clone()
        };
        assert_eq!(Client::new(options).err(), Some(misconfigured("hello")));
    }
    let options = SmtpOptions {
        extra_roots: Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".into()),
        ..standard
    };
    assert_eq!(Client::new(options).err(), Some(misconfigured("tls")));
}
