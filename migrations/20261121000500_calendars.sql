-- What the tenants' calendars said when they were last read (MEM-8). Answers are made from these rows, so that no caller waits
-- for a calendar.
create table calendars (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    -- The tenant's own name for it, as in the settings.
    name        text not null,
    -- What it is read from: kind, id, zone, secret. A reading of anything else is void.
    origin      jsonb not null,
    -- Since this is what it is read from.
    set_up_at   timestamptz not null,
    -- What it said; null until it was read.
    busy        jsonb,
    known       jsonb,
    read_at     timestamptz,
    -- Since then.
    failures    integer not null default 0,
    failed_at   timestamptz,
    -- Of the last of them: the class, and a word of ours or the provider's code.
    failure     text check (failure in ('refused', 'rate_limited', 'unavailable', 'unreadable')),
    detail      text,
    retry_after_seconds bigint,
    -- When its process reads it again.
    next_at     timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, name),
    check ((busy is null) = (read_at is null) and (known is null) = (read_at is null))
);

alter table calendars enable row level security;
create policy own_rows on calendars using (tenant_id = current_setting('bellhop.tenant')::uuid);
grant select, insert, update, delete on calendars to bellhop_tenant;

alter table outbox
    drop constraint outbox_process_check,
    add constraint outbox_process_check check (process in ('reminder', 'call', 'event', 'alert', 'tenant', 'calendars'));

-- What a note is. Only what callers left is told to an agent as an open matter (MEM-6).
alter table notes
    add column kind text not null default 'note' check (kind in ('note', 'call_back', 'to_enter', 'call'));
update notes set kind = 'call_back' where body like 'Wants: %' and wants_answer;
update notes set kind = 'to_enter' where body like '%: to be entered in the calendar';
create index notes_held on notes (tenant_id) where held and cleared_at is null;
create unique index notes_of_calls on notes (tenant_id, call_id) where kind = 'call';

-- Contacts that are one person. The one that is gone keeps its row: its number is the other's too, and a file that names it
-- means the other.
alter table contacts
    add column merged_into uuid,
    add foreign key (tenant_id, merged_into) references contacts;
create index contacts_merged on contacts (tenant_id, merged_into) where merged_into is not null;

create table contact_merges (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    kept        uuid not null,
    gone        uuid not null,
    -- By table, the ids of the rows that became the other's: an undo gives back just these.
    moved       jsonb not null,
    merged_at   timestamptz not null,
    undone_at   timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, kept) references contacts,
    foreign key (tenant_id, gone) references contacts
);

alter table contact_merges enable row level security;
create policy own_rows on contact_merges using (tenant_id = current_setting('bellhop.tenant')::uuid);
grant select, insert, update, delete on contact_merges to bellhop_tenant;
