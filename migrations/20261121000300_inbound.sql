-- Calls that come in. The first event that tells of one makes its row, and its process follows it as it does any call.

alter table calls
    -- A caller may withhold the number.
    alter column e164 drop not null,
    add constraint calls_dial_a_number check (direction = 'inbound' or e164 is not null),
    -- Whom the number belongs to, when it belongs to one person only.
    add column contact_id uuid,
    -- Which of our numbers was called.
    add column line text,
    -- What the conversation was about, in a few words and in sentences, and how the person felt: the provider's words.
    add column topic text,
    add column summary text,
    add column sentiment text,
    add foreign key (tenant_id, contact_id) references contacts;
create unique index calls_arrive_once on calls (tenant_id, provider, provider_call_id) where direction = 'inbound';
create index calls_by_contact on calls (tenant_id, contact_id, authorized_at) where contact_id is not null;

-- Every answer to a voice agent's question about a caller, exactly as it was sent (MEM-7). It is committed before it is sent.
create table context_log (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    provider    text not null,
    -- Known to providers that have made the call when they ask.
    provider_call_id text,
    -- Once the call is known.
    call_id     uuid,
    -- Who calls, as far as it could be told: known, unknown, withheld or shared.
    caller      text,
    contact_id  uuid,
    e164        text,
    line        text,
    agent_id    text,
    -- Why nothing personal was told, when the line is not one of the tenant's.
    line_problem text,
    -- What was sent. The safe, empty answer when it failed.
    answer      jsonb not null,
    -- Why it was the empty answer: no answer was found in time, or not at all.
    failure     text check (failure in ('timed_out', 'failed', 'unreadable')),
    took_ms     integer not null,
    request_id  text,
    trace_id    text,
    asked_at    timestamptz not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id)
);
create index context_log_by_call on context_log (tenant_id, call_id) where call_id is not null;
create index context_log_failures on context_log (tenant_id, asked_at) where failure is not null;

alter table context_log enable row level security;
create policy own_rows on context_log using (tenant_id = current_setting('bellhop.tenant')::uuid);
grant select, insert, update, delete on context_log to bellhop_tenant;
