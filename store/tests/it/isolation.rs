//! SEC-1: a tenant's transaction reads and writes its own rows only, table by table.

use domain::{
    Reason,
    alert::{AlertCause, Audience, Channel, Severity, Target},
    appointment::AppointmentStatus,
    call::{CallOutcome, Observation, ObservationKind},
    crm::{self, Pair, Question, Why},
    event::{Priority, RetryScope},
    ids::{CallId, ContextId, EventId, TenantId, TextId},
    reminder::Deferral,
    settings::{CalendarKind, CalendarSource, Settings, VoiceProvider},
    text::{Choice, Entry, Field, OutboundPurpose, PassageKind, SoundKind, Usage},
};
use jiff::civil::Date;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use store::{
    AccessToken, AgentMessage, AgentSign, Change, ChangedBy, Claim, ContextEntry, CrmTask,
    Decision, Error, FunctionEntry, Moved, NewContact, NewDelivery, NewEvent, NewNote, NewText,
    PassageSource, Placed, ReadingPause, Seen, TenantStore, TenantTx, ToolUse, Trouble, TryResult,
};
use uuid::Uuid;

use crate::harness::{
    NOW, Stage, appointment, appointment_id, at, authorize, import, place, stage,
};

/// A tenant with at least one row in every tenant table.
struct Clinic {
    tenant: TenantStore,
    call: CallId,
    event: EventId,
}

impl Clinic {
    fn id(&self) -> TenantId {
        self.tenant.id()
    }
}

async fn clinic(stage: &Stage, slug: &str) -> Clinic {
    let tenant = stage.tenant(slug).await;
    import(&tenant, &[appointment("A1")]).await;
    let appointment = appointment_id(&tenant, "A1").await;
    merge_another(&tenant).await;
    let call = authorize(&tenant, appointment).await;
    place(&tenant, call, &format!("call_{slug}")).await;
    let mut tx = tenant.begin().await.unwrap();
    tx.add_source("retell", &format!("hook{slug}"))
        .await
        .unwrap();
    let secret = "key_1".to_owned().into();
    tx.add_provider_secret(stage.store.keys(), "retell", &secret)
        .await
        .unwrap();
    tx.add_token(&AccessToken::generate(), None).await.unwrap();
    tx.defer_reminder(appointment, None).await.unwrap();
    decide(&mut tx, appointment).await.unwrap();
    tx.opt_out("+447700900999", "call").await.unwrap();
    tx.mark_number_invalid("+447700900998").await.unwrap();
    tx.commit().await.unwrap();
    let event = event(tenant.id(), Some(call));
    stage
        .store
        .append_events(std::slice::from_ref(&event))
        .await
        .unwrap();
    let mut tx = tenant.begin().await.unwrap();
    new_rows(&mut tx, event.id).await.unwrap();
    tx.opt_out("+447700900555", "call").await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = tenant.begin().await.unwrap();
    let person = tx.person(None, Some("+447700900555")).await.unwrap();
    drop(tx);
    tenant.erase(&person, at(NOW), |_| {}).await.unwrap();
    Clinic {
        tenant,
        call,
        event: event.id,
    }
}

/// Somebody else, who becomes the contact of the clinic's appointment.
async fn merge_another(tenant: &TenantStore) {
    let mut other = appointment("A2");
    other.contact.name = "A. Archer".to_owned();
    import(tenant, &[other]).await;
    let mut tx = tenant.begin().await.unwrap();
    let both = tx.find_contacts("archer", 2).await.unwrap();
    let merged = tx.merge_contacts(both[1].id, both[0].id, at(NOW)).await;
    merged.unwrap().unwrap();
    tx.commit().await.unwrap();
}

/// A row of each table that callers make.
async fn desk_rows(tx: &mut TenantTx) -> Result<(), Error> {
    let note = NewNote {
        body: "ring the bell",
        ..NewNote::default()
    };
    tx.add_note(&note, at(NOW)).await?;
    tx.keep_function(&FunctionEntry {
        provider: "retell",
        invocation: "i",
        provider_call_id: Some("call_desk"),
        call: None,
        name: "note",
        arguments: &json!({}),
        identity: None,
        act: None,
        refusal: None,
        answer: "{}",
        took_ms: 1,
        request_id: "r",
        trace_id: "t",
        asked_at: at(NOW),
    })
    .await?;
    tx.log_context(&ContextEntry {
        id: ContextId::generate(),
        provider: "retell",
        provider_call_id: None,
        call: None,
        caller: None,
        contact: None,
        e164: None,
        line: None,
        agent_id: None,
        line_problem: None,
        answer: &json!({}),
        failure: None,
        took_ms: 1,
        request_id: None,
        trace_id: None,
        asked_at: at(NOW),
    })
    .await
}

