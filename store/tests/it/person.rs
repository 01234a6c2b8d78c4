//! Somebody with a row in every table, and where anything of them is.

use std::collections::BTreeMap;

use domain::{
    followup::MissedKind,
    ids::{ContactId, TenantId},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Row};
use store::{Erased, MissedCall, NewAppointment, NewNote, Subject, TenantStore};
use uuid::Uuid;

use crate::{
    harness::{
        NOW, Stage, appointment, appointment_id, at, authorize, contact, import, place, stage,
    },
    isolation::tenant_tables,
};

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
    contact.preferences = Some(format!("rather {}", of.word));
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
        wanted_at: None,
    };
    tx.call_missed(&missed).await.unwrap();
    tx.follow_up_facts(of.e164, Some(of.e164), None, at(NOW))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let params = json!({"said": text, "do": "note"});
    for sql in [
        "update calls set summary = $2, topic = $2, detail = $2, crm_record = $6, outcome = 'confirmed', e164 = $4 where tenant_id = $1 and id = $5",
        "insert into context_log (tenant_id, id, provider, provider_call_id, contact_id, e164, answer, took_ms, asked_at)
         values ($1, gen_random_uuid(), 'retell', $6, $7, $4, $3, 1, now())",
        "insert into call_functions (tenant_id, id, provider, invocation, provider_call_id, call_id, name, arguments, identity,
                                     act, answer, took_ms, asked_at)
         values ($1, gen_random_uuid(), 'retell', $6, $6, $5, 'note', $3, $3, $3, $2, 1, now())",
        // Asked from a number that was withheld.
        "insert into call_functions (tenant_id, id, provider, invocation, provider_call_id, name, arguments, act, answer,
                                     took_ms, asked_at)
         values ($1, gen_random_uuid(), 'retell', gen_random_uuid(), gen_random_uuid(), 'note', $3, $3, '', 1, now())",
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
        "insert into conversation_entries (tenant_id, id, kind, provider_id, e164, contact_id, at, entry, crm_record)
         values ($1, $7, 'text', $6, $4, $7, now(), $2, $6)",
        "insert into extractions (tenant_id, id, entry_id, contact_id, kind, fingerprint, queued_at, state)
         values ($1, $7, $7, $7, 'text', '\\x00', now(), 'read')",
        "insert into extractions (tenant_id, id, call_id, contact_id, kind, fingerprint, queued_at, state)
         values ($1, gen_random_uuid(), $5, $7, 'transcript', '\\x01', now(), 'read')",
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

/// A clinic that knows Ada.
pub(crate) async fn with_ada() -> (Stage, TenantStore, ContactId) {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    let ada = fill(&stage, &tenant, &ADA).await;
    (stage, tenant, ada)
}

pub(crate) async fn find(tenant: &TenantStore, contact: ContactId) -> Subject {
    let mut tx = tenant.begin().await.unwrap();
    tx.person(Some(contact), None).await.unwrap()
}

pub(crate) async fn erase(tenant: &TenantStore, contact: ContactId) -> Erased {
    let person = find(tenant, contact).await;
    tenant.erase(&person, at(NOW), |_| {}).await.unwrap()
}

/// Rows of each table, as a person's history is counted.
pub(crate) async fn counts(stage: &Stage, tenant: TenantId) -> BTreeMap<String, i64> {
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
