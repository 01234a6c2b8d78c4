//! OPS-3: nothing is forgotten when a person is erased or when things grow old.

use std::collections::BTreeMap;

use domain::{
    alert::{FailureClass, SendFailure},
    followup::{FollowUpStep, MissedKind},
    ids::{ContactId, EventId, TenantId},
    linecheck::Code,
    settings::{DataClass, Settings},
};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sqlx::{AssertSqlSafe, Row};
use store::{
    Erase, Error, KeyRing, MissedCall, NewAppointment, NewNote, PoolOptions, Store, Subject,
    TABLES, TenantStore, TenantTx,
};
use uuid::Uuid;

use crate::{
    harness::{
        NOW, Stage, appointment, appointment_id, at, authorize, contact, import, place, stage,
    },
    isolation::tenant_tables,
};

/// A row of each table of follow-ups, checks and erasures.
pub(crate) async fn rows(tx: &mut TenantTx) -> Result<(), Error> {
    let missed = MissedCall {
        provider: "openphone",
        provider_call_id: "AC1",
        who: "+447700900777",
        call: None,
        kind: MissedKind::Call,
        at: at(NOW),
        line: None,
    };
    tx.call_missed(&missed).await?;
    let who = missed.who;
    tx.follow_up_facts(who, Some(who), None, at(NOW)).await?;
    tx.write_follow_up(who, &FollowUpStep::Done, at(NOW))
        .await?;
    tx.lock_line_check(at(NOW)).await?;
    tx.line_check_leaves(at(NOW), at(NOW)).await?;
    let failure = SendFailure {
        class: FailureClass::Uncertain,
        may_pass: true,
        at: at(NOW),
        not_before: None,
    };
    tx.line_check_failed(at(NOW), &failure).await?;
    Ok(())
}

#[tokio::test]
async fn every_table_of_tenants_has_a_line_in_the_list_of_what_is_kept() {
    let stage = stage().await;
    let mut listed: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    listed.sort_unstable();
    assert_eq!(
        listed,
        tenant_tables(&stage).await,
        "add a line to store/src/retention/tables.rs"
    );
}

