-- What callers have done in a call: each function that an agent asked for, once, with what came of it (MEM-4).
create table call_functions (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    provider    text not null,
    -- The same for the same question asked again.
    invocation  text not null,
    provider_call_id text,
    call_id     uuid,
    -- As the agent named it.
    name        text not null,
    arguments   jsonb not null,
    -- Who called, and what was changed; null when the wish was not understood.
    identity    jsonb,
    act         jsonb,
    -- Why the wish was not met.
    refusal     text,
    -- Exactly what was sent. A question asked again gets the same answer.
    answer      text not null,
    took_ms     integer not null,
    request_id  text,
    trace_id    text,
    asked_at    timestamptz not null,
    -- The order in which they were kept, whatever the clocks say.
    position    bigint generated always as identity,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id)
);
create index call_functions_asked on call_functions (tenant_id, provider, invocation);
create index call_functions_by_provider_id on call_functions (tenant_id, provider_call_id);
create index call_functions_by_call on call_functions (tenant_id, call_id) where call_id is not null;

-- What was left for the people of the business, by callers and by themselves.
create table notes (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    contact_id  uuid,
    call_id     uuid,
    -- As it was given, by somebody who is not identified too.
    name        text,
    -- The number to call back.
    e164        text,
    body        text not null,
    urgent      boolean not null default false,
    -- A complaint or a dispute: no agent hears of it until a person has cleared it (MEM-5).
    held        boolean not null default false,
    cleared_at  timestamptz,
    -- Somebody has to call back or to do something.
    wants_answer boolean not null default false,
    done_at     timestamptz,
    made_at     timestamptz not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, contact_id) references contacts
);
create index notes_by_contact on notes (tenant_id, contact_id, made_at) where contact_id is not null;
create index notes_open on notes (tenant_id, made_at) where done_at is null;

alter table appointments
    -- The time that the last file named. A file that names it once more has no news, and does not undo what a
    -- person changed in a call since.
    add column told_starts_at timestamptz,
    -- The same of where it stands; null when the file says nothing of it.
    add column told_status text;
-- So far every appointment came from a file.
update appointments set told_starts_at = starts_at;
create index appointments_by_time on appointments (tenant_id, starts_at);

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['call_functions', 'notes'] loop
        execute format('alter table %I enable row level security', tenant_table);
        execute format(
            'create policy own_rows on %I using (tenant_id = current_setting(''bellhop.tenant'')::uuid)', tenant_table);
        execute format('grant select, insert, update, delete on %I to bellhop_tenant', tenant_table);
    end loop;
end $$;
