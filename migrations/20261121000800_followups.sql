-- Calls that nobody answered (MEM-9), and checks of the phone line (OPS-1).

-- Each call of a person that nobody answered.
create table missed_calls (
    tenant_id   uuid not null references tenants,
    provider    text not null,
    provider_call_id text not null,
    -- The number that called; of a withheld one the call itself.
    who         text not null,
    -- Of ours, when it has a row there.
    call_id     uuid,
    kind        text not null,
    -- When it began.
    at          timestamptz not null,
    -- Which of our numbers was called.
    line        text,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, provider, provider_call_id)
);
create index missed_calls_by_who on missed_calls (tenant_id, who, at);

-- What is to be done for one number: one row for as long as there is something to say of it.
create table follow_ups (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    who         text not null,
    -- Null of a withheld number.
    e164        text,
    contact_id  uuid,
    state       text not null check (state in ('open', 'done')),
    -- Of the time that it is, or was last, open.
    owner       text,
    kind        text,
    line        text,
    first_at    timestamptz,
    last_at     timestamptz,
    calls       integer not null default 0,
    due_at      timestamptz,
    -- The end of the newest call in which somebody talked.
    talked_at   timestamptz,
    -- When a colleague last said that it is done.
    closed_at   timestamptz,
    changed_at  timestamptz not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, who),
    foreign key (tenant_id, contact_id) references contacts
);
create index follow_ups_by_contact on follow_ups (tenant_id, contact_id) where contact_id is not null;
create index follow_ups_open on follow_ups (tenant_id, due_at) where state = 'open';

-- The events of one call at OpenPhone, which has no row in calls.
create index events_of_openphone_calls on events (tenant_id, provider_call_id)
    where provider in ('openphone', 'quo') and provider_call_id is not null;

-- One row for each check of the line.
create table line_checks (
    tenant_id   uuid not null references tenants,
    planned_at  timestamptz not null,
    code        text not null,
    -- The request to send left then: recorded before it leaves.
    sent_at     timestamptz,
    tries       integer not null default 0,
    -- domain::alert::SendFailure, of the last try.
    failure     jsonb,
    -- When the main line's message with this code was heard of, and how.
    arrived_at  timestamptz,
    heard_by    text check (heard_by in ('webhook', 'asking')),
    asked_at    timestamptz,
    verdict     text,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, planned_at),
    unique (tenant_id, code)
);

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['missed_calls', 'follow_ups', 'line_checks'] loop
        execute format('alter table %I enable row level security', tenant_table);
        execute format(
            'create policy own_rows on %I using (tenant_id = current_setting(''bellhop.tenant'')::uuid)', tenant_table);
        execute format('grant select, insert, update, delete on %I to bellhop_tenant', tenant_table);
    end loop;
end $$;
