//! The line at OpenPhone: a voicemail of somebody new, and a text with a new address.

use anyhow::{Context, Result, ensure};
use domain::{followup::MissedKind, text::Field};
use jiff::Timestamp;
use serde_json::json;
use simulator::{gemini, openphone::CallStory};

use super::{Place, note, seen, tell};
use crate::commands::{
    approvals,
    demo::clinic::{LINE, SLUG, STRANGER, WRITES},
    followups,
};

const MESSAGE: &str = "Hello, I am new in town and would like an appointment. Please call me back.";
const TEXT: &str = "Good morning, please write to priya.nair@new.example from now on. Thank you!";
const NEW_EMAIL: &str = "priya.nair@new.example";

/// As Gemini would: it finds the address in the words.
pub(super) fn reads() -> gemini::Scenario {
    gemini::Scenario::default().finding(NEW_EMAIL, json!({"email": NEW_EMAIL}))
}

pub(super) async fn voicemail(place: &Place<'_>) -> Result<()> {
    tell(&format!(
        "{STRANGER} calls the line at OpenPhone; nobody answers, and a message is left"
    ))?;
    note("message", &format!("“{MESSAGE}”"))?;
    let story = CallStory::voicemail(MESSAGE);
    let call = place.vendors.phone.call_from(STRANGER, LINE, story);
    call.context("OpenPhone has no such line")?;
    let entry = seen("the voicemail became no follow-up", || async {
        let waiting = place.tx().await?.follow_ups(false, 100).await?;
        let theirs = waiting.into_iter().find(|each| {
            each.e164.as_deref() == Some(STRANGER) && each.kind == Some(MissedKind::Voicemail)
        });
        Ok(theirs)
    })
    .await?;
    note(
        "follow-up",
        &followups::line(&entry, Timestamp::now(), &place.zone),
    )?;
    ensure!(
        entry.owner.is_some() && entry.due_at.is_some(),
        "the follow-up of the voicemail has no owner or no time"
    );
    Ok(())
}

pub(super) async fn text(place: &Place<'_>) -> Result<()> {
    let who = place.person(WRITES.e164).await?;
    tell(&format!("{} writes to the line", who.name))?;
    note("text", &format!("“{TEXT}”"))?;
    let text = place.vendors.phone.text_from(WRITES.e164, LINE, TEXT);
    text.context("OpenPhone has no such line")?;
    let waits = seen(
        "the new e-mail address in the text does not wait for approval",
        || async {
            let waiting = place.tx().await?.approvals(true, 100).await?;
            Ok(waiting
                .into_iter()
                .find(|each| each.contact == who.id && each.approval.field == Field::Email))
        },
    )
    .await?;
    note("waits", &approvals::line(&waits, &place.zone))?;
    let accepts = format!("bellhop approvals approve --tenant {SLUG} {}", waits.id);
    note("to accept", &accepts)?;
    let still = place.person(WRITES.e164).await?.email;
    ensure!(
        still == who.email && waits.approval.proposed.0 == NEW_EMAIL,
        "the new e-mail address was taken without anybody's word"
    );
    Ok(())
}