/// A row of each table of texts and calls.
async fn conversation_rows(tx: &mut TenantTx) -> Result<(), Error> {
    let contact = tx
        .recognise(Some("+447700900123"), &Settings::default())
        .await?
        .person
        .unwrap()
        .id;
    let entry = tx
        .join_entry(Entry::call("AC1"), at(NOW), &Settings::default())
        .await?
        .id;
    let choice = Choice {
        at: at(NOW),
        opted_out: false,
    };
    tx.text_choice("+447700900997", choice).await?;
    tx.queue_passage(
        PassageSource::Entry(entry),
        contact,
        PassageKind::Text,
        [1; 32],
        at(NOW),
    )
    .await?;
    let passage = tx.claim_passages(Uuid::now_v7(), 1, at(NOW)).await?;
    let extraction = passage.first().unwrap().id;
    tx.count_use(Date::constant(2027, 3, 1), Usage::default(), 1)
        .await?;
    let pause = ReadingPause {
        until: at(NOW),
        why: "unavailable".to_owned(),
    };
    tx.pause_reading(&pause).await?;
    tx.ask_approval(contact, extraction, (Field::Email, "a", "b"), at(NOW))
        .await?;
    let mut row = tx.lock_contact(contact).await?.unwrap();
    let change = Change {
        field: Field::Address,
        value: "1 High Street",
        by: ChangedBy::Extraction,
        cause: None,
    };
    tx.change_field(&mut row, change, at(NOW)).await?;
    let text = NewText {
        id: TextId::generate(),
        purpose: OutboundPurpose::Person,
        e164: None,
        contact: None,
        line: None,
        body: "hello",
        asked_by: "operator",
    };
    tx.add_text(&text, at(NOW)).await?;
    tx.add_sound(entry, SoundKind::Recording, "1").await?;
    Ok(())
}

/// A row of each table that a CRM needs.
async fn crm_rows(tx: &mut TenantTx) -> Result<(), Error> {
    let new = NewContact {
        name: "Ada Archer".to_owned(),
        email: None,
        e164: Some("+447700900997".to_owned()),
        zones: Vec::new(),
        consent_source: None,
        consent_at: None,
        preferences: None,
    };
    let (contact, _) = tx.add_contact(&new).await?;
    tx.lock_crm().await?;
    tx.lock_crm_contact(contact).await?;
    let task = CrmTask::Contact(contact);
    tx.crm_queue(&task, Some(contact), at(NOW)).await?;
    let question = Question {
        field: crm::Field::Email,
        about: Pair::default(),
        why: Why::BothChanged,
    };
    tx.crm_ask(contact, &[question], at(NOW)).await
}

/// A row of each table that processing and alerting need.
async fn new_rows(tx: &mut TenantTx, event: EventId) -> Result<(), Error> {
    tx.event_read(event, None, None).await?;
    tx.retry_event(event, RetryScope::StateOnly).await?;
    let Claim::Try(each) = tx.claim_event(event, at(NOW)).await? else {
        panic!("it is to be tried");
    };
    tx.end_try(&each, &TryResult::succeeded()).await?;
    tx.agent_seen(&AgentSign {
        session_id: "s".to_owned(),
        at: at(NOW),
        ..AgentSign::default()
    })
    .await?;
    let message = AgentMessage {
        event,
        session_id: "s".to_owned(),
        role: "user",
        text: "hello".to_owned(),
        captured_at: at(NOW),
        seq: 1,
    };
    tx.agent_said(&message).await?;
    let used = ToolUse {
        session_id: "s".to_owned(),
        tool_use_id: "t".to_owned(),
        ..ToolUse::default()
    };
    tx.tool_used(&used).await?;
    desk_rows(tx).await?;
    crm_rows(tx).await?;
    conversation_rows(tx).await?;
    crate::retention::rows(tx).await?;
    let trouble = Trouble {
        cause: AlertCause::EventDead,
        severity: Severity::Error,
        fingerprint: "event_dead-1".to_owned(),
        about: "",
    };
    tx.raise(&trouble, Seen::Occurred, at(NOW)).await?;
    let delivery = NewDelivery {
        batch: Uuid::now_v7(),
        notice: "first",
        severity: Severity::Error,
        target: Target {
            audience: Audience::Client,
            channel: Channel::Slack,
            place: 0,
        },
        subject: "",
        body: "",
    };
    tx.add_delivery(&delivery, at(NOW)).await?;
    tx.lock_breaker("retell", at(NOW)).await?;
    let mut settings = Settings::default();
    let calendar = CalendarSource {
        kind: Some(CalendarKind::CalCom),
        id: Some("1".to_owned()),
    };
    settings
        .calendar
        .calendars
        .insert("desk".to_owned(), calendar);
    tx.keep_calendars(&settings, at(NOW)).await?;
    Ok(())
}