/// Children stand before the tables they refer to, so that one pass deletes both.
#[tokio::test]
async fn what_refers_to_a_table_stands_before_it_in_the_list() {
    let stage = stage().await;
    let references: Vec<(String, String)> = sqlx::query_as(
        "select conrelid::regclass::text, confrelid::regclass::text from pg_constraint
         where contype = 'f' and confrelid <> 'tenants'::regclass and conrelid <> confrelid",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap();
    let place = |name: &str| TABLES.iter().position(|table| table.name == name).unwrap();
    for (child, parent) in references {
        assert!(place(&child) < place(&parent), "{child} before {parent}");
    }
}

/// Where a word occurs: every column of every table, whoever's rows they are.
pub(crate) async fn places_of(stage: &Stage, word: &str) -> Vec<String> {
    let columns: Vec<(String, String, String)> = sqlx::query_as(
        "select table_name::text, column_name::text, data_type::text from information_schema.columns
         where table_schema = 'public' order by 1, 2",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap();
    let mut found = Vec::new();
    for (table, column, kind) in columns {
        let text = match kind.as_str() {
            "bytea" => format!("encode(\"{column}\", 'escape')"),
            _ => format!("\"{column}\"::text"),
        };
        let sql = format!(
            "select count(*) from \"{table}\" where position(lower($1) in lower({text})) > 0"
        );
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(word)
            .fetch_one(&stage.pool)
            .await
            .unwrap();
        if count > 0 {
            found.push(format!("{table}.{column}"));
        }
    }
    found
}

pub(crate) struct Someone {
    pub(crate) name: &'static str,
    pub(crate) e164: &'static str,
    pub(crate) email: &'static str,
    pub(crate) word: &'static str,
    pub(crate) external_id: &'static str,
}

pub(crate) const ADA: Someone = Someone {
    name: "Ada Archer",
    e164: "+447700900123",
    email: "ada@archer.example",
    word: "marigold",
    external_id: "ARCHER-1",
};
pub(crate) const BEA: Someone = Someone {
    name: "Bea Baker",
    e164: "+447700900456",
    email: "bea@baker.example",
    word: "periwinkle",
    external_id: "BAKER-1",
};

impl Someone {
    pub(crate) fn words(&self) -> [&'static str; 5] {
        let digits = self.e164.trim_start_matches('+');
        [self.name, digits, self.email, self.word, self.external_id]
    }
}

/// Fills every column of every table that can hold something of a person.
pub(crate) async fn fill(stage: &Stage, tenant: &TenantStore, of: &Someone) -> ContactId {
    let mut contact = contact();
    contact.name = of.name.to_owned();
    contact.e164 = Some(of.e164.to_owned());
    contact.email = Some(of.email.to_owned());
    contact.consent_source = Some(format!("form {}", of.word));
    let booked = NewAppointment {
        contact,
        instructions: Some(format!("bring {}", of.word)),
        location: Some(of.word.to_owned()),
        kind: Some(of.word.to_owned()),
        ..appointment(of.external_id)
    };
    import(tenant, &[booked]).await;
    let appointment = appointment_id(tenant, of.external_id).await;
    let call = authorize(tenant, appointment).await;
    let provider_call = format!("call_{}", call.uuid().simple());
    place(tenant, call, &provider_call).await;
    let id = tenant.id().uuid();
    let contact: Uuid = sqlx::query_scalar("select id from contacts where e164 = $1")
        .bind(of.e164)
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    let text = format!("{} {} {} {}", of.name, of.e164, of.email, of.word);
    let mut tx = tenant.begin().await.unwrap();
    tx.opt_out(of.e164, "call").await.unwrap();
    tx.mark_number_invalid(of.e164).await.unwrap();
    for (contact, call) in [
        (Some(ContactId::from_uuid(contact)), None),
        (None, Some(call)),
    ] {
        let note = NewNote {
            contact,
            call,
            name: Some(of.name),
            e164: Some(of.e164),
            body: &text,
            ..NewNote::default()
        };
        tx.add_note(&note, at(NOW)).await.unwrap();
    }
    let missed = MissedCall {
        provider: "openphone",
        provider_call_id: &format!("AC-{}", of.word.len()),
        who: of.e164,
        call: None,
        kind: MissedKind::Voicemail,
        at: at(NOW),
        line: None,
    };
    tx.call_missed(&missed).await.unwrap();
    tx.follow_up_facts(of.e164, Some(of.e164), None, at(NOW))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let params = json!({"said": text, "do": "note"});
    for sql in [
        "update calls set summary = $2, topic = $2, detail = $2, outcome = 'confirmed', e164 = $4 where tenant_id = $1 and id = $5",
        "insert into context_log (tenant_id, id, provider, provider_call_id, contact_id, e164, answer, took_ms, asked_at)
         values ($1, gen_random_uuid(), 'retell', $6, $7, $4, $3, 1, now())",
        "insert into call_functions (tenant_id, id, provider, invocation, provider_call_id, call_id, name, arguments, identity,
                                     act, answer, took_ms, asked_at)
         values ($1, gen_random_uuid(), 'retell', $6, $6, $5, 'note', $3, $3, $3, $2, 1, now())",
        "insert into events (tenant_id, id, provider, event_type, dedupe_key, call_id, provider_call_id, headers, body,
                             observation, detail, state)
         values ($1, gen_random_uuid(), 'retell', 'call_analyzed', gen_random_uuid(), $5, $6, $3, convert_to($2, 'UTF8'), $3, $2,
                 'succeeded')",
        // Told by a number only, and one beside it that tells not even that.
        "insert into events (tenant_id, id, provider, event_type, dedupe_key, provider_call_id, body, state)
         values ($1, gen_random_uuid(), 'openphone', 'call.summary.completed', gen_random_uuid(), 'AC' || $6,
                 convert_to('summary ' || split_part($2, ' ', 5), 'UTF8'), 'succeeded')",
        "insert into events (tenant_id, id, provider, event_type, dedupe_key, provider_call_id, body, state)
         values ($1, gen_random_uuid(), 'openphone', 'call.completed', gen_random_uuid(), 'AC' || $6,
                 convert_to('from ' || $4, 'UTF8'), 'failed')",
        "insert into event_attempts (tenant_id, event_id, number, key, asked_by, started_at, detail)
         select $1, id, 1, 'k', 'system', now(), $2 from events where call_id = $5",
        "insert into alert_deliveries (tenant_id, id, batch, notice, severity, audience, channel, place, subject, body, created_at)
         values ($1, gen_random_uuid(), gen_random_uuid(), 'first', 'error', 'client', 'slack', 0, $2, $2, now())",
        "insert into alerts (tenant_id, id, fingerprint, cause, severity, about, facts, open)
         values ($1, gen_random_uuid(), gen_random_uuid(), 'test', 'info', $2, '{}', false)",
        "insert into agent_sessions (tenant_id, session_id, first_seen_at, last_seen_at) values ($1, $6, now(), now())",
        "insert into agent_messages (tenant_id, event_id, session_id, role, text, captured_at)
         values ($1, gen_random_uuid(), $6, 'user', $2, now())",
        "insert into conversation_entries (tenant_id, id, kind, provider_id, e164, contact_id, at, entry)
         values ($1, $7, 'text', $6, $4, $7, now(), $2)",
        "insert into extractions (tenant_id, id, entry_id, contact_id, kind, fingerprint, queued_at, state)
         values ($1, $7, $7, $7, 'text', '\\x00', now(), 'read')",
        "insert into approvals (tenant_id, id, contact_id, extraction_id, field, shown, proposed, asked_at, settled_at)
         values ($1, $7, $7, $7, 'name', $2, $2, now(), now())",
        "insert into contact_changes (tenant_id, id, contact_id, field, was, becomes, changed_by, changed_at)
         values ($1, $7, $7, 'name', $2, $2, $2, now())",
        "insert into outbound_texts (tenant_id, id, purpose, e164, contact_id, body, asked_by, state, created_at)
         values ($1, $7, 'person', $4, $7, $2, 'somebody', 'sent', now())",
        "insert into sounds (tenant_id, id, entry_id, kind, key, audio) values ($1, $7, $7, 'recording', '0', convert_to($2, 'UTF8'))",
        "insert into text_choices (tenant_id, e164, at, opted_out) values ($1, $4, now(), true)",
        "insert into crm_links (tenant_id, contact_id, record_id, seen) values ($1, $7, $6, $3)
         on conflict (tenant_id, contact_id) do update set seen = excluded.seen, record_id = excluded.record_id",
        "insert into crm_queue (tenant_id, kind, key, contact_id, changed_first, changed_last) values ($1, 'number', $4, $7, now(), now())",
        "insert into crm_conflicts (tenant_id, contact_id, field, about, why, asked_at) values ($1, $7, 'email', $3, 'both_changed', now())",
        "update contacts set address = $2, mobile = $4, remarks = $2 where tenant_id = $1 and id = $7",
        "insert into tool_uses (tenant_id, session_id, tool_use_id, input, response, error) values ($1, $6, 't', $2, $2, $2)",
    ] {
        // Each statement names what it needs; the others only have to have a type.
        let typed = format!(
            "with unused as (select $1::uuid, $2::text, $3::jsonb, $4::text, $5::uuid, $6::text, $7::uuid) {sql}"
        );
        sqlx::query(AssertSqlSafe(typed))
            .bind(id)
            .bind(&text)
            .bind(&params)
            .bind(of.e164)
            .bind(call.uuid())
            .bind(&provider_call)
            .bind(contact)
            .execute(&stage.pool)
            .await
            .unwrap();
    }
    ContactId::from_uuid(contact)
}

