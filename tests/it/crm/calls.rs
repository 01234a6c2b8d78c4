//! Calls on the lines at OpenPhone, in the CRM.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use simulator::{
    openphone::{self, CallStory, Shape},
    senders::Vendor,
    zoho::Scenario,
};

use super::{Office, office};
use crate::harness::{SLUG, eventually, number};

const LINE: &str = "+442079460100";

/// A clinic in step with Zoho, and its line.
async fn with_line() -> Result<(Office, openphone::Running)> {
    let settings = format!(
        "[texts]\nnumbers = [{LINE:?}]\n[inbound]\nshared_numbers = [{:?}]",
        number(9)
    );
    let office = office(&settings, Scenario::default()).await?;
    let source = office
        .world
        .add_source(SLUG, Vendor::from_code("quo").context("quo")?)
        .await?;
    let secret = "whsec_dGVzdC1zZWNyZXQtb2YtdGhpcnR5LXR3by1ieXRlcyE=";
    let quick = openphone::Scenario::default().at_speed(10_000.0);
    let config = openphone::Config::with_lines("no_key_is_asked_for", &[LINE], quick);
    let line = openphone::start(config.telling(&source.url, Shape::Quo, secret)).await?;
    Ok((office, line))
}

fn answered(summary: &[&str]) -> CallStory {
    CallStory {
        duration_s: 62,
        recording: false,
        summary: summary.iter().map(|point| (*point).to_owned()).collect(),
        ..CallStory::default()
    }
}

/// Waits until every event of the line was heard.
async fn heard(office: &Office, line: &openphone::Running) -> Result<()> {
    let patience = std::time::Duration::from_secs(30);
    ensure!(line.quiet(patience).await, "OpenPhone still sends");
    eventually("every event was heard", || async {
        let open = "events where state not in ('succeeded', 'invalid')";
        Ok(office.world.count(open).await? == 0)
    })
    .await
}

fn text_of(call: &Value) -> &str {
    call["Description"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_call_on_a_line_is_written_once_and_a_late_summary_is_added_to_it() -> Result<()> {
    let (mut office, line) = with_line().await?;
    let (_, record) = office.pair(1, 3).await?;

    let call = line
        .call_from(&number(1), LINE, answered(&["Asked for Friday."]))
        .context("it rings")?;
    heard(&office, &line).await?;
    office
        .in_time("the call is there", || async {
            Ok(office.zoho.records("Calls").len() == 1)
        })
        .await?;
    office.settled().await?;
    let written = office.writes();
    let calls = office.zoho.records("Calls");
    assert_eq!(calls[0]["Who_Id"]["id"], record);
    assert_eq!(calls[0]["Call_Type"], "Inbound");
    assert_eq!(calls[0]["Call_Duration"], "01:02");
    ensure!(
        text_of(&calls[0]).contains("Asked for Friday."),
        "{calls:?}"
    );

    ensure!(line.summarise(&call, &["Asked for Friday.", "Has moved to Leeds."]));
    heard(&office, &line).await?;
    office
        .in_time("what came later is added", || async {
            let calls = office.zoho.records("Calls");
            Ok(text_of(&calls[0]).contains("Has moved to Leeds."))
        })
        .await?;
    office.settled().await?;
    assert_eq!(office.zoho.records("Calls").len(), 1);
    assert_eq!(office.writes(), written + 1);
    Ok(())
}

#[tokio::test]
async fn who_is_known_to_the_crm_alone_is_known_from_their_first_call_on_a_line() -> Result<()> {
    let (office, line) = with_line().await?;
    let record = office.person(7, &json!({"Phone": null, "Mobile": "07700 900007"}))?;
    office.settled().await?;

    let story = CallStory::voicemail("please ring me back");
    line.call_from(&number(7), LINE, story)
        .context("it rings")?;
    heard(&office, &line).await?;
    office
        .in_time("the call is written to the record", || async {
            let calls = office.zoho.records("Calls");
            Ok(calls.len() == 1 && calls[0]["Who_Id"]["id"] == record)
        })
        .await?;
    let calls = office.zoho.records("Calls");
    assert_eq!(calls[0]["Call_Type"], "Missed");
    assert_eq!(calls[0]["Subject"], "Voicemail");
    ensure!(
        text_of(&calls[0]).contains("please ring me back"),
        "{calls:?}"
    );
    assert_eq!(office.world.count("contacts").await?, 1);

    // Of somebody whom nobody knows, or who may be anybody of a hostel, nothing is written, and nothing waits.
    office.person(9, &json!({"First_Name": "Guest"}))?;
    for of in [8, 9] {
        line.call_from(&number(of), LINE, answered(&[]))
            .context("it rings")?;
    }
    heard(&office, &line).await?;
    office.settled().await?;
    assert_eq!(office.zoho.records("Calls").len(), 1);
    assert_eq!(office.world.count("contacts").await?, 1);
    assert_eq!(office.world.count("crm_queue").await?, 0);
    office.assert_discreet()
}
