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
