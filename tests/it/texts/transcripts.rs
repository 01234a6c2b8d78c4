//! A clinic that keeps summaries of calls and no transcripts (MEM-6).

use anyhow::{Result, ensure};
use simulator::{
    gemini,
    openphone::{CallStory, Spoken},
    retell::Outcome,
};

use super::{Clinic, fast};
use crate::{
    erasure::places_of,
    harness::{number, quick},
};

/// Said at OpenPhone, and by Retell's agent in every call that comes to nothing.
const SAID: [&str; 2] = ["marigold", "No trouble, goodbye"];

/// A call on the clinic's own line, and one by the voice agent.
async fn after_two_calls(settings: &str) -> Result<Clinic> {
    let clinic = Clinic::open(settings, fast(), gemini::Scenario::default()).await?;
    let story = CallStory {
        talk: vec![Spoken {
            ours: false,
            words: "It stands by the marigold".to_owned(),
        }],
        summary: vec!["About a periwinkle".to_owned()],
        ..CallStory::default()
    };
    clinic.phone.call_from(&number(1), super::LINE, story);
    clinic.heard().await?;
    let nothing_clear = quick().always(Outcome::NoClearAnswer);
    clinic.world.retell.set_scenario(nothing_clear)?;
    clinic.world.play().await?;
    clinic.world.assert_sound().await?;
    ensure!(!clinic.world.ledger().calls.is_empty(), "nobody was called");
    let told = clinic.tell(&["conversation", &number(1)]).await?;
    ensure!(told.contains("About a periwinkle"), "{told}");
    let summed_up = "calls where summary is not null and outcome is not null";
    ensure!(clinic.world.count(summed_up).await? > 0, "no summary");
    Ok(clinic)
}

#[tokio::test]
async fn a_clinic_that_keeps_no_transcripts_has_them_nowhere_and_the_summaries_all_the_same()
-> Result<()> {
    let clinic = after_two_calls("[retention]\nkeep_transcripts = false").await?;
    for words in SAID {
        let places = places_of(&clinic.world, words).await?;
        ensure!(places.is_empty(), "{words:?} is in {places:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_clinic_that_says_nothing_of_it_keeps_transcripts() -> Result<()> {
    let clinic = after_two_calls("").await?;
    for words in SAID {
        let places = places_of(&clinic.world, words).await?;
        ensure!(!places.is_empty(), "{words:?} is nowhere");
    }
    Ok(())
}
