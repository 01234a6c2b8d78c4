use std::collections::BTreeSet;

use domain::{
    country::Country,
    followup::{self, MissedKind},
    text::{CallStage, Conversation, Number, PhoneCall, Speaker, What},
};
use jiff::Timestamp;
use providers::openphone::{
    client::AudioError,
    entry::{Reading, entry},
};
use simulator::openphone::{CallStory, Shape, Spoken};

use crate::harness::{
    Inbox, KEY, LINE, PATIENCE, PERSON, client, client_with, fast, number, options,
    quiet_workspace, workspace,
};

fn talk() -> CallStory {
    let said = |ours, words: &str| Spoken {
        ours,
        words: words.to_owned(),
    };
    CallStory {
        talk: vec![said(true, "Hello?"), said(false, "Is Tuesday free?")],
        summary: vec!["Asked about Tuesday.".to_owned()],
        ..CallStory::default()
    }
}

fn only_call(conversation: &Conversation) -> PhoneCall {
    let entries = conversation.in_order();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].parties.person, Number::read(PERSON, Country::GB));
    match &entries[0].what {
        What::Call(call) => call.as_ref().clone(),
        What::Text(_) => panic!("a call is no text"),
    }
}

#[tokio::test]
async fn a_call_is_told_with_all_that_comes_of_it_in_every_shape() {
    for shape in [Shape::V3, Shape::V4, Shape::Quo] {
        let inbox = Inbox::default();
        let workspace = workspace(fast(), &inbox, shape).await;
        workspace.call_from(PERSON, LINE, talk()).unwrap();
        assert!(workspace.quiet(PATIENCE).await);
        let conversation = inbox.conversation();
        let call = only_call(&conversation);
        let direction = conversation.in_order()[0].parties.direction;
        assert_eq!(call.stage(direction), CallStage::Answered, "{shape:?}");
        assert_eq!(call.recordings.len(), 1);
        let transcript = call.transcript.unwrap();
        let sides: Vec<Speaker> = transcript.lines.iter().map(|line| line.speaker).collect();
        assert_eq!(sides, [Speaker::Business, Speaker::Person]);
        assert!(call.summary.unwrap().complete);
        assert_eq!(followup::missed(conversation.in_order()[0]), None);
    }
}

#[tokio::test]
async fn a_missed_call_is_one_in_every_shape() {
    for shape in [Shape::V3, Shape::V4, Shape::Quo] {
        for (story, kind) in [
            (CallStory::missed(), MissedKind::Call),
            (CallStory::voicemail("Call me back"), MissedKind::Voicemail),
        ] {
            let inbox = Inbox::default();
            let workspace = workspace(fast(), &inbox, shape).await;
            workspace.call_from(PERSON, LINE, story).unwrap();
            assert!(workspace.quiet(PATIENCE).await);
            let conversation = inbox.conversation();
            let missed = followup::missed(conversation.in_order()[0]);
            assert_eq!(missed.map(|missed| missed.kind), Some(kind), "{shape:?}");
        }
    }
}

#[tokio::test]
async fn spoilt_webhooks_come_to_the_same_conversation() {
    for shape in [Shape::V4, Shape::Quo] {
        let mut scenario = fast();
        scenario.webhooks.duplicate = 0.3;
        scenario.webhooks.reorder = 0.4;
        scenario.webhooks.delay = 0.3;
        scenario.webhooks.delay_seconds = [0.0, 0.05];
        let inbox = Inbox::default();
        let workspace = workspace(scenario, &inbox, shape).await;
        workspace.call_from(PERSON, LINE, talk()).unwrap();
        assert!(workspace.quiet(PATIENCE).await);
        let faults: BTreeSet<_> = workspace
            .ledger()
            .webhooks
            .iter()
            .map(|it| it.fault)
            .collect();
        assert!(!faults.is_empty());
        let call = only_call(&inbox.conversation());
        assert!(call.transcript.is_some() && call.summary.is_some());
        assert!(call.recordings.len() == 1 && call.answered_at.is_some());
    }
}