pub(crate) async fn find(tenant: &TenantStore, contact: ContactId) -> Subject {
    let mut tx = tenant.begin().await.unwrap();
    tx.person(Some(contact), None).await.unwrap()
}

/// Rows of each table, as a person's history is counted.
async fn counts(stage: &Stage, tenant: TenantId) -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    for table in tenant_tables(stage).await {
        let sql = format!("select count(*) from {table} where tenant_id = $1");
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(tenant.uuid())
            .fetch_one(&stage.pool)
            .await
            .unwrap();
        all.insert(table, row.get(0));
    }
    all
}

#[tokio::test]
async fn no_column_of_any_table_tells_of_an_erased_person_and_all_tell_of_the_other() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    let ada = fill(&stage, &tenant, &ADA).await;
    fill(&stage, &tenant, &BEA).await;
    let mut before = BTreeMap::new();
    for word in BEA.words() {
        before.insert(word, places_of(&stage, word).await);
    }
    for word in ADA.words() {
        assert!(
            !places_of(&stage, word).await.is_empty(),
            "{word} is nowhere"
        );
    }
    // The test itself fills every table that an erasure has anything to do in.
    let filled = places_of(&stage, ADA.e164.trim_start_matches('+')).await;
    for table in TABLES.iter().filter(|table| table.erase != Erase::Nothing) {
        let holds = |place: &String| place.starts_with(&format!("{}.", table.name));
        let is_found_by_id = matches!(
            table.name,
            "appointments" | "event_attempts" | "extractions"
        );
        assert!(is_found_by_id || filled.iter().any(holds), "{}", table.name);
    }
    let calls_before = counts(&stage, tenant.id()).await;

    let person = find(&tenant, ada).await;
    let erased = tenant.erase(&person, at(NOW), |_| {}).await.unwrap();

    for word in ADA.words() {
        assert_eq!(
            places_of(&stage, word).await,
            [""; 0],
            "{word} after {erased:?}"
        );
    }
    for word in BEA.words() {
        assert_eq!(places_of(&stage, word).await, before[word], "{word}");
    }
    // That there was a call, and how it went, stays.
    let after = counts(&stage, tenant.id()).await;
    for table in [
        "calls",
        "events",
        "appointments",
        "decisions",
        "context_log",
    ] {
        assert_eq!(after[table], calls_before[table], "{table}");
    }
    let kept = stage
        .count("select count(*) from calls where erased_at is not null and outcome = 'confirmed'");
    assert_eq!(kept.await, 1);
    let record = stage.count("select count(*) from erasures where rows ->> 'calls' = '1'");
    assert_eq!(record.await, 1);
    // An appointment to come is none any more, and its reminder looks again.
    let ended = stage.count("select count(*) from appointments where status = 'deleted'");
    assert_eq!(ended.await, 1);
}

