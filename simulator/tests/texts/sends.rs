use std::time::Duration;

use domain::text::{TextStatus, What};
use jiff::Timestamp;
use providers::channel::SendError;
use simulator::openphone::{Fault, Outcome, Shape};

use crate::harness::{
    Inbox, KEY, LINE, PATIENCE, PERSON, client, client_with, fast, hasty, number, options,
    quiet_workspace, workspace,
};

fn long_ago() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

#[tokio::test]
async fn a_text_is_sent_from_a_line_and_told_as_delivered() {
    for shape in [Shape::V3, Shape::V4, Shape::Quo] {
        let inbox = Inbox::default();
        let workspace = workspace(fast(), &inbox, shape).await;
        let client = client(&workspace);
        let sent = client
            .send_text("PN1", &number(PERSON), "It is.")
            .await
            .unwrap();
        assert_eq!(sent.line_id.as_deref(), Some("PN1"));
        assert!(workspace.quiet(PATIENCE).await);
        assert_eq!(workspace.ledger().texts(PERSON), ["It is."]);

        let conversation = inbox.conversation();
        let entries = conversation.in_order();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].id, sent.message_id);
        let What::Text(text) = &entries[0].what else {
            panic!()
        };
        assert_eq!(text.status, Some(TextStatus::Delivered));
    }
}

#[tokio::test]
async fn each_answer_is_what_the_caller_can_do_about_it() {
    let misconfigured = |detail: &str| SendError::Misconfigured {
        detail: detail.to_owned(),
    };
    let limited = |seconds: Option<u64>| SendError::RateLimited {
        retry_after: seconds.map(Duration::from_secs),
    };
    for (fault, expected, taken) in [
        (Fault::RateLimited, limited(Some(1)), 0),
        (Fault::RateLimitedSilently, limited(None), 0),
        (Fault::ServerError, SendError::Uncertain, 0),
        (Fault::ServerErrorAfter, SendError::Uncertain, 1),
        (Fault::Hang, SendError::Uncertain, 0),
        (Fault::HangAfter, SendError::Uncertain, 1),
        (Fault::Unauthorized, misconfigured("0200401"), 0),
        (Fault::NoCredits, misconfigured("0200402"), 0),
        (Fault::NotRegistered, misconfigured("0206400"), 0),
        (
            Fault::Refused,
            SendError::Refused {
                permanent: true,
                detail: "0200400".to_owned(),
            },
            0,
        ),
    ] {
        let workspace = quiet_workspace(fast().always(fault)).await;
        let hung = matches!(fault, Fault::Hang | Fault::HangAfter);
        let options = if hung { hasty() } else { options() };
        let client = client_with(&workspace, KEY, options);
        let answer = client.send_text("PN1", &number(PERSON), "It is.").await;
        assert_eq!(answer, Err(expected), "{fault:?}");
        assert!(workspace.asked(1, PATIENCE).await);
        let ledger = workspace.ledger();
        assert_eq!(
            (ledger.sends.len(), ledger.texts(PERSON).len()),
            (1, taken),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn what_openphone_would_not_take_is_not_even_sent() {
    let workspace = quiet_workspace(fast()).await;
    let client = client(&workspace);
    for (text, detail) in [(" ", "empty"), (&"x".repeat(1601), "too_long")] {
        let refused = SendError::Refused {
            permanent: true,
            detail: detail.to_owned(),
        };
        let answer = client.send_text("PN1", &number(PERSON), text).await;
        assert_eq!(answer, Err(refused));
    }
    assert_eq!(workspace.ledger().sends, []);
    let foreign = client.send_text("PN9", &number(PERSON), "Hello").await;
    assert_eq!(foreign.unwrap_err().detail(), Some("0202403"));
    let wrong_key = client_with(&workspace, "other", options());
    let refused = wrong_key.send_text("PN1", &number(PERSON), "Hello").await;
    assert_eq!(refused.unwrap_err().class(), "misconfigured");
}

#[tokio::test]
async fn a_text_in_doubt_is_found_in_the_list_or_proven_absent() {
    for (fault, is_there) in [(Fault::ServerErrorAfter, true), (Fault::ServerError, false)] {
        let workspace = quiet_workspace(fast().with_sends(PERSON, &[Fault::None, fault])).await;
        let client = client(&workspace);
        let to = number(PERSON);
        let before = client.send_text(LINE, &to, "Same words").await.unwrap();
        let doubtful = client.send_text(LINE, &to, "Same words").await;
        assert_eq!(doubtful, Err(SendError::Uncertain));
        let known = [before.message_id.clone()];
        let found = client
            .find_text("PN1", &to, long_ago(), "Same words", &known)
            .await;
        let found = found.unwrap();
        assert_eq!(found.is_some(), is_there);
        assert!(found.is_none_or(|found| found.message_id != before.message_id));
        let other = client
            .find_text("PN1", &to, long_ago(), "Other words", &[])
            .await;
        assert_eq!(other.unwrap(), None);
    }
}

#[tokio::test]
async fn a_search_reads_every_page() {
    let workspace = quiet_workspace(fast()).await;
    let client = client(&workspace);
    let sent = client
        .send_text("PN1", &number(PERSON), "The first")
        .await
        .unwrap();
    for n in 0..150 {
        workspace.text_from(PERSON, LINE, &format!("{n}")).unwrap();
    }
    let found = client
        .find_text("PN1", &number(PERSON), long_ago(), "The first", &[])
        .await;
    assert_eq!(
        found.unwrap().map(|found| found.message_id),
        Some(sent.message_id)
    );
    let first = client
        .messages("PN1", &number(PERSON), long_ago(), None)
        .await
        .unwrap();
    assert_eq!(first.events.len(), 100);
    let second = client
        .messages("PN1", &number(PERSON), long_ago(), first.next.as_deref())
        .await;
    let second = second.unwrap();
    assert_eq!((second.events.len(), second.next), (51, None));
}

#[tokio::test]
async fn a_text_that_does_not_arrive_is_told_by_the_new_webhooks() {
    let inbox = Inbox::default();
    let scenario = fast().ending(Outcome::Undelivered);
    let workspace = workspace(scenario, &inbox, Shape::Quo).await;
    client(&workspace)
        .send_text("PN1", &number(PERSON), "Hello")
        .await
        .unwrap();
    assert!(workspace.quiet(PATIENCE).await);
    let conversation = inbox.conversation();
    let What::Text(text) = &conversation.in_order()[0].what else {
        panic!()
    };
    assert_eq!(text.status, Some(TextStatus::Undelivered));
    assert_eq!(text.error_code.as_deref(), Some("30003"));
}