#[tokio::test]
async fn reads_repair_what_webhooks_did_not_tell() {
    let workspace = quiet_workspace(fast()).await;
    let client = client(&workspace);
    let id = workspace.call_from(PERSON, LINE, talk()).unwrap();
    let left = workspace
        .call_from(PERSON, LINE, CallStory::voicemail("Call me back"))
        .unwrap();
    assert!(workspace.quiet(PATIENCE).await);
    let now = Timestamp::now();
    let list = client
        .calls("PN1", &number(PERSON), Timestamp::UNIX_EPOCH, None)
        .await
        .unwrap();
    let mut events = list.events;
    events.extend(client.recordings(&id, now).await.unwrap());
    events.extend(client.summary(&id).await.unwrap());
    events.extend(client.transcript(&id).await.unwrap());
    events.extend(client.voicemail(&left, now).await.unwrap());
    assert_eq!(events.len(), 6);
    let lines = [number(LINE)];
    let reading = Reading {
        country: Country::GB,
        lines: &lines,
    };
    let conversation: Conversation = events
        .iter()
        .filter_map(|event| entry(event, reading))
        .collect();
    let stage = |wanted: &str| {
        let entries = conversation.in_order();
        let entry = entries.iter().find(|entry| entry.id == wanted).unwrap();
        let What::Call(call) = &entry.what else {
            panic!()
        };
        (
            call.stage(entry.parties.direction),
            call.recordings.len(),
            call.transcript.is_some(),
        )
    };
    assert_eq!(stage(&id), (CallStage::Answered, 1, true));
    assert_eq!(stage(&left), (CallStage::Voicemail, 0, false));
    for nothing in [
        client.summary(&left).await,
        client.transcript(&left).await,
        client.recordings(&left, now).await,
        client.call("AC0").await,
    ] {
        assert_eq!(nothing.unwrap(), None);
    }
}

fn sound_url(workspace: &simulator::openphone::Running) -> String {
    format!(
        "{}/media/AC1.mp3?expires=300&signature=demo",
        workspace.base_url()
    )
}

#[tokio::test]
async fn sound_is_fetched_within_bounds_and_without_the_key() {
    let mut scenario = fast();
    scenario.media.bytes = 100_000;
    let workspace = quiet_workspace(scenario.clone()).await;
    let url = sound_url(&workspace);
    let mut options = options();
    options.audio.largest = 100_000;
    let exact = client_with(&workspace, KEY, options.clone());
    // The fake refuses a fetch that carries a key.
    let audio = exact.audio(&url).await.unwrap();
    assert_eq!(
        (audio.bytes.len(), audio.kind.as_deref()),
        (100_000, Some("audio/mpeg"))
    );
    options.audio.largest = 99_999;
    let small = client_with(&workspace, KEY, options.clone());
    assert_eq!(
        small.audio(&url).await,
        Err(AudioError::TooLarge { largest: 99_999 })
    );

    for (status, kind, expected) in [
        (403, "text/xml", AudioError::Gone { status: 403 }),
        (404, "text/xml", AudioError::Gone { status: 404 }),
        (
            429,
            "text/xml",
            AudioError::RateLimited { retry_after: None },
        ),
        (500, "text/xml", AudioError::Failed),
        (302, "text/xml", AudioError::Failed),
        (200, "text/html; charset=utf-8", AudioError::NotAudio),
    ] {
        scenario.media.status = status;
        scenario.media.content_type = kind.to_owned();
        workspace.set_scenario(scenario.clone()).unwrap();
        assert_eq!(exact.audio(&url).await, Err(expected), "{status}");
    }
}

#[tokio::test]
async fn sound_at_a_private_address_is_not_fetched() {
    let workspace = quiet_workspace(fast()).await;
    let mut options = options();
    options.audio.allow_private = false;
    let client = client_with(&workspace, KEY, options);
    for url in [
        sound_url(&workspace).as_str(),
        "https://127.0.0.1/x.mp3",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/x.mp3",
        "http://example.com/x.mp3",
        "file:///etc/passwd",
        "https://user@example.com/x.mp3",
        "nonsense",
    ] {
        assert_eq!(client.audio(url).await, Err(AudioError::NotPublic), "{url}");
    }
    assert_eq!(workspace.ledger().media_fetched, 0);
}

/// An address that leads on to another one for ever, or to where the sound is.
async fn leading_to(target: Option<String>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = format!("http://{}/x", listener.local_addr().unwrap());
    let location = target.unwrap_or_else(|| here.clone());
    let answer = async move || (axum::http::StatusCode::FOUND, [("location", location)]);
    let router = axum::Router::new().route("/x", axum::routing::get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    here
}

#[tokio::test]
async fn sound_that_is_elsewhere_is_followed_and_not_for_ever() {
    let workspace = quiet_workspace(fast()).await;
    let client = client(&workspace);
    let elsewhere = leading_to(Some(sound_url(&workspace))).await;
    assert_eq!(client.audio(&elsewhere).await.unwrap().bytes.len(), 4096);
    let file = leading_to(Some("file:///etc/passwd".to_owned())).await;
    assert_eq!(client.audio(&file).await, Err(AudioError::NotPublic));
    let round = leading_to(None).await;
    assert_eq!(client.audio(&round).await, Err(AudioError::Failed));
}
