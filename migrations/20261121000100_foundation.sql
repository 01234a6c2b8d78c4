-- The facts behind reminders. Every tenant table has tenant_id first in its key and a row-level policy
-- (at the end of this file). Instants named *_at are the process's own time (a reminder's workflow time);
-- recorded_at is the database's clock and is for people only.

create table tenants (
    id          uuid primary key,
    -- What an operator types on the command line.
    slug        text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    live        boolean not null default false,
    paused      boolean not null default false,
    -- Of the newest row in tenant_settings.
    settings_version integer not null default 1,
    recorded_at timestamptz not null default now()
);

create table tenant_settings (
    tenant_id   uuid not null references tenants,
    version     integer not null,
    settings    jsonb not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, version)
);

-- Provider keys and webhook secrets, encrypted by the application (AES-256-GCM, see store/src/secrets.rs).
create table provider_secrets (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    provider    text not null,
    -- Which of the application's keys encrypted it, so that keys can be rotated.
    key_id      text not null,
    nonce       bytea not null,
    ciphertext  bytea not null,
    recorded_at timestamptz not null default now(),
    retired_at  timestamptz,
    primary key (tenant_id, id)
);

create table sources (
    tenant_id   uuid not null references tenants,
    id          uuid not null unique,
    -- The unguessable last part of the webhook's address.
    key         text not null unique,
    provider    text not null,
    recorded_at timestamptz not null default now(),
    disabled_at timestamptz,
    primary key (tenant_id, id)
);

create table contacts (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    -- Number (or e-mail) and name: what makes two imported rows the same person.
    match_key   text not null,
    name        text not null,
    email       text,
    e164        text,
    zones       text[] not null default '{}',
    consent_source text,
    consent_at  timestamptz,
    best_hour   jsonb,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, match_key)
);
create index contacts_by_number on contacts (tenant_id, e164);

create table appointments (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    external_id text not null,
    contact_id  uuid not null,
    starts_at   timestamptz not null,
    time_zone   text not null,
    -- The local time happens twice there and the first was taken.
    first_of_two boolean not null default false,
    kind        text,
    practitioner text,
    duration_minutes integer,
    location    text,
    instructions text,
    call_before_hours integer check (call_before_hours between 1 and 168),
    status      text not null default 'scheduled',
    -- Counts the changes a reminder must start over for: time, person, number, lead.
    version     integer not null default 1,
    -- When this version became known.
    known_at    timestamptz not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, external_id),
    foreign key (tenant_id, contact_id) references contacts
);
create index appointments_by_contact on appointments (tenant_id, contact_id);

-- Where each reminder stands: written by its process for people and for the dry run, read back only
-- for the deferral.
create table reminders (
    tenant_id   uuid not null references tenants,
    appointment_id uuid not null,
    state       text not null check (state in ('waiting', 'calling', 'finished')),
    -- When it looks again by itself.
    next_at     timestamptz,
    reason      text,
    deferral_reason text,
    deferral_until  timestamptz,
    -- When it would first have had its turn behind that limit: whoever comes after that stands behind it.
    deferral_turn   timestamptz,
    ending      text,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, appointment_id),
    foreign key (tenant_id, appointment_id) references appointments
);
create index reminders_open on reminders (next_at) where state <> 'finished';
create index reminders_deferred on reminders (tenant_id, deferral_reason, deferral_until) where state = 'waiting';

create table calls (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    direction   text not null check (direction in ('outbound', 'inbound')),
    appointment_id uuid,
    appointment_version integer,
    attempt     integer,
    e164        text not null,
    provider    text not null,
    provider_call_id text,
    state       text not null,
    -- authorized → dialing (committed before the request leaves) → placed.
    dial_state  text not null check (dial_state in ('authorized', 'dialing', 'placed', 'abandoned')),
    authorized_at timestamptz not null,
    -- Dialing again is not permitted before then (429, 5xx).
    not_before  timestamptz,
    dialing_at  timestamptz,
    -- The provider key of the request: only its account can prove that there is no such call.
    dialed_with uuid,
    -- Requests that left, each a possible ring.
    requests    integer not null default 0,
    placed_at   timestamptz,
    -- How often the provider was asked about it since the dial, and when last (CALL-5).
    checks      integer not null default 0,
    checked_at  timestamptz,
    -- When its process looks again by itself.
    next_at     timestamptz,
    ended_at    timestamptz,
    duration_ms bigint,
    outcome     text,
    outcome_at  timestamptz,
    -- When the reminder took notice of the outcome: retry delays count from here.
    settled_at  timestamptz,
    detail      text,
    -- What of the person's words has taken effect already: a decision, and the wish not to be called.
    applied_action text,
    applied_opt_out boolean not null default false,
    -- Why a person should look at it, whatever the outcome.
    review      text,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, appointment_id) references appointments
);
-- One call for one attempt, whatever crashes: calls that were never placed do not count.
create unique index calls_one_per_attempt on calls (tenant_id, appointment_id, appointment_version, attempt)
    where dial_state <> 'abandoned';