async fn decide(tx: &mut TenantTx, appointment: domain::ids::AppointmentId) -> Result<(), Error> {
    tx.record_decision(&Decision {
        appointment,
        call: None,
        attempt: None,
        made_at: at(NOW),
        verdict: "wait",
        reason: Some(Reason::LimitDay),
        words: "waits",
        facts: json!({}),
    })
    .await
}

fn event(tenant: TenantId, call: Option<CallId>) -> NewEvent {
    let id = EventId::generate();
    NewEvent {
        id,
        tenant,
        source: None,
        provider: "retell",
        event_type: "call_started".to_owned(),
        dedupe_key: id.to_string(),
        call,
        provider_call_id: None,
        priority: Priority::Standard,
        arrived_at: None,
        headers: json!({}),
        body: b"{}".to_vec(),
        request_id: None,
        trace_id: None,
        span_id: None,
    }
}

/// Every table that holds rows of tenants, from the catalog.
pub(crate) async fn tenant_tables(stage: &Stage) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap();
    assert!(tables.len() >= 11, "{tables:?}");
    tables
}

/// The columns of a table that the database does not fill in by itself.
async fn columns(stage: &Stage, table: &str) -> String {
    sqlx::query_scalar(
        "select string_agg(quote_ident(attname), ', ') from pg_attribute
         where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and attgenerated = ''",
    )
    .bind(table)
    .fetch_one(&stage.pool)
    .await
    .unwrap()
}

async fn number(connection: &mut PgConnection, sql: String) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_one(connection)
        .await
        .unwrap()
}

async fn affected(connection: &mut PgConnection, sql: String) -> u64 {
    let done = sqlx::query(AssertSqlSafe(sql)).execute(connection).await;
    done.unwrap().rows_affected()
}

/// The message of a refusal by the database for want of permission.
async fn refusal(connection: &mut PgConnection, sql: String) -> String {
    let done = sqlx::query(AssertSqlSafe(sql.clone()))
        .execute(connection)
        .await;
    let error = done.err().unwrap_or_else(|| panic!("was permitted: {sql}"));
    let error = error.into_database_error().unwrap();
    assert_eq!(error.code().as_deref(), Some("42501"), "{sql}: {error}");
    error.message().to_owned()
}

#[tokio::test]
async fn every_tenant_table_is_guarded_by_a_row_level_policy() {
    let stage = stage().await;
    let unguarded: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
           and not (c.relrowsecurity and exists (
               select from pg_policy p where p.polrelid = c.oid and p.polcmd = '*'))",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap();
    assert_eq!(unguarded, Vec::<String>::new());
}

#[tokio::test]
async fn a_neighbours_rows_cannot_be_read_changed_deleted_or_made() {
    let stage = stage().await;
    let (ours, theirs) = (clinic(&stage, "ours").await, clinic(&stage, "theirs").await);
    let (own, other) = (ours.id().uuid(), theirs.id().uuid());
    for table in tenant_tables(&stage).await {
        let stored = |tenant| format!("select count(*) from {table} where tenant_id = '{tenant}'");
        let mut owner = stage.pool.acquire().await.unwrap();
        let (own_rows, other_rows) = (
            number(&mut owner, stored(own)).await,
            number(&mut owner, stored(other)).await,
        );
        assert!(
            own_rows > 0 && other_rows > 0,
            "{table}: this test must make a row of it"
        );

        let mut tx = stage.as_tenant(ours.id()).await;
        assert_eq!(number(&mut tx, stored(other)).await, 0, "{table} is read");
        let all = format!("select count(*) from {table}");
        assert_eq!(number(&mut tx, all).await, own_rows, "{table}: own rows");
        let update =
            format!("update {table} set tenant_id = tenant_id where tenant_id = '{other}'");
        assert_eq!(affected(&mut tx, update).await, 0, "{table} is changed");
        let delete = format!("delete from {table} where tenant_id = '{other}'");
        assert_eq!(
            affected(&mut tx, delete).await,
            0,
            "{table} is deleted from"
        );
        tx.commit().await.unwrap();

        let columns = columns(&stage, &table).await;
        for sql in [
            format!("update {table} set tenant_id = '{other}'"),
            format!(
                "insert into {table} ({columns}) overriding system value select {columns} from (
                     select (jsonb_populate_record(t, jsonb_build_object('tenant_id', '{other}'))).* from {table} t limit 1
                 ) as copied"
            ),
        ] {
            let mut tx = stage.as_tenant(ours.id()).await;
            let message = refusal(&mut tx, sql.clone()).await;
            assert!(message.contains("row-level security"), "{sql}: {message}");
        }
        assert_eq!(
            number(&mut owner, stored(other)).await,
            other_rows,
            "{table}"
        );
    }
}

