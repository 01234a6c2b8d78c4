-- Webhooks of every source: how they are processed, what follows from them, and who is told of trouble.

alter table sources
    -- What people call it, such as "calendar of the north branch".
    add column name text,
    -- How its webhooks are verified, as far as the provider leaves that open (providers::source).
    add column options jsonb not null default '{}';

-- A source may have secrets of its own, beside the tenant's for its provider.
alter table provider_secrets add column source_id uuid;

alter table events
    add column priority text not null default 'standard' check (priority in ('critical', 'standard', 'low')),
    -- When the request began, by the clock of ingress; received_at is when it was committed.
    add column arrived_at timestamptz,
    -- When the relay had told Temporal.
    add column queued_at timestamptz,
    -- When the last try began.
    add column started_at timestamptz,
    -- After a failure: not tried again before then.
    add column next_try_at timestamptz,
    -- Tries that began, and of them those that came to a result: a difference is a worker that died in it.
    add column starts integer not null default 0,
    add column tries integer not null default 0,
    add column error_class text,
    -- How often an operator asked for it again, and what the last one wanted done.
    add column operator_retries integer not null default 0,
    add column scope text check (scope in ('state_only', 'state_and_effects'));

create index events_by_trace on events (trace_id) where trace_id is not null;
create index events_by_request on events (request_id) where request_id is not null;
create index events_in_trouble on events (tenant_id, state, id) where state in ('failed', 'dead', 'invalid');

-- Each try of an event that belongs to no call, and each retry that an operator asked for.
create table event_attempts (
    tenant_id   uuid not null references tenants,
    event_id    uuid not null,
    number      integer not null,
    -- Of an operator's retry: its own, so that it is never taken for another one.
    key         text not null,
    asked_by    text not null check (asked_by in ('system', 'operator')),
    scope       text,
    started_at  timestamptz not null,
    ended_at    timestamptz,
    -- The state that the event was left in.
    outcome     text,
    error_class text,
    detail      text,
    primary key (tenant_id, event_id, number),
    foreign key (tenant_id, event_id) references events
);

-- Whom a row wakes first: 1 critical, 3 standard, 5 low.
alter table outbox
    add column priority smallint not null default 3,
    add column trace_id text,
    drop constraint outbox_process_check,
    add constraint outbox_process_check check (process in ('reminder', 'call', 'event', 'alert', 'tenant'));
drop index outbox_due;
create index outbox_due on outbox (tenant_id, priority, due_at, id);

-- Conversations of coding agents, made from their hooks' events in whatever order these come.
create table agent_sessions (
    tenant_id   uuid not null references tenants,
    session_id  text not null,
    client      text,
    cwd         text,
    model       text,
    started_at  timestamptz,
    ended_at    timestamptz,
    end_reason  text,
    first_seen_at timestamptz not null,
    last_seen_at  timestamptz not null,
    primary key (tenant_id, session_id)
);
create index agent_sessions_by_time on agent_sessions (tenant_id, last_seen_at desc);

create table agent_messages (
    tenant_id   uuid not null references tenants,
    event_id    uuid not null,
    session_id  text not null,
    -- user, assistant, or the name of the hook that told it.
    role        text not null,
    text        text not null,
    captured_at timestamptz not null,
    seq         bigint not null default 0,
    primary key (tenant_id, event_id),
    foreign key (tenant_id, session_id) references agent_sessions
);
create index agent_messages_by_session on agent_messages (tenant_id, session_id, captured_at, seq);

-- Input and response are JSON as text: a jsonb column refuses what a tool may print (NUL).
create table tool_uses (
    tenant_id   uuid not null references tenants,
    session_id  text not null,
    tool_use_id text not null,
    tool_name   text,
    input       text,
    response    text,
    error       text,
    duration_ms bigint,
    started_at  timestamptz,
    ended_at    timestamptz,
    primary key (tenant_id, session_id, tool_use_id),
    foreign key (tenant_id, session_id) references agent_sessions
);

-- One row for each cause of trouble that ever was (ALERT-2). Its process is `alert:{id}`.
create table alerts (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    fingerprint text not null,
    cause       text not null,
    severity    text not null,
    -- What it is about, in words without personal data.
    about       text not null,
    -- domain::alert::AlertFacts: when it was seen, how often, and what people were told.
    facts       jsonb not null,
    -- It lasts, or people have not been told yet that it is over.
    open        boolean not null,
    changed_at  timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, fingerprint)
);
create index alerts_open on alerts (tenant_id) where open;

-- One row for each message to one recipient.
create table alert_deliveries (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    -- What it was made for: an alert, or one daily report.
    batch       uuid not null,
    notice      text not null,
    severity    text not null,
    -- Whose people: the tenant's, or the platform's.
    audience    text not null check (audience in ('client', 'platform')),
    channel     text not null check (channel in ('slack', 'email', 'sms')),
    -- Which of the channel's addresses, counted from 0.
    place       smallint not null,
    subject     text not null,
    body        text not null,
    -- pending → sending (committed before the request leaves) → sent; or dead.
    state       text not null default 'pending' check (state in ('pending', 'sending', 'sent', 'dead')),
    tries       integer not null default 0,
    -- domain::alert::SendFailure, of the last try.
    failure     jsonb,
    detail      text,
    fell_back   boolean not null default false,
    -- What the channel calls it, such as a message id.
    provider_id text,
    -- By the process's time; recorded_at is the clock's.
    created_at  timestamptz not null,
    sent_at     timestamptz,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id)
);
create index alert_deliveries_by_batch on alert_deliveries (tenant_id, batch);
create index alert_deliveries_by_target on alert_deliveries (tenant_id, audience, channel, place, id);
create index alert_deliveries_by_provider_id on alert_deliveries (tenant_id, provider_id) where provider_id is not null;

-- Processes that say that they live, by role. One that ends as it should takes its rows along.
create table heartbeats (
    role     text not null,
    instance uuid not null,
    at       timestamptz not null default clock_timestamp(),
    primary key (role, instance)
);

-- Circuit breakers, one for each tenant and provider (OPS-4). Shared by all workers.
create table breakers (
    tenant_id   uuid not null references tenants,
    provider    text not null,
    facts       jsonb not null,
    changed_at  timestamptz not null,
    primary key (tenant_id, provider)
);

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array[
        'event_attempts', 'agent_sessions', 'agent_messages', 'tool_uses', 'alerts', 'alert_deliveries', 'breakers'
    ] loop
        execute format('alter table %I enable row level security', tenant_table);
        execute format(
            'create policy own_rows on %I using (tenant_id = current_setting(''bellhop.tenant'')::uuid)', tenant_table);
        execute format('grant select, insert, update, delete on %I to bellhop_tenant', tenant_table);
    end loop;
end $$;

-- Compressing a body of 50 KB takes longer than all else that its commit does; what is stored grows by that.
alter table events alter column body set storage external;

-- What is looked at every minute is a day at most.
create index events_by_time on events (tenant_id, received_at);

-- Tenants that are there already get their watch.
insert into outbox (tenant_id, process, subject) select id, 'tenant', id from tenants;
