-- How long things are kept, and the erasure of one person (OPS-3). What becomes of each table is listed in
-- store/src/retention/tables.rs.

alter table calls
    -- Of a person who was erased: the row says that there was a call, and how it went.
    add column erased_at timestamptz,
    drop constraint calls_dial_a_number,
    add constraint calls_dial_a_number check (direction = 'inbound' or e164 is not null or erased_at is not null);
create index calls_erased on calls (tenant_id, erased_at) where erased_at is not null;
alter table contacts add column erased_at timestamptz;

-- Numbers of erased people who do not want to be called: a keyed hash, which says of a number that it is one of them,
-- and names none. The key is the tenant's, encrypted among its secrets.
create table opt_out_marks (
    tenant_id   uuid not null references tenants,
    mark        bytea not null,
    -- As in opt_outs.
    source      text not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, mark)
);

-- That somebody was erased, without anything about them.
create table erasures (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    -- The rows of contacts that are empty since.
    contacts    uuid[] not null,
    -- Rows deleted or emptied, by table.
    rows        jsonb not null,
    erased_at   timestamptz not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id)
);

-- What hangs on a row goes with it.
alter table event_attempts
    drop constraint event_attempts_tenant_id_event_id_fkey,
    add foreign key (tenant_id, event_id) references events on delete cascade;
alter table agent_messages
    drop constraint agent_messages_tenant_id_session_id_fkey,
    add foreign key (tenant_id, session_id) references agent_sessions on delete cascade;
alter table tool_uses
    drop constraint tool_uses_tenant_id_session_id_fkey,
    add foreign key (tenant_id, session_id) references agent_sessions on delete cascade;
alter table reminders
    drop constraint reminders_tenant_id_appointment_id_fkey,
    add foreign key (tenant_id, appointment_id) references appointments on delete cascade;
alter table decisions
    drop constraint decisions_tenant_id_appointment_id_fkey,
    add foreign key (tenant_id, appointment_id) references appointments on delete cascade;

-- What is old is found by its time, and what still refers to it by what it refers to.
create index calls_by_time on calls (tenant_id, authorized_at);
create index calls_by_appointment on calls (tenant_id, appointment_id) where appointment_id is not null;
create index context_log_by_time on context_log (tenant_id, asked_at);
create index context_log_by_contact on context_log (tenant_id, contact_id) where contact_id is not null;
create index call_functions_by_time on call_functions (tenant_id, asked_at);

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['opt_out_marks', 'erasures'] loop
        execute format('alter table %I enable row level security', tenant_table);
        execute format(
            'create policy own_rows on %I using (tenant_id = current_setting(''bellhop.tenant'')::uuid)', tenant_table);
        execute format('grant select, insert, update, delete on %I to bellhop_tenant', tenant_table);
    end loop;
end $$;

-- Every tenant gets its nightly deletion: its watch writes the schedules.
insert into outbox (tenant_id, process, subject) select id, 'tenant', id from tenants;