#[tokio::test]
async fn without_a_tenant_nothing_is_seen() {
    let stage = stage().await;
    clinic(&stage, "ours").await;
    let mut tables = tenant_tables(&stage).await;
    tables.push("tenants".to_owned());
    for setting in ["select 1", "set local bellhop.tenant = ''"] {
        for table in &tables {
            let mut tx = stage.pool.begin().await.unwrap();
            for sql in ["set local role bellhop_tenant", setting] {
                sqlx::query(sql).execute(&mut *tx).await.unwrap();
            }
            let read = sqlx::query(AssertSqlSafe(format!("select from {table}")));
            assert!(
                read.fetch_all(&mut *tx).await.is_err(),
                "{table} after {setting}"
            );
        }
    }
}

#[tokio::test]
async fn of_the_tenants_each_sees_itself_and_may_only_change_itself() {
    let stage = stage().await;
    let (ours, theirs) = (clinic(&stage, "ours").await, clinic(&stage, "theirs").await);
    let (own, other) = (ours.id().uuid(), theirs.id().uuid());
    let mut tx = stage.as_tenant(ours.id()).await;
    let seen: Vec<String> = sqlx::query_scalar("select slug from tenants")
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    assert_eq!(seen, ["ours"]);
    let pause = |tenant| format!("update tenants set paused = true where id = '{tenant}'");
    assert_eq!(affected(&mut tx, pause(other)).await, 0);
    assert_eq!(affected(&mut tx, pause(own)).await, 1);
    tx.commit().await.unwrap();
    for sql in [
        format!("update tenants set id = '{other}'"),
        format!("delete from tenants where id = '{own}'"),
        format!("insert into tenants (id, slug) values ('{other}', 'third')"),
    ] {
        let mut tx = stage.as_tenant(ours.id()).await;
        refusal(&mut tx, sql).await;
    }
}

#[tokio::test]
async fn the_tenants_role_reaches_no_other_table() {
    let stage = stage().await;
    let reachable: Vec<String> = sqlx::query_scalar(
        "select c.relname || ' ' || privilege from pg_class c,
                unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) privilege
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
           and has_table_privilege('bellhop_tenant', c.oid, privilege)
           and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')
         order by 1",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap();
    assert_eq!(
        reachable,
        [
            "platform_opt_outs select",
            "tenants select",
            "tenants update"
        ]
    );
    let powers = stage.count(
        "select count(*) from pg_roles where rolname = 'bellhop_tenant'
         and (rolsuper or rolbypassrls or rolcreaterole or rolcanlogin
              or exists (select from pg_auth_members m where m.member = pg_roles.oid))",
    );
    assert_eq!(powers.await, 0);
}

/// Everything that is stored of a tenant, as the owner of the database sees it.
async fn everything_of(stage: &Stage, tenant: TenantId) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for table in tenant_tables(stage).await {
        let sql = format!(
            "select coalesce(jsonb_agg(to_jsonb(t) order by to_jsonb(t)::text), '[]') from {table} t where tenant_id = $1"
        );
        let rows = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(tenant.uuid())
            .fetch_one(&stage.pool)
            .await
            .unwrap();
        all.push((table, rows));
    }
    all
}

#[tokio::test]
async fn a_handle_given_a_neighbours_ids_finds_nothing() {
    let stage = stage().await;
    let (ours, theirs) = (clinic(&stage, "ours").await, clinic(&stage, "theirs").await);
    let their_appointment = appointment_id(&theirs.tenant, "A1").await;
    let mut tx = ours.tenant.begin().await.unwrap();
    assert!(
        tx.lock_reminder(their_appointment, at(NOW))
            .await
            .unwrap()
            .is_none()
    );
    assert!(tx.lock_call(theirs.call).await.unwrap().is_none());
    assert!(tx.event_entry(theirs.event).await.unwrap().is_none());
    assert!(tx.unread_events(theirs.call).await.unwrap().is_empty());
    assert!(tx.observations(theirs.call).await.unwrap().is_empty());
    assert!(tx.told_of_call(theirs.call).await.unwrap().is_empty());
    assert!(tx.talk(theirs.call).await.unwrap().is_none());
    assert!(!tx.call_heard_of(theirs.call).await.unwrap());
    assert!(tx.timeline(their_appointment).await.unwrap().is_empty());
    let version = tx.appointment_version(their_appointment).await.unwrap();
    assert_eq!(version, None);
    let target = tx.dial_target(their_appointment, at(NOW)).await;
    assert!(matches!(target, Err(Error::NotFound { .. })));
    let sources = tx.sources().await.unwrap();
    let keys: Vec<_> = sources.iter().map(|source| &source.key).collect();
    assert_eq!(keys, ["hookours"]);
}

