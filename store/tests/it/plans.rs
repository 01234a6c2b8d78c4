//! How the database finds what each query asks for, in tables that have grown.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::harness::stage;

const TENANT: &str = "00000000-0000-7000-8000-000000000001";

/// Fills every table with five thousand rows that differ in everything but the tenant: an index that serves is then the
/// cheaper way.
async fn fill(db: &mut PgConnection) {
    let checks = sqlx::query(
        "select format('alter table %s drop constraint %I cascade', conrelid::regclass, conname) from pg_constraint
         where connamespace = 'public'::regnamespace and contype in ('c', 'f', 'x')",
    );
    let checks = checks.fetch_all(&mut *db).await.unwrap();
    run_all(db, checks).await;
    let tables = sqlx::query(
        "select format('insert into %s (%s) overriding system value select %s from generate_series(1, 5000) n on conflict do nothing',
                       c.oid::regclass, string_agg(quote_ident(a.attname), ', '), string_agg(
                       case when a.attname = 'tenant_id' then '''00000000-0000-7000-8000-000000000001''::uuid'
                            else case format_type(a.atttypid, null)
                            when 'uuid' then 'gen_random_uuid()'
                            when 'text' then 'md5(n::text)'
                            when 'boolean' then 'n % 2 = 0'
                            when 'jsonb' then '''{}''::jsonb'
                            when 'bytea' then 'convert_to(n::text, ''UTF8'')'
                            when 'timestamp with time zone' then 'now() - n * interval ''1 hour'''
                            when 'date' then 'current_date + n'
                            when 'smallint' then 'n::smallint'
                            else format(case when a.atttypid::regtype::text like '%[]' then '''{}''::%s' else 'n::%s' end, format_type(a.atttypid, null)) end end, ', '))
         from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attgenerated = ''
         group by c.oid",
    );
    let tables = tables.fetch_all(&mut *db).await.unwrap();
    run_all(db, tables).await;
    sqlx::query("analyze").execute(db).await.unwrap();
}

async fn run_all(db: &mut PgConnection, statements: Vec<sqlx::postgres::PgRow>) {
    for statement in statements {
        let statement: String = statement.get(0);
        if let Err(trouble) = sqlx::query(AssertSqlSafe(statement.clone()))
            .execute(&mut *db)
            .await
        {
            panic!("{statement}: {trouble}");
        }
    }
}

/// Tables that stay small however long a tenant is in business, or whatever waits in them is soon gone.
const SMALL: &[&str] = &[
    "access_tokens",
    "alerts",
    "breakers",
    "calendars",
    "contact_merges",
    "crm_accounts",
    "crm_conflicts",
    "erased_marks",
    "extraction_pauses",
    "heartbeats",
    "opt_out_marks",
    "outbox",
    "platform_opt_outs",
    "provider_secrets",
    "sources",
    "tenant_settings",
    "tenants",
];

/// Queries that read a whole table that grows, by words that only they have, and why they may.
const MAY_READ_ALL: &[(&str, &str)] = &[
    // Reports and lists that a person asks for.
    ("strpos(lower(c.name), lower($2)) > 0", "a search"),
    ("coalesce(nullif(c.name, ''), n.name) as name", "a list"),
    ("a.field, a.shown, a.proposed, a.asked_at", "a list"),
    ("f.calls, f.due_at, greatest(f.closed_at", "a list"),
    ("asked_by, state, sending_since, tries", "a list"),
    (
        "started_at, processed_at, next_try_at, tries, operator_retries",
        "a list",
    ),
    (
        "select appointment_id, next_at, state from reminders",
        "a list",
    ),
    ("coalesce(r.ending, r.reason) as what", "a list"),
    (
        "where tenant_id = $1 and record_id is not null) as \"linked!\"",
        "a report",
    ),
    ("select coalesce(ending, state) as \"ending!\"", "a report"),
    ("select kind, count(*) as \"all!\"", "a report"),
    (
        "select event_type, provider_call_id from events",
        "a report",
    ),
    ("coalesce(sum(duplicates), 0)::bigint", "a report"),
    (
        "select from reminders r where r.tenant_id = $1 and r.appointment_id = a.id)",
        "a report",
    ),
    (
        "count(*) filter (where attempt > 1) as \"retries!\"",
        "a report",
    ),
    (
        "count(*) filter (where outcome = 'uncertain')",
        "a report, once a day",
    ),
    // Where the rows of here all have what few have in truth.
    (
        "c.erased_at is not null and e.received_at > c.erased_at",
        "few calls are of erased people",
    ),
    (
        "where tries <= (processed_at is not null)::int",
        "a day of events",
    ),
    (
        "and state <> 'finished' and deferral_reason = $3",
        "most are finished",
    ),
    (
        "where tenant_id = $1 and state <> 'finished' returning",
        "most are finished",
    ),
    ("(select min(queued_at) from extractions", "few wait"),
    ("from numbers_of_people n\n", "a file names few people"),
    // What is done once, and thoroughly.
    ("union select id, $5, id from tenants", "the relay begins"),
    (
        "contact_id = any($2) or appointment_id = any($3) or e164 = any($4)",
        "an erasure",
    ),
    (
        "select provider_id as \"id!\" from conversation_entries",
        "an erasure",
    ),
    ("with used as (", "an erasure"),
];

/// The tables that grow and of which a query reads all, asked as a tenant or else, should it not be allowed to, as the owner.
async fn read_whole(db: &mut PgConnection, query: &str) -> BTreeSet<String> {
    let plan = match explained(db, query, "bellhop_tenant").await {
        Ok(plan) => plan,
        Err(_) => match explained(db, query, "none").await {
            Ok(plan) => plan,
            Err(trouble) => panic!("{trouble}: {query}"),
        },
    };
    let mut scanned = BTreeSet::new();
    scans(&plan, &mut scanned);
    scanned.retain(|table| !SMALL.contains(&table.as_str()));
    scanned
}

/// The plan for whatever it is asked with. A role has policies, which not every index serves through.
async fn explained(db: &mut PgConnection, query: &str, role: &str) -> sqlx::Result<Value> {
    let mut tx = db.begin().await?;
    sqlx::query("select set_config('role', $1, true), set_config('bellhop.tenant', $2, true)")
        .bind(role)
        .bind(TENANT)
        .execute(&mut *tx)
        .await?;
    let explain = format!("explain (generic_plan, format json) {query}");
    let row = sqlx::raw_sql(AssertSqlSafe(explain))
        .fetch_one(&mut *tx)
        .await?;
    Ok(row.get(0))
}

#[tokio::test]
async fn what_is_asked_for_is_found_without_reading_whole_tables() {
    let stage = stage().await;
    let mut db = stage.pool.acquire().await.unwrap();
    fill(&mut db).await;
    let (mut excused, mut found) = (BTreeSet::new(), Vec::new());
    for query in queries() {
        let tables = read_whole(&mut db, &query).await;
        if tables.is_empty() {
            continue;
        }
        match MAY_READ_ALL
            .iter()
            .position(|(words, _)| query.contains(words))
        {
            Some(excuse) => {
                excused.insert(excuse);
            }
            None => found.push(format!("{tables:?}: {query}")),
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n\n"));
    let unneeded: Vec<_> = (0..MAY_READ_ALL.len())
        .filter(|excuse| !excused.contains(excuse))
        .map(|excuse| MAY_READ_ALL[excuse])
        .collect();
    assert!(unneeded.is_empty(), "{unneeded:?}");
}

/// As the build knows them.
fn queries() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sqlx");
    let files = std::fs::read_dir(folder).unwrap();
    let query = |file: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let described: Value = serde_json::from_str(&text).unwrap();
        described["query"].as_str().unwrap().to_owned()
    };
    files.map(query).collect()
}

fn scans(plan: &Value, scanned: &mut BTreeSet<String>) {
    match plan {
        Value::Array(each) => each.iter().for_each(|each| scans(each, scanned)),
        Value::Object(node) => {
            if node.get("Node Type").and_then(Value::as_str) == Some("Seq Scan") {
                scanned.insert(node["Relation Name"].as_str().unwrap().to_owned());
            }
            node.values().for_each(|each| scans(each, scanned));
        }
        _ => {}
    }
}
