//! Texts of ours: sent once, whatever becomes of the request.

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use simulator::{gemini, openphone::Fault};
use workflows::names;

use super::{Clinic, PATIENCE, fast};
use crate::harness::{eventually, go_on, number};

const WORDS: &str = "Your glasses are ready";

impl Clinic {
    async fn with_sends(sends: &[Fault]) -> Result<Clinic> {
        let phone = fast().with_sends(&number(1), sends);
        Clinic::open("", phone, gemini::Scenario::default()).await
    }

    async fn send(&self) -> Result<()> {
        self.tell(&["texts", "send", "--to", &number(1), WORDS])
            .await?;
        Ok(())
    }

    /// Takes the only text ahead until it is sent.
    async fn sent_in_the_end(&self) -> Result<()> {
        let id = self.world.sql("select id from outbound_texts").await?;
        let id = names::text_id(domain::ids::TextId::from_uuid(id.parse()?));
        let client = self.world.client().await?;
        eventually("the text is sent", || async {
            go_on(&client, &id, SignedDuration::from_secs(30)).await?;
            let sent = "outbound_texts where state = 'sent' and provider_id is not null";
            Ok(self.world.count(sent).await? == 1)
        })
        .await
    }

    fn assert_once(&self) {
        assert_eq!(self.phone.ledger().texts(&number(1)), [WORDS]);
    }
}

#[tokio::test]
async fn a_text_is_sent_and_stands_in_the_conversation_with_what_became_of_it() -> Result<()> {
    let clinic = Clinic::with_sends(&[]).await?;
    clinic.send().await?;
    clinic.sent_in_the_end().await?;
    clinic.heard().await?;
    clinic.assert_once();
    let told = clinic.tell(&["conversation", &number(1)]).await?;
    ensure!(told.contains(&format!("[delivered] {WORDS}")), "{told}");
    assert_eq!(clinic.world.count("conversation_entries").await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_text_that_was_sent_after_all_is_found_and_not_sent_again() -> Result<()> {
    let clinic = Clinic::with_sends(&[Fault::ServerErrorAfter]).await?;
    clinic.send().await?;
    clinic.sent_in_the_end().await?;
    clinic.assert_once();
    assert_eq!(clinic.phone.ledger().sends.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_text_that_was_provably_never_taken_is_sent_again() -> Result<()> {
    let clinic = Clinic::with_sends(&[Fault::ServerError, Fault::RateLimited]).await?;
    clinic.send().await?;
    clinic.sent_in_the_end().await?;
    clinic.assert_once();
    assert_eq!(clinic.phone.ledger().sends.len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_worker_that_dies_while_it_sends_leaves_a_doubt_that_is_resolved_first() -> Result<()> {
    let mut clinic = Clinic::with_sends(&[Fault::HangAfter]).await?;
    clinic.send().await?;
    ensure!(clinic.phone.asked(1, PATIENCE).await, "nothing was asked");
    clinic.world.kill_worker();
    let doubt = "outbound_texts where state = 'sending' and sending_since is not null";
    assert_eq!(clinic.world.count(doubt).await?, 1);
    clinic.world.start_worker("all")?;

    clinic.sent_in_the_end().await?;

    clinic.assert_once();
    assert_eq!(clinic.phone.ledger().sends.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_text_that_openphone_refuses_is_not_sent_and_says_why() -> Result<()> {
    let clinic = Clinic::with_sends(&[Fault::NotRegistered]).await?;
    clinic.send().await?;
    clinic
        .comes_to("it is refused", "outbound_texts where state = 'refused'", 1)
        .await?;
    let list = clinic.tell(&["texts", "list"]).await?;
    let line = list.lines().next().context("a line")?;
    ensure!(line.contains("refused (misconfigured)"), "{line}");
    assert_eq!(clinic.phone.ledger().sends.len(), 1);
    Ok(())
}