#[tokio::test]
async fn a_handle_given_a_neighbours_ids_changes_nothing_of_theirs() {
    let stage = stage().await;
    let (ours, theirs) = (clinic(&stage, "ours").await, clinic(&stage, "theirs").await);
    let appointment = appointment_id(&theirs.tenant, "A1").await;
    let (call, event, now) = (theirs.call, theirs.event, at(NOW));
    let mut locked = theirs.tenant.begin().await.unwrap();
    let row = locked.lock_call(call).await.unwrap().unwrap();
    drop(locked);
    let before = everything_of(&stage, theirs.id()).await;
    /// In a transaction of its own, because the database may refuse it.
    macro_rules! try_it {
        ($tx:ident => $what:expr) => {{
            let mut $tx = ours.tenant.begin().await.unwrap();
            let done = $what.await.is_ok();
            if done {
                $tx.commit().await.unwrap();
            }
            done
        }};
    }
    let placed = Placed {
        provider_call_id: "call_of_ours".to_owned(),
        at: now,
    };
    let deferral = Some(Deferral {
        reason: Reason::LimitDay,
        until: now,
    });
    let observation = Observation::bare(ObservationKind::Ended);
    let fetched = self::event(ours.id(), Some(call));
    try_it!(tx => tx.set_appointment_status(appointment, AppointmentStatus::Cancelled));
    try_it!(tx => tx.claim_dial(call, Uuid::nil(), now));
    try_it!(tx => tx.call_placed(call, &placed));
    try_it!(tx => tx.call_never_reached(call, now));
    try_it!(tx => tx.call_checked(call, now));
    try_it!(tx => tx.call_pauses(call, now));
    try_it!(tx => tx.correct_outcome(call, CallOutcome::Confirmed));
    try_it!(tx => tx.call_seen(&row, now));
    try_it!(tx => tx.crm_written(&CrmTask::Call(call), &"1".parse().unwrap()));
    try_it!(tx => tx.answer_not_applied(call));
    try_it!(tx => tx.call_waits(call, Some(now)));
    try_it!(tx => tx.finish_call(call, CallOutcome::Failed, now, Some("no")));
    try_it!(tx => tx.event_read(event, Some(&observation), None));
    try_it!(tx => tx.adopt_event(event, "call_theirs"));
    try_it!(tx => tx.adopt_event(event, "call_ours"));
    try_it!(tx => tx.add_fetched_event(&fetched, &observation));
    try_it!(tx => tx.opt_out("+447700900123", "call"));
    try_it!(tx => tx.mark_number_invalid("+447700900123"));
    try_it!(tx => tx.wake_reminder(appointment));
    try_it!(tx => tx.wake_call(call));
    try_it!(tx => tx.wakes_of_reminder(appointment));
    try_it!(tx => tx.wakes_of_call(call));
    try_it!(tx => tx.forget_wakes(&[1, 2, 3]));
    try_it!(tx => tx.call_applied(call, store::Applied::default()));
    try_it!(tx => tx.wake_held_reminders());
    try_it!(tx => tx.set_paused(true));
    try_it!(tx => tx.change_status(appointment, 1, AppointmentStatus::Cancelled));
    let moved = Moved {
        appointment,
        version: 1,
        starts_at: now,
        first_of_two: false,
    };
    try_it!(tx => tx.move_appointment(&moved, now));
    // What hangs on an appointment cannot hang on a neighbour's.
    assert!(
        !try_it!(tx => tx.authorize_call(appointment, 1, 2, "+447700900123", VoiceProvider::Retell, now))
    );
    assert!(!try_it!(tx => tx.defer_reminder(appointment, deferral)));
    assert!(!try_it!(tx => tx.reminder_stands(appointment, "waiting", None, None, None)));
    assert!(!try_it!(tx => decide(&mut tx, appointment)));
    assert_eq!(everything_of(&stage, theirs.id()).await, before);
}
