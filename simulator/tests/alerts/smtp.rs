use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::header::ContentType,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{Certificate, Tls as ClientTls, TlsParameters},
        response::Response,
    },
};
use simulator::smtp::{
    Config, ConnectionFault, DataFault, MailboxScript, RecipientFault, Running, Scenario, Stage,
    Tls, start,
};

use crate::harness::{IMPATIENCE, PATIENCE};

const TO: &str = "ada@example.org";

async fn server(scenario: Scenario) -> Running {
    start(Config::with_scenario(scenario)).await.unwrap()
}

fn mail(to: &str, body: &str) -> Message {
    Message::builder()
        .from("alerts@clinic.example".parse().unwrap())
        .to(to.parse().unwrap())
        .subject("Missed call")
        .message_id(Some("<al_01J8@clinic.example>".into()))
        .header(ContentType::TEXT_PLAIN)
        .body(body.to_owned())
        .unwrap()
}

type Transport = AsyncSmtpTransport<Tokio1Executor>;

fn transport(server: &Running, tls: ClientTls, login: Option<(&str, Mechanism)>) -> Transport {
    let mut builder = Transport::builder_dangerous("localhost")
        .port(server.address().port())
        .timeout(Some(PATIENCE))
        .tls(tls);
    if let Some((password, mechanism)) = login {
        let credentials = Credentials::new("bellhop".into(), password.into());
        builder = builder
            .credentials(credentials)
            .authentication(vec![mechanism]);
    }
    builder.build()
}

async fn send(server: &Running, mail: Message) -> Result<Response, Error> {
    transport(server, ClientTls::None, None).send(mail).await
}

/// What went wrong, by its code; `None` when there was no reply.
fn code(result: Result<Response, Error>) -> Option<u16> {
    result.unwrap_err().status().map(u16::from)
}

fn tls_parameters(server: &Running) -> TlsParameters {
    let root = Certificate::from_pem(server.certificate_pem().as_bytes()).unwrap();
    let builder = TlsParameters::builder("localhost".into()).add_root_certificate(root);
    builder.build_rustls().unwrap()
}

#[tokio::test]
async fn a_mail_is_kept_as_it_was_sent() {
    let server = server(Scenario::default()).await;
    let body = "Hello\r\n.\r\n..two dots\r\nThe café is closed ✅\r\n";
    send(&server, mail(TO, body)).await.unwrap();
    assert!(server.received(1, PATIENCE).await);
    let ledger = server.ledger();
    let mail = &ledger.mails_to(TO)[0];
    assert_eq!(mail.from, "alerts@clinic.example");
    assert_eq!(mail.to, [TO]);
    assert_eq!(mail.subject(), Some("Missed call"));
    assert_eq!(mail.message_id(), Some("<al_01J8@clinic.example>"));
    assert_eq!(mail.text().trim_end(), body.trim_end());
    assert_eq!((mail.encrypted, mail.reply), (false, Some(250)));
}

#[tokio::test]
async fn greylisting_ends_after_so_many_times() {
    for greylist_code in [450, 421] {
        let server = server(Scenario {
            greylist_first: 2,
            greylist_code,
            ..Scenario::default()
        })
        .await;
        for _ in 0..2 {
            assert_eq!(
                code(send(&server, mail(TO, "a")).await),
                Some(greylist_code)
            );
        }
        send(&server, mail(TO, "a")).await.unwrap();
        let ledger = server.ledger();
        assert_eq!((ledger.mails.len(), ledger.refusals.len()), (1, 2));
        assert_eq!(ledger.refusals[0].recipient.as_deref(), Some(TO));
    }
}

#[tokio::test]
async fn a_recipient_that_does_not_exist_is_refused_for_good() {
    let server = server(Scenario {
        refused: vec![TO.into()],
        ..Scenario::default()
    })
    .await;
    assert_eq!(
        code(send(&server, mail("ADA@example.org", "a")).await),
        Some(550)
    );
    send(&server, mail("grace@example.org", "a")).await.unwrap();
    assert_eq!(server.ledger().refusals[0].stage, Stage::Recipient);
}

#[tokio::test]
async fn each_fault_of_a_mail_has_its_reply() {
    let table = [
        (DataFault::Busy, Some(451), 0),
        (DataFault::Rejected, Some(554), 0),
        (DataFault::Cut, None, 0),
        (DataFault::CutAfter, None, 1),
    ];
    for (fault, expected, mails) in table {
        let server = server(Scenario::default().with_data(TO, &[fault])).await;
        assert_eq!(
            code(send(&server, mail(TO, "a")).await),
            expected,
            "{fault:?}"
        );
        assert_eq!(server.ledger().mails.len(), mails, "{fault:?}");
        send(&server, mail(TO, "a")).await.unwrap();
        let ids = server.ledger().mails;
        assert!(
            ids.iter()
                .all(|mail| mail.message_id() == Some("<al_01J8@clinic.example>"))
        );
    }
}

#[tokio::test]
async fn a_mail_that_hangs_may_have_been_taken() {
    for (fault, mails, refusals) in [(DataFault::Hang, 0, 1), (DataFault::HangAfter, 1, 0)] {
        let server = server(Scenario::default().with_data(TO, &[fault])).await;
        let sending = send(&server, mail(TO, "a"));
        assert!(tokio::time::timeout(IMPATIENCE, sending).await.is_err());
        assert!(server.received(mails, PATIENCE).await && server.refused(refusals, PATIENCE).await);
        let ledger = server.ledger();
        assert_eq!(
            (ledger.mails.len(), ledger.refusals.len()),
            (mails, refusals)
        );
    }
}