#[tokio::test]
async fn an_erased_person_who_did_not_want_to_be_called_is_not_called() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    let ada = fill(&stage, &tenant, &ADA).await;
    let person = find(&tenant, ada).await;
    tenant.erase(&person, at(NOW), |_| {}).await.unwrap();
    assert_eq!(stage.count("select count(*) from opt_outs").await, 0);

    // The same person comes again with a file, and somebody else beside them.
    let mut again = appointment("NEW-1");
    again.contact.e164 = Some(ADA.e164.to_owned());
    let mut other = appointment("NEW-2");
    other.contact.name = "Cy Cooper".to_owned();
    other.contact.e164 = Some("+447700900789".to_owned());
    import(&tenant, &[again, other]).await;

    for (external_id, opted_out) in [("NEW-1", true), ("NEW-2", false)] {
        let id = appointment_id(&tenant, external_id).await;
        let mut tx = tenant.begin().await.unwrap();
        let row = tx.lock_reminder(id, at(NOW)).await.unwrap().unwrap();
        assert_eq!(row.facts.contact.opted_out, opted_out, "{external_id}");
    }
    // The mark itself is no number in another form.
    let digits = ADA.e164.trim_start_matches('+');
    let places = places_of(&stage, digits).await;
    assert!(
        !places
            .iter()
            .any(|place| place.starts_with("opt_out_marks")),
        "{places:?}"
    );
}

