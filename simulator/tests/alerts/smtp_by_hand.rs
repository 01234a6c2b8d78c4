//! The mail server, spoken to byte by byte.

use simulator::smtp::{Config, Running, Scenario, Tls, start};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::PATIENCE;

async fn server(scenario: Scenario) -> Running {
    start(Config::with_scenario(scenario)).await.unwrap()
}

/// Sends all of it at once and answers everything that comes back until the server closes.
async fn said(server: &Running, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    // The server may close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(PATIENCE, reading).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// The codes of the last lines of replies.
fn codes(answer: &str) -> Vec<&str> {
    let last = |line: &&str| line.as_bytes().get(3) == Some(&b' ');
    answer.lines().filter(last).map(|line| &line[..3]).collect()
}

#[tokio::test]
async fn a_conversation_may_come_all_at_once() {
    let server = server(Scenario::default()).await;
    let answer = said(
        &server,
        b"EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n\
          Subject: x\r\n\r\nHi\r\n.\r\nNOOP\r\nQUIT\r\n",
    )
    .await;
    assert_eq!(
        codes(&answer),
        [
            "220", "250", "250", "250", "250", "354", "250", "250", "221"
        ]
    );
    assert_eq!(server.ledger().mails[0].to, ["a@b.example", "c@d.example"]);
}

#[tokio::test]
async fn what_comes_out_of_turn_is_told_so() {
    let server = server(Scenario::default()).await;
    let table: [(&[u8], &[&str]); 7] = [
        (b"MAIL FROM:<a@b.example>\r\n", &["220", "503"]),
        (b"RCPT TO:<a@b.example>\r\n", &["220", "503"]),
        (b"EHLO me\r\nDATA\r\n", &["220", "250", "503"]),
        (
            b"EHLO me\r\nMAIL FROM:<a@b.example>\r\nMAIL FROM:<a@b.example>\r\n",
            &["220", "250", "250", "503"],
        ),
        (
            b"EHLO me\r\nMAIL FROM:<a@b.example>\r\nRSET\r\nRCPT TO:<a@b.example>\r\n",
            &["220", "250", "250", "250", "503"],
        ),
        (
            b"EHLO me\r\nSTARTTLS\r\nAUTH PLAIN AGEAYg==\r\n",
            &["220", "250", "503", "503"],
        ),
        (
            b"EHLO me\r\nMAIL FROM:<a@b.example> SIZE=99999999\r\n",
            &["220", "250", "552"],
        ),
    ];
    for (bytes, expected) in table {
        assert_eq!(
            codes(&said(&server, bytes).await),
            expected,
            "{:?}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[tokio::test]
async fn lines_that_are_torn_or_too_long_are_not_commands() {
    let server = server(Scenario::default()).await;
    for bytes in [
        &b"EHLO me\n"[..],
        b"EHLO\rme\r\n",
        &[&b"x".repeat(5000)[..], b"\r\n"].concat(),
    ] {
        assert_eq!(codes(&said(&server, bytes).await), ["220", "500"]);
    }
}

#[tokio::test]
async fn a_mail_cannot_be_smuggled_in_behind_a_lone_line_feed() {
    let server = server(Scenario::default()).await;
    let answer = said(
        &server,
        b"EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\nHi\n.\n\
          MAIL FROM:<evil@b.example>\r\n.\r\nQUIT\r\n",
    )
    .await;
    assert_eq!(
        codes(&answer),
        ["220", "250", "250", "250", "354", "554", "221"]
    );
    assert!(server.ledger().mails.is_empty());
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_refused_after_it_was_read() {
    let server = server(Scenario {
        max_bytes: 100,
        ..Scenario::default()
    })
    .await;
    let line = [&b"x".repeat(60)[..], b"\r\n"].concat();
    let bytes = [
        b"EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n",
        &line.repeat(3)[..],
        b".\r\nQUIT\r\n",
    ]
    .concat();
    assert_eq!(
        codes(&said(&server, &bytes).await).last_chunk(),
        Some(&["552", "221"])
    );
}

#[tokio::test]
async fn who_errs_too_often_is_left() {
    let server = server(Scenario::default()).await;
    let answer = said(&server, &b"HELP\r\n".repeat(100)).await;
    assert_eq!(codes(&answer).len(), 22);
    assert_eq!(codes(&answer).last(), Some(&"421"));
}

#[tokio::test]
async fn who_says_nothing_is_left() {
    let server = server(Scenario {
        idle_seconds: 0.05,
        ..Scenario::default()
    })
    .await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let mut answer = String::new();
    let reading = stream.read_to_string(&mut answer);
    tokio::time::timeout(PATIENCE, reading)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(codes(&answer), ["220"]);
}

#[tokio::test]
async fn commands_sent_ahead_of_encryption_end_the_connection() {
    let server = start(Config {
        tls: Tls::StartTls,
        ..Config::with_scenario(Scenario::default())
    })
    .await
    .unwrap();
    let answer = said(&server, b"EHLO me\r\nSTARTTLS\r\nMAIL FROM:<>\r\n").await;
    assert_eq!(codes(&answer), ["220", "250", "220"]);
}

#[tokio::test]
async fn garbage_does_no_harm() {
    let server = server(Scenario::default()).await;
    let noise: Vec<u8> = (0..20_000u32)
        .map(|each| (each.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    for bytes in [
        &noise[..],
        b"",
        b"\r\n\r\n",
        b"\0\0\0",
        b"GET / HTTP/1.1\r\n\r\n",
        b"AUTH\r\nAUTH PLAIN\r\n=\r\n",
    ] {
        assert!(said(&server, bytes).await.starts_with("220 "));
    }
    let answer = said(
        &server,
        b"EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n\xff\xfe\r\n.\r\nQUIT\r\n",
    )
    .await;
    assert_eq!(codes(&answer).last_chunk(), Some(&["250", "221"]));
}