#[tokio::test]
async fn connections_can_be_turned_away_or_left_waiting() {
    let server = server(Scenario {
        connections: vec![ConnectionFault::Busy, ConnectionFault::Hang],
        ..Scenario::default()
    })
    .await;
    assert_eq!(code(send(&server, mail(TO, "a")).await), Some(421));
    let hanging = send(&server, mail(TO, "a"));
    assert!(tokio::time::timeout(IMPATIENCE, hanging).await.is_err());
    send(&server, mail(TO, "a")).await.unwrap();
    assert_eq!(server.ledger().connections, 3);
}

#[tokio::test]
async fn a_server_that_is_shut_refuses_and_comes_back_at_the_same_port() {
    let server = server(Scenario::default()).await;
    let client = transport(&server, ClientTls::None, None);
    client.send(mail(TO, "before")).await.unwrap();
    server.shut().await.unwrap();
    let error = client.send(mail(TO, "meanwhile")).await.unwrap_err();
    assert!(error.status().is_none());
    let again = send(&server, mail(TO, "meanwhile")).await;
    assert!(again.unwrap_err().status().is_none());
    server.shut().await.unwrap();
    server.reopen().await.unwrap();
    server.reopen().await.unwrap();
    send(&server, mail(TO, "after")).await.unwrap();
    assert_eq!(server.ledger().mails.len(), 2);
}

#[tokio::test]
async fn a_login_is_asked_for_and_checked() {
    let server = start(Config {
        users: Some(vec![("bellhop".into(), "secret".into())]),
        ..Config::with_scenario(Scenario::default())
    })
    .await
    .unwrap();
    assert_eq!(code(send(&server, mail(TO, "a")).await), Some(530));
    for mechanism in [Mechanism::Plain, Mechanism::Login] {
        let wrong = transport(&server, ClientTls::None, Some(("wrong", mechanism)));
        assert_eq!(code(wrong.send(mail(TO, "a")).await), Some(535));
        let right = transport(&server, ClientTls::None, Some(("secret", mechanism)));
        right.send(mail(TO, "a")).await.unwrap();
    }
    let ledger = server.ledger();
    assert!(
        ledger
            .mails
            .iter()
            .all(|mail| mail.user.as_deref() == Some("bellhop"))
    );
    assert_eq!((ledger.mails.len(), ledger.refusals.len()), (2, 2));
}

#[tokio::test]
async fn a_mail_is_encrypted_where_that_is_asked_for() {
    for (tls, client) in [
        (
            Tls::StartTls,
            ClientTls::Required as fn(TlsParameters) -> ClientTls,
        ),
        (Tls::Implicit, ClientTls::Wrapper),
    ] {
        let server = start(Config {
            tls,
            users: Some(vec![("bellhop".into(), "secret".into())]),
            ..Config::with_scenario(Scenario::default())
        })
        .await
        .unwrap();
        let client = client(tls_parameters(&server));
        let login = Some(("secret", Mechanism::Plain));
        transport(&server, client, login)
            .send(mail(TO, "a"))
            .await
            .unwrap();
        assert!(server.ledger().mails[0].encrypted, "{tls:?}");
    }
}

#[tokio::test]
async fn a_mail_in_the_clear_is_refused_where_encryption_is_asked_for() {
    let server = start(Config {
        tls: Tls::StartTls,
        ..Config::with_scenario(Scenario::default())
    })
    .await
    .unwrap();
    assert_eq!(code(send(&server, mail(TO, "a")).await), Some(530));
    let strangers = TlsParameters::builder("localhost".into())
        .build_rustls()
        .unwrap();
    let distrustful = transport(&server, ClientTls::Required(strangers), None);
    assert!(
        distrustful
            .send(mail(TO, "a"))
            .await
            .unwrap_err()
            .status()
            .is_none()
    );
    assert!(server.ledger().mails.is_empty());
}

#[tokio::test]
async fn scripts_and_chance_fall_alike_for_a_seed() {
    let run = async |seed| {
        let server = server(Scenario {
            seed,
            recipient: [(RecipientFault::Greylisted, 0.3)].into(),
            data: [(DataFault::Busy, 0.3)].into(),
            mailboxes: vec![MailboxScript {
                address: "scripted@example.org".into(),
                recipient: vec![RecipientFault::Refused],
                data: Vec::new(),
            }],
            ..Scenario::default()
        })
        .await;
        let mut codes = Vec::new();
        for _ in 0..20 {
            let result = send(&server, mail(TO, "a")).await;
            codes.push(result.map_or_else(|error| error.status().map(u16::from), |_| Some(250)));
        }
        let scripted = mail("scripted@example.org", "a");
        assert_eq!(code(send(&server, scripted).await), Some(550));
        codes
    };
    let first = run(7).await;
    assert_eq!(first, run(7).await);
    assert_ne!(first, run(8).await);
}

#[test]
fn a_scenario_that_makes_no_sense_is_refused() {
    for text in [
        "greylist_code = 550",
        "idle_seconds = 0",
        "[data]\ncut = 0.6\nhang = 0.6",
        "[data]\nexploded = 1",
    ] {
        assert!(Scenario::from_toml(text).is_err(), "{text}");
    }
}
