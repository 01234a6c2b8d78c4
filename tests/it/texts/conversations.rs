//! Texts, calls and what belongs to them become conversations, in order; opt-outs take effect at once.

use anyhow::{Result, ensure};
use jiff::SignedDuration;
use simulator::{
    gemini,
    openphone::{CallStory, Spoken},
};
use workflows::names;

use super::{Clinic, fast};
use crate::harness::{go_on, number};

#[tokio::test]
async fn texts_and_calls_become_one_conversation_whatever_order_they_come_in() -> Result<()> {
    let mut scenario = fast();
    scenario.webhooks.reorder = 0.4;
    scenario.webhooks.duplicate = 0.4;
    let clinic = Clinic::open("", scenario, gemini::Scenario::default()).await?;
    clinic.text(&number(1), "Hello, it is Ada\u{0} <b>here</b>")?;
    clinic.heard().await?;
    let story = CallStory {
        talk: vec![Spoken {
            ours: false,
            words: "Can I come earlier?".to_owned(),
        }],
        summary: vec!["Wants to come earlier".to_owned()],
        ..CallStory::default()
    };
    clinic.phone.call_from(&number(1), super::LINE, story);
    clinic.heard().await?;
    let left = CallStory::voicemail("Please call me back");
    clinic.phone.call_from(&number(1), super::LINE, left);
    clinic.heard().await?;
    clinic.text(&number(1), "Never mind")?;
    clinic.text(&number(50), "Who are you?")?;
    clinic.heard().await?;

    let told = clinic.tell(&["conversation", &number(1)]).await?;
    let places: Vec<_> = [
        "it is Ada",
        "call, answered",
        "Wants to come earlier",
        "Can I come earlier?",
        "call, voicemail",
        "Please call me back",
        "Never mind",
    ]
    .iter()
    .map(|words| told.find(words))
    .collect();
    ensure!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?} in {told}"
    );
    let of_ada = "conversation_entries where contact_id is not null";
    assert_eq!(clinic.world.count(of_ada).await?, 4);
    // Whoever is not known has a conversation, and nobody is made of it.
    let told = clinic.tell(&["conversation", &number(50)]).await?;
    ensure!(told.contains("Who are you?"), "{told}");
    assert_eq!(clinic.world.count("contacts").await?, 1);
    assert_eq!(clinic.world.count("conversation_entries").await?, 5);
    clinic.world.play().await?;
    clinic.world.assert_sound().await
}

#[tokio::test]
async fn stop_by_text_ends_reminders_and_texts_at_once_until_start() -> Result<()> {
    let clinic = Clinic::open("", fast(), gemini::Scenario::default()).await?;
    clinic.text(&number(1), "Please cancel my appointment")?;
    clinic.heard().await?;
    assert_eq!(clinic.world.count("opt_outs").await?, 0);

    clinic.text(&number(1), " S.T.O.P! ")?;
    clinic.heard().await?;

    clinic.world.settled().await?;
    assert_eq!(clinic.world.ending("A1").await?, "refused: opted_out");
    let send = ["texts", "send", "--to", &number(1), "Hello"];
    let refused = [&send[..], &["--tenant", crate::harness::SLUG]].concat();
    let printed = clinic.world.run(&refused, "").await?;
    ensure!(printed.code != Some(0));
    ensure!(
        printed.err.contains("not sent (opted_out)"),
        "{}",
        printed.err
    );
    assert_eq!(clinic.phone.ledger().sends.len(), 0);
    // The wish itself is not read for values.
    let of_wish = "extractions x join conversation_entries e on e.id = x.entry_id where e.entry like '%S.T.O.P%'";
    assert_eq!(clinic.world.count(of_wish).await?, 0);

    clinic.text(&number(1), "START")?;
    clinic.heard().await?;
    assert_eq!(clinic.world.count("opt_outs").await?, 0);
    clinic.tell(&send).await?;
    clinic
        .comes_to("it is sent", "outbound_texts where state = 'sent'", 1)
        .await?;

    // What was said elsewhere is not taken back by a text.
    clinic.text(&number(1), "STOP")?;
    clinic.heard().await?;
    clinic.tell(&["opt-out", &number(1)]).await?;
    clinic.text(&number(1), "START")?;
    clinic.heard().await?;
    assert_eq!(clinic.world.count("opt_outs").await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_recording_is_kept_for_its_time_and_one_too_large_is_not() -> Result<()> {
    let clinic = Clinic::open("", fast(), gemini::Scenario::default()).await?;
    clinic
        .phone
        .call_from(&number(1), super::LINE, CallStory::default());
    clinic.heard().await?;
    let kept = "sounds where kept_at is not null and ended is null and length(audio) = 4096";
    clinic.comes_to("the sound is kept", kept, 1).await?;
    let told = clinic.tell(&["conversation", &number(1)]).await?;
    let sound = told
        .split_whitespace()
        .find(|word| word.starts_with("snd_"))
        .map(|word| word.trim_end_matches(',').to_owned());
    let sound = sound.ok_or_else(|| anyhow::anyhow!("no sound in {told}"))?;
    let file = clinic.world.path("sound.mp3");
    let path = file.display().to_string();
    clinic
        .tell(&["texts", "sound", &sound, "--to", &path])
        .await?;
    assert_eq!(std::fs::read(&file)?.len(), 4096);

    let id = names::sound_id(sound.parse()?);
    let client = clinic.world.client().await?;
    go_on(&client, &id, SignedDuration::from_hours(73)).await?;
    let gone = "sounds where ended = 'deleted' and audio is null";
    clinic.comes_to("its time is over", gone, 1).await?;

    let mut scenario = fast();
    scenario.media.bytes = 1024 * 1024 + 1;
    clinic.phone.set_scenario(scenario)?;
    clinic
        .phone
        .call_from(&number(1), super::LINE, CallStory::default());
    clinic.heard().await?;
    let refused = "sounds where ended = 'too_large' and audio is null";
    clinic.comes_to("it is too large", refused, 1).await
}
