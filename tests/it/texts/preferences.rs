//! How people want to be dealt with, read out of their words: told to agents once somebody has read it.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use simulator::gemini::Scenario;

use super::{Clinic, fast, settings};
use crate::{
    harness::number,
    inbound::{caller, variable},
};

const LATE: &str = "please always call me after five";
const WELSH: &str = "I prefer to speak Welsh";

impl Clinic {
    /// One whose agents are told what people prefer.
    async fn that_tells(gemini: Scenario) -> Result<Clinic> {
        let clinic = Clinic::open("", fast(), gemini).await?;
        let told = settings("").replace("live = true", "live = true\nhealth_mode = false");
        let told = format!("{told}\n[inbound]\ntell = [\"name\", \"preferences\"]\n");
        clinic.world.apply_settings(&told).await?;
        Ok(clinic)
    }

    /// What an agent is told when Ada Archer calls.
    async fn told(&self) -> Result<String> {
        let rang = self.world.retell.ring(&caller(&number(1))).await;
        let summary = variable(&rang, "memory_summary");
        ensure!(summary.contains("Ada"), "{rang:?}");
        Ok(summary.to_owned())
    }

    /// The waiting value that holds these words.
    async fn waiting(&self, words: &str) -> Result<String> {
        let list = self.tell(&["approvals", "list"]).await?;
        let line = list.lines().find(|line| line.contains(words));
        let id = line.and_then(|line| line.split_whitespace().next());
        Ok(id
            .with_context(|| format!("no {words} in {list}"))?
            .to_owned())
    }

    async fn approve(&self, words: &str) -> Result<String> {
        let id = self.waiting(words).await?;
        self.tell(&["approvals", "approve", "--by", "Rose", &id])
            .await
    }

    async fn set(&self, preferences: &str) -> Result<String> {
        let set = ["contacts", "set", "--by", "Rose", &number(1)];
        self.tell(&[&set[..], &["--preferences", preferences]].concat())
            .await
    }
}

fn finding_both() -> Scenario {
    Scenario::default()
        .finding("after five", json!({"preferences": LATE}))
        .finding("welsh", json!({"preferences": WELSH}))
}

#[tokio::test]
async fn a_preference_waits_for_somebodys_word_and_is_added_to_what_stands_there() -> Result<()> {
    let clinic = Clinic::that_tells(finding_both()).await?;
    for words in [LATE, WELSH] {
        clinic.text(&number(1), &format!("Hello, {words}."))?;
        clinic.read().await?;
    }

    // Nothing is filled in by itself, and the second question does not take the place of the first.
    assert_eq!(clinic.contact("coalesce(remarks, '-')").await?, "-");
    let list = clinic.tell(&["approvals", "list"]).await?;
    ensure!(list.contains(&format!("preferences: + {LATE}")), "{list}");
    let told = clinic.told().await?;
    ensure!(!told.contains("after five"), "{told}");

    for words in [LATE, WELSH] {
        clinic.approve(words).await?;
    }
    let both = format!("{LATE}. {WELSH}");
    assert_eq!(clinic.contact("remarks").await?, both);
    let told = clinic.told().await?;
    ensure!(told.contains(&both), "{told}");
    let logged = format!(
        "contact_changes where field = 'preferences' and changed_by = 'person Rose'
         and coalesce(was, '{LATE}') = '{LATE}' and becomes in ('{LATE}', '{both}')"
    );
    assert_eq!(clinic.world.count(&logged).await?, 2);

    // Said again, it is no news.
    clinic.text(&number(1), &format!("As I said, {WELSH}!"))?;
    clinic.read().await?;
    assert_eq!(clinic.world.count("approvals").await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_preference_for_which_there_is_no_room_goes_on_waiting() -> Result<()> {
    let clinic = Clinic::that_tells(finding_both()).await?;
    let long = "x".repeat(280);
    clinic.set(&long).await?;
    clinic.text(&number(1), &format!("Hello, {WELSH}."))?;
    clinic.read().await?;

    let refused = clinic.approve(WELSH).await.err();
    let refused = refused.context("it is refused")?.to_string();
    for said in ["longer than 300 characters", "contacts set", "the CRM"] {
        ensure!(refused.contains(said), "{refused}");
    }
    assert_eq!(clinic.contact("remarks").await?, long);

    clinic.set("Rings twice").await?;
    clinic.approve(WELSH).await?;
    assert_eq!(
        clinic.contact("remarks").await?,
        format!("Rings twice. {WELSH}")
    );
    Ok(())
}