#[tokio::test]
async fn the_key_of_the_marks_outlives_the_rotation_of_keys() {
    let stage = stage().await;
    let old = KeyRing::generate();
    let new = KeyRing::generate().expose_secret().replace("k1:", "k2:");
    let both = format!("{new},{}", old.expose_secret()).into();
    let new = SecretString::from(new);
    let id = stage.tenant("clinic").await.id();
    let with = |keys: &SecretString| {
        let keys = KeyRing::parse(keys).unwrap();
        let store = Store::new(&stage.url, keys, PoolOptions::default()).unwrap();
        store.tenant(id)
    };
    let tenant = with(&old);
    let ada = fill(&stage, &tenant, &ADA).await;
    let person = find(&tenant, ada).await;
    tenant.erase(&person, at(NOW), |_| {}).await.unwrap();
    // As the runbook says of all other keys.
    sqlx::query("update provider_secrets set retired_at = now()")
        .execute(&stage.pool)
        .await
        .unwrap();
    let mut again = appointment("NEW-1");
    again.contact.e164 = Some(ADA.e164.to_owned());
    import(&tenant, &[again]).await;

    for keys in [&both, &new] {
        let tenant = with(keys);
        let id = appointment_id(&tenant, "NEW-1").await;
        let mut tx = tenant.begin().await.unwrap();
        let row = tx.lock_reminder(id, at(NOW)).await.unwrap().unwrap();
        assert!(row.facts.contact.opted_out);
        tx.commit().await.unwrap();
    }
    // Without any key nobody can say who is not to be called: nobody is.
    let tenant = with(&KeyRing::generate());
    let id = appointment_id(&tenant, "NEW-1").await;
    let mut tx = tenant.begin().await.unwrap();
    assert!(tx.lock_reminder(id, at(NOW)).await.is_err());
}

#[tokio::test]
async fn who_shares_a_number_keeps_what_is_theirs() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    let ada = fill(&stage, &tenant, &ADA).await;
    let mut housemate = appointment("HOME-1");
    housemate.contact.name = "Bob Archer-Bell".to_owned();
    housemate.contact.e164 = Some(ADA.e164.to_owned());
    import(&tenant, &[housemate]).await;

    let person = find(&tenant, ada).await;
    tenant.erase(&person, at(NOW), |_| {}).await.unwrap();

    let kept = stage
        .count("select count(*) from contacts where name = 'Bob Archer-Bell' and e164 is not null");
    assert_eq!(kept.await, 1);
    assert_eq!(stage.count("select count(*) from opt_outs").await, 1);
    assert_eq!(
        stage
            .count("select count(*) from contacts where name = 'Ada Archer'")
            .await,
        0
    );
    assert_eq!(
        stage
            .count("select count(*) from calls where summary is not null")
            .await,
        0
    );
}

#[tokio::test]
async fn what_is_heard_late_of_an_erased_call_is_emptied() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    let ada = fill(&stage, &tenant, &ADA).await;
    let person = find(&tenant, ada).await;
    tenant
        .erase(&person, Timestamp::now(), |_| {})
        .await
        .unwrap();
    sqlx::query(
        "insert into events (tenant_id, id, provider, event_type, dedupe_key, call_id, body, state)
         select tenant_id, $1, 'retell', 'call_analyzed', 'late', id, 'marigold', 'received' from calls",
    )
    .bind(EventId::generate().uuid())
    .execute(&stage.pool)
    .await
    .unwrap();

    let mut tx = tenant.begin().await.unwrap();
    assert!(tx.erase_late_events(Timestamp::now()).await.unwrap() > 0);
    tx.commit().await.unwrap();

    assert_eq!(places_of(&stage, "marigold").await, [""; 0]);
}

