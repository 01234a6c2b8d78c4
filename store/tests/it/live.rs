//! Calls as others follow them, and the calls that went badly.

use domain::{
    call::{CallOutcome, CallState, Direction},
    ids::CallId,
    quality::{CallFlag, CallTally},
    settings::{MOST_COUNTED, Quality},
};
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use store::{AccessToken, TenantStore};

use crate::harness::{NOW, Stage, appointment, appointment_id, at, authorize, import, stage};

/// A tenant with a call that is authorized.
async fn clinic(stage: &Stage, slug: &str) -> (TenantStore, CallId) {
    let tenant = stage.tenant(slug).await;
    import(&tenant, &[appointment("A1")]).await;
    let appointment = appointment_id(&tenant, "A1").await;
    let call = authorize(&tenant, appointment).await;
    (tenant, call)
}

async fn ended(tenant: &TenantStore, call: CallId, outcome: CallOutcome, flag: Option<CallFlag>) {
    let mut tx = tenant.begin().await.unwrap();
    tx.finish_call(call, outcome, at(NOW), None).await.unwrap();
    tx.mark_quality(call, flag).await.unwrap();
    tx.commit().await.unwrap();
}

async fn tally(tenant: &TenantStore, hours: i64) -> CallTally {
    let mut tx = tenant.begin().await.unwrap();
    let now = at(NOW) + SignedDuration::from_hours(hours);
    tx.call_tally(Direction::Outbound, &Quality::default(), now)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_call_is_followed_under_its_own_tenant_only() {
    let stage = stage().await;
    let (ours, our_call) = clinic(&stage, "ours").await;
    let (theirs, their_call) = clinic(&stage, "theirs").await;

    let mut tx = ours.begin().await.unwrap();
    let status = tx.call_status(our_call).await.unwrap().unwrap();
    assert_eq!(status.state, CallState::Queued);
    assert_eq!(tx.call_status(their_call).await.unwrap(), None);

    let asked = [
        (ours.id(), our_call),
        (ours.id(), their_call),
        (theirs.id(), our_call),
        (theirs.id(), CallId::generate()),
    ];
    let found = stage.store.call_statuses(&asked).await.unwrap();
    assert_eq!(found, [(ours.id(), status)]);
}

#[tokio::test]
async fn a_token_is_its_tenants_until_it_is_taken_back() {
    let stage = stage().await;
    let (ours, _) = clinic(&stage, "ours").await;
    let (theirs, _) = clinic(&stage, "theirs").await;
    let token = AccessToken::generate();
    let mut tx = ours.begin().await.unwrap();
    tx.add_token(&token, Some("screen at the desk"))
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let owner = stage.store.owner_of(&token).await.unwrap().unwrap();
    assert_eq!((owner.tenant, owner.slug.as_str()), (ours.id(), "ours"));
    let shown = token.reveal().expose_secret().to_owned();
    let (id, secret) = shown.split_once('.').unwrap();
    let last = if secret.ends_with('0') { '1' } else { '0' };
    let forged = format!("{id}.{}{last}", &secret[..63]).parse().unwrap();
    assert_eq!(stage.store.owner_of(&forged).await.unwrap(), None);
    let kept: String = sqlx::query_scalar("select row_to_json(k)::text from access_tokens k")
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    assert!(!kept.contains(secret), "the token itself is stored");

    let mut tx = theirs.begin().await.unwrap();
    assert!(!tx.remove_token(token.id()).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = ours.begin().await.unwrap();
    assert!(tx.remove_token(token.id()).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(stage.store.owner_of(&token).await.unwrap(), None);
}

#[tokio::test]
async fn calls_count_within_the_window_until_somebody_has_looked() {
    let stage = stage().await;
    let (tenant, call) = clinic(&stage, "ours").await;
    assert_eq!(
        tally(&tenant, 0).await,
        CallTally::default(),
        "it is not over"
    );
    ended(&tenant, call, CallOutcome::Confirmed, Some(CallFlag::Short)).await;
    let (other, failed) = clinic(&stage, "theirs").await;
    ended(&other, failed, CallOutcome::Failed, None).await;

    let short = CallTally {
        made: 1,
        conversations: 1,
        short: 1,
        ..CallTally::default()
    };
    assert_eq!(tally(&tenant, 0).await, short);
    assert_eq!(tally(&tenant, 23).await, short);
    assert_eq!(tally(&tenant, 24).await, CallTally::default());

    let mut tx = tenant.begin().await.unwrap();
    tx.set_paused(false).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(tally(&tenant, 0).await, CallTally::default());
    assert_eq!(tally(&other, 0).await.failed, 1, "nobody looked at theirs");

    import(&tenant, &[appointment("A2")]).await;
    let next = authorize(&tenant, appointment_id(&tenant, "A2").await).await;
    ended(&tenant, next, CallOutcome::Voicemail, None).await;
    let counted = tally(&tenant, 0).await;
    assert_eq!((counted.made, counted.conversations), (1, 0));
}

#[tokio::test]
async fn calls_are_counted_over_an_index_and_no_more_than_are_needed() {
    let stage = stage().await;
    let (tenant, call) = clinic(&stage, "ours").await;
    ended(&tenant, call, CallOutcome::Failed, None).await;
    sqlx::query(
        "insert into calls (tenant_id, id, direction, e164, provider, state, dial_state, authorized_at, outcome, outcome_at)
         select tenant_id, gen_random_uuid(), direction, e164, provider, state, dial_state, authorized_at, outcome,
                outcome_at - n * interval '1 second'
         from calls, generate_series(1, 5000) n",
    )
    .execute(&stage.pool)
    .await
    .unwrap();
    sqlx::query("analyze calls")
        .execute(&stage.pool)
        .await
        .unwrap();

    assert_eq!(tally(&tenant, 0).await.made, u64::from(MOST_COUNTED));

    let mut tx = stage.as_tenant(tenant.id()).await;
    let plan: Vec<String> = sqlx::query_scalar(
        "explain select outcome, quality from calls c
         where c.tenant_id = current_setting('bellhop.tenant')::uuid and c.direction = 'outbound'
           and c.outcome is not null and c.outcome <> 'not_placed' and c.outcome_at > '2027-01-11T12:00:00Z'
         order by c.outcome_at desc limit 500",
    )
    .fetch_all(&mut *tx)
    .await
    .unwrap();
    assert!(
        plan.iter().any(|line| line.contains("calls_counted")),
        "{plan:#?}"
    );
}