create index calls_open on calls (tenant_id) where outcome is null;
create index calls_for_review on calls (tenant_id, authorized_at) where review is not null;
create index calls_by_dialing on calls (tenant_id, greatest(authorized_at, dialing_at)) where dial_state <> 'abandoned';
create index calls_by_number on calls (tenant_id, e164, authorized_at) where dial_state <> 'abandoned';
create index calls_by_provider_id on calls (tenant_id, provider_call_id);

create table decisions (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    appointment_id uuid not null,
    call_id     uuid,
    attempt     integer,
    made_at     timestamptz not null,
    verdict     text not null check (verdict in ('dial', 'wait', 'refuse', 'finish')),
    reason      text,
    words       text not null,
    -- The exact data it was decided from.
    facts       jsonb not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, appointment_id) references appointments
);
create index decisions_by_appointment on decisions (tenant_id, appointment_id, id);

create table events (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    -- Null for what we fetched ourselves because no webhook came.
    source_id   uuid,
    provider    text not null,
    event_type  text not null,
    dedupe_key  text not null,
    call_id     uuid,
    provider_call_id text,
    headers     jsonb not null default '{}',
    body        bytea not null,
    state       text not null default 'received'
        check (state in ('received', 'queued', 'processing', 'succeeded', 'failed', 'dead', 'duplicate', 'invalid')),
    -- What the body says about the call, once it has been read.
    observation jsonb,
    detail      text,
    duplicates  integer not null default 0,
    request_id  text,
    trace_id    text,
    span_id     text,
    received_at timestamptz not null default now(),
    processed_at timestamptz,
    primary key (tenant_id, id)
);
create unique index events_once on events (tenant_id, provider, dedupe_key);
create index events_by_call on events (tenant_id, call_id) where call_id is not null;
create index events_open on events (received_at) where state in ('received', 'queued', 'processing', 'failed');

-- Which process to wake. Rows live for milliseconds.
create table outbox (
    id          bigint generated always as identity primary key,
    tenant_id   uuid not null,
    process     text not null check (process in ('reminder', 'call', 'event')),
    subject     uuid not null,
    recorded_at timestamptz not null default now(),
    -- Deliveries that failed, and when the next is tried: a row that cannot be delivered stands behind the others.
    failures    integer not null default 0,
    due_at      timestamptz not null default now()
);
create index outbox_due on outbox (due_at, id);
create index outbox_subject on outbox (subject);

create table opt_outs (
    tenant_id   uuid not null references tenants,
    e164        text not null,
    source      text not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, e164)
);

-- The provider said that these numbers cannot be called. To believe in one again, delete its row.
create table invalid_numbers (
    tenant_id   uuid not null references tenants,
    e164        text not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, e164)
);

-- Numbers nobody may dial, for every tenant.
create table platform_opt_outs (
    e164        text primary key,
    source      text not null,
    recorded_at timestamptz not null default now()
);

-- Row-level security backs the scoped handles: a tenant's transaction runs as this role and sees its own rows.
do $$
begin
    create role bellhop_tenant nologin;
exception when duplicate_object or unique_violation then
    null; -- roles belong to the whole server: another database made it
end $$;

-- To be a member is not enough since PostgreSQL 16: the role must be one that may be set.
do $$
begin
    if not pg_has_role(current_user, 'bellhop_tenant', 'SET') then
        execute format('grant bellhop_tenant to %I with set true', current_user);
    end if;
end $$;

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array[
        'tenant_settings', 'provider_secrets', 'sources', 'contacts', 'appointments', 'reminders', 'calls',
        'decisions', 'events', 'opt_outs', 'invalid_numbers', 'outbox'
    ] loop
        execute format('alter table %I enable row level security', tenant_table);
        execute format(
            'create policy own_rows on %I using (tenant_id = current_setting(''bellhop.tenant'')::uuid)', tenant_table);
        execute format('grant select, insert, update, delete on %I to bellhop_tenant', tenant_table);
    end loop;
end $$;

alter table tenants enable row level security;
create policy own_row on tenants using (id = current_setting('bellhop.tenant')::uuid);
grant select, update on tenants to bellhop_tenant;
grant select on platform_opt_outs to bellhop_tenant;