#[tokio::test]
async fn what_was_kept_long_enough_goes_in_batches_and_what_is_needed_stays() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    fill(&stage, &tenant, &ADA).await;
    let beside = stage.tenant("beside").await;
    fill(&stage, &beside, &BEA).await;
    // More than one batch, and one that is not settled.
    sqlx::query(
        "insert into events (tenant_id, id, provider, event_type, dedupe_key, body, state, received_at)
         select $1, gen_random_uuid(), 'agent', 'e', 'old ' || n, '', case when n = 1 then 'failed' else 'succeeded' end,
                now() - interval '1 year'
         from generate_series(1, 1201) n",
    )
    .bind(tenant.id().uuid())
    .execute(&stage.pool)
    .await
    .unwrap();
    let neighbours = counts(&stage, beside.id()).await;
    let now = Timestamp::now();

    let first = tenant.sweep(now).await.unwrap();
    assert!(first.more && first.deleted >= 500, "{first:?}");
    while tenant.sweep(now).await.unwrap().more {}

    assert_eq!(
        stage
            .count("select count(*) from events where dedupe_key like 'old %'")
            .await,
        1
    );
    assert_eq!(stage.count("select count(*) from contacts").await, 2);
    // Ten years on: an open reminder keeps its appointment and its contact, whatever their age.
    let later = now + SignedDuration::from_hours(24 * 3650);
    sqlx::query("insert into reminders (tenant_id, appointment_id, state) select tenant_id, id, 'waiting' from appointments where tenant_id = $1")
        .bind(tenant.id().uuid())
        .execute(&stage.pool)
        .await
        .unwrap();
    while tenant.sweep(later).await.unwrap().deleted > 0 {}
    let open = counts(&stage, tenant.id()).await;
    for (table, rows) in [
        ("appointments", 1),
        ("contacts", 1),
        ("reminders", 1),
        ("calls", 1),
        ("notes", 0),
    ] {
        assert_eq!(open[table], rows, "{table}");
    }
    // And when it has ended everything goes, but for what is never deleted by age.
    sqlx::query("update reminders set state = 'finished'")
        .execute(&stage.pool)
        .await
        .unwrap();
    sqlx::query("update events set state = 'succeeded'")
        .execute(&stage.pool)
        .await
        .unwrap();
    while tenant.sweep(later).await.unwrap().deleted > 0 {}
    let left = counts(&stage, tenant.id()).await;
    for table in TABLES.iter().filter(|table| table.class != DataClass::Kept) {
        let rows = left[table.name];
        // A message that was never sent waits, whatever its age.
        assert_eq!(
            rows,
            i64::from(table.name == "alert_deliveries"),
            "{}",
            table.name
        );
    }
    assert_eq!(left["opt_outs"], 1);
    assert_eq!(counts(&stage, beside.id()).await, neighbours);
}

#[tokio::test]
async fn what_is_kept_for_ever_is_not_deleted() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    fill(&stage, &tenant, &ADA).await;
    let mut settings = Settings::default();
    settings.retention.events_days = 0;
    settings.retention.notes_days = 30;
    let mut tx = tenant.begin().await.unwrap();
    tx.apply_settings(&settings).await.unwrap();
    tx.commit().await.unwrap();

    let later = Timestamp::now() + SignedDuration::from_hours(24 * 36500);
    while tenant.sweep(later).await.unwrap().deleted > 0 {}

    assert!(stage.count("select count(*) from events").await > 0);
    assert_eq!(stage.count("select count(*) from notes").await, 0);
}

#[tokio::test]
async fn the_first_to_say_that_a_check_arrived_counts() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    let mut tx = tenant.begin().await.unwrap();
    tx.lock_line_check(at(NOW)).await.unwrap();
    let code = Code::of(tenant.id(), at(NOW));
    let minutes = |count| at(NOW) + SignedDuration::from_mins(count);
    tx.line_check_arrived(&code, minutes(1), "webhook")
        .await
        .unwrap();
    tx.line_check_arrived(&code, minutes(2), "asking")
        .await
        .unwrap();
    let row = tx.lock_line_check(at(NOW)).await.unwrap();
    assert_eq!(row.facts.arrived_at, Some(minutes(1)));
}
