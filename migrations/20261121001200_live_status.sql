-- Calls as they run, for whoever holds a token (CALL-6), and calls that went badly (CALL-7).

alter table calls
    -- When its process first heard that it rings, and when somebody answered.
    add column ringing_at timestamptz,
    add column answered_at timestamptz,
    -- What is odd about its length.
    add column quality text;
-- The last calls that were made, by how they ended.
create index calls_made on calls (tenant_id, outcome_at desc) include (id, outcome, quality)
    where direction = 'outbound' and outcome is not null and outcome <> 'not_placed';

-- The newest call when somebody last looked at poor ones: only later ones are counted.
alter table tenants add column calls_looked_at uuid;

-- Who may ask how calls go. Of the token itself only a digest is kept.
create table access_tokens (
    tenant_id   uuid not null references tenants,
    id          uuid not null unique,
    -- For people.
    name        text,
    -- SHA-256 of its secret part, which is random.
    digest      bytea not null check (length(digest) = 32),
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id)
);

alter table access_tokens enable row level security;
create policy own_rows on access_tokens using (tenant_id = current_setting('bellhop.tenant')::uuid);
grant select, insert, update, delete on access_tokens to bellhop_tenant;
