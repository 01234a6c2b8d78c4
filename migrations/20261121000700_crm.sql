-- Contacts in step with a CRM, both ways (CRM-1 to CRM-5).

alter table contacts
    -- A second number, by which a caller is recognised too. Reminders dial e164.
    add column mobile text,
    -- What the CRM's field for notes says.
    add column remarks text;
create index contacts_by_mobile on contacts (tenant_id, mobile) where mobile is not null;

-- Which kinds of processes there are is the program's business.
alter table outbox
    drop constraint outbox_process_check,
    add constraint outbox_process_check check (process ~ '^[a-z_]{1,40}$');

-- What is kept of a tenant's account at the CRM. Whoever uses it locks the row.
create table crm_accounts (
    tenant_id   uuid primary key references tenants,
    -- domain::crm::TokenFacts, BudgetFacts, ChannelFacts and ReconcileFacts; null before the first use.
    token       jsonb,
    budget      jsonb,
    channel     jsonb,
    reconcile   jsonb,
    -- The access token, encrypted as provider_secrets are, and where it is good.
    key_id      text,
    nonce       bytea,
    ciphertext  bytea,
    api_url     text,
    -- Where the next comparison begins, when the last one that was finished began, and whether somebody asked for one.
    compare_from timestamptz,
    compared_at timestamptz,
    compare_now boolean not null default false
);

-- Which record of the CRM a contact is.
create table crm_links (
    tenant_id   uuid not null,
    contact_id  uuid not null,
    record_id   text,
    -- Why there is no record and none is made.
    trouble     text check (trouble in ('several', 'gone', 'incomplete')),
    -- domain::crm::Link: the values at which both sides were last in step; null before that.
    link        jsonb,
    -- Our values when they were last looked at, and when each got its value, where that is known.
    seen        jsonb not null default '{}',
    changed_at  jsonb not null default '{}',
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, contact_id),
    unique (tenant_id, record_id),
    foreign key (tenant_id, contact_id) references contacts on delete cascade
);

-- What is to be done at the CRM. Changes are not queued: a contact that changed ten times is one row.
create table crm_queue (
    tenant_id   uuid not null references tenants,
    kind        text not null check (kind in ('contact', 'record', 'number', 'note', 'call')),
    -- An id, a record of the CRM, or a number in E.164.
    key         text not null,
    contact_id  uuid,
    -- domain::crm::PushFacts.
    changed_first timestamptz not null,
    changed_last timestamptz not null,
    generation  bigint not null default 1,
    failure     text,
    failed_at   timestamptz,
    failures    integer not null default 0,
    -- domain::crm::AppendFacts of a note or a call whose request has left.
    append      jsonb,
    -- Null when only a person, or something else first, can help.
    due_at      timestamptz,
    primary key (tenant_id, kind, key),
    foreign key (tenant_id, contact_id) references contacts on delete cascade
);
create index crm_queue_due on crm_queue (tenant_id, due_at) where due_at is not null;
create index crm_queue_by_contact on crm_queue (tenant_id, contact_id) where contact_id is not null;

-- Differences that a person decides.
create table crm_conflicts (
    tenant_id   uuid not null,
    contact_id  uuid not null,
    field       text not null,
    -- domain::crm::Pair: what each side has.
    about       jsonb not null,
    why         text not null,
    asked_at    timestamptz not null,
    primary key (tenant_id, contact_id, field),
    foreign key (tenant_id, contact_id) references contacts on delete cascade
);

-- Our side of a contact, as it is compared.
create view crm_contact_values with (security_invoker = true) as
select c.tenant_id, c.id as contact_id,
       jsonb_strip_nulls(jsonb_build_object(
           'name', nullif(c.name, ''), 'email', c.email, 'phone', c.e164, 'mobile', c.mobile, 'notes', c.remarks,
           'do_not_call', exists (select from opt_outs o where o.tenant_id = c.tenant_id and o.e164 = c.e164))) as told
from contacts c;
grant select on crm_contact_values to bellhop_tenant;

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['crm_accounts', 'crm_links', 'crm_queue', 'crm_conflicts'] loop
        execute format('alter table %I enable row level security', tenant_table);
        execute format(
            'create policy own_rows on %I using (tenant_id = current_setting(''bellhop.tenant'')::uuid)', tenant_table);
        execute format('grant select, insert, update, delete on %I to bellhop_tenant', tenant_table);
    end loop;
end $$;
