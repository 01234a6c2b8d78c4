use domain::{
    ids::TenantId,
    linecheck::{CheckFacts, CheckStep, Code, Verdict, code_of, next_step},
    settings::LineCheck,
};
use jiff::{SignedDuration, Timestamp};
use simulator::openphone::{Outcome, Shape};

use crate::harness::{Inbox, LINE, MONITOR, PATIENCE, client, fast, number, workspace};

/// Sends one check, and judges it by what came in.
async fn verdict(ending: Outcome) -> CheckStep {
    let settings = LineCheck {
        enabled: true,
        monitor_number: Some(MONITOR.to_owned()),
        main_number: Some(LINE.to_owned()),
        ..LineCheck::default()
    };
    let inbox = Inbox::default();
    let workspace = workspace(fast().ending(ending), &inbox, Shape::Quo).await;
    let planned_at = Timestamp::now();
    let mut facts = CheckFacts {
        planned_at,
        sent_at: None,
        failure: None,
        arrived_at: None,
        was_asked_for: false,
    };
    assert_eq!(next_step(planned_at, &facts, &settings), CheckStep::Send);
    let code = Code::of(TenantId::generate(), planned_at);
    let sent = client(&workspace)
        .send_text(MONITOR, &number(LINE), &code.text())
        .await;
    sent.unwrap();
    facts.sent_at = Some(planned_at);
    assert!(workspace.quiet(PATIENCE).await);
    let entries = inbox.entries();
    let incoming = entries
        .iter()
        .filter(|entry| entry.parties.direction == Some(domain::call::Direction::Inbound));
    let arrived = incoming
        .filter_map(|entry| code_of(entry, &settings))
        .any(|found| found == code);
    facts.arrived_at = arrived.then_some(planned_at);
    let later = planned_at
        .checked_add(SignedDuration::from_secs(121))
        .unwrap();
    next_step(later, &facts, &settings)
}

#[tokio::test]
async fn a_check_that_arrives_ends_well() {
    let arrived = CheckStep::Finished(Verdict::Arrived);
    assert_eq!(verdict(Outcome::Delivered).await, arrived);
}

#[tokio::test]
async fn a_check_that_is_lost_on_the_way_alerts_after_two_minutes() {
    let step = verdict(Outcome::Lost).await;
    assert!(matches!(step, CheckStep::AlertAndWait { .. }), "{step:?}");
}
