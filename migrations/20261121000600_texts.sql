-- Texts and calls on the lines at OpenPhone: the conversations, what is read out of them and waits for approval,
-- texts that are sent, and the sound that is kept.

alter table contacts add column if not exists address text;

-- One text or call, joined from every event about it.
create table conversation_entries (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    kind        text not null check (kind in ('text', 'call')),
    -- The provider's. Those of texts and calls look alike.
    provider_id text not null,
    -- The person's number; null when it is withheld, none that can be dialed, or not told yet.
    e164        text,
    -- Whose number it was, when it was one person's, as it was first found.
    contact_id  uuid,
    -- When it was written or began; while that is not known, when it was first heard of.
    at          timestamptz not null,
    -- domain::text::Entry, as text: a jsonb column refuses what a message may hold (NUL).
    entry       text not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, kind, provider_id),
    foreign key (tenant_id, contact_id) references contacts
);
create index conversation_entries_by_contact on conversation_entries (tenant_id, contact_id, at) where contact_id is not null;
create index conversation_entries_by_number on conversation_entries (tenant_id, e164, at) where e164 is not null;

-- The newest word that came from a number by text: STOP, or START.
create table text_choices (
    tenant_id   uuid not null references tenants,
    e164        text not null,
    at          timestamptz not null,
    opted_out   boolean not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, e164)
);

-- Words that are read once for values of the contact they are from, and what came of it. The words stay in the entry.
create table extractions (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    entry_id    uuid not null,
    contact_id  uuid not null,
    kind        text not null check (kind in ('text', 'transcript', 'summary', 'voicemail')),
    -- Of kind and words: the same words of the same person are not read twice.
    fingerprint bytea not null,
    state       text not null default 'waiting' check (state in ('waiting', 'reading', 'read', 'failed', 'superseded')),
    -- The request it is read in, committed before that leaves.
    batch       uuid,
    requested_at timestamptz,
    -- Requests that left with it and came to nothing that is known.
    tries       integer not null default 0,
    -- One of several that were read together is not readable: each goes by itself.
    alone       boolean not null default false,
    error       text,
    -- What became of each value: fields and codes, no values.
    results     jsonb,
    wants_call  boolean not null default false,
    wants_call_at timestamptz,
    -- By the process's time.
    queued_at   timestamptz not null,
    read_at     timestamptz,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, contact_id, fingerprint),
    foreign key (tenant_id, entry_id) references conversation_entries,
    foreign key (tenant_id, contact_id) references contacts
);
create index extractions_open on extractions (tenant_id, queued_at) where state in ('waiting', 'reading');
create index extractions_read on extractions (tenant_id, requested_at) where requested_at is not null;
create index extractions_by_entry on extractions (tenant_id, entry_id);

-- Tokens by month of the tenant's zone (TEXT-6).
create table extraction_months (
    tenant_id   uuid not null references tenants,
    month       date not null,
    input_tokens bigint not null default 0,
    output_tokens bigint not null default 0,
    requests    bigint not null default 0,
    passages    bigint not null default 0,
    primary key (tenant_id, month)
);

-- Why nothing is read for the moment.
create table extraction_pauses (
    tenant_id   uuid not null references tenants,
    until       timestamptz not null,
    -- In a word of ours or of the provider.
    why         text not null,
    primary key (tenant_id)
);

-- A value that another one stands in the place of: a person decides (TEXT-3).
create table approvals (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    contact_id  uuid not null,
    extraction_id uuid not null,
    field       text not null check (field in ('name', 'email', 'address', 'phone')),
    shown       text not null,
    proposed    text not null,
    asked_at    timestamptz not null,
    verdict     text check (verdict in ('approve', 'reject')),
    verdict_by  text,
    verdict_at  timestamptz,
    -- applied, rejected, or why it needs no answer any more.
    outcome     text,
    settled_at  timestamptz,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, contact_id) references contacts,
    foreign key (tenant_id, extraction_id) references extractions
);
create index approvals_open on approvals (tenant_id, asked_at) where settled_at is null;
create index approvals_by_contact on approvals (tenant_id, contact_id);

-- Every change of a contact that no file made: what, who and when.
create table contact_changes (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    contact_id  uuid not null,
    field       text not null,
    was         text,
    becomes     text not null,
    changed_by  text not null,
    -- What it came from, such as an extraction or an approval.
    cause       text,
    changed_at  timestamptz not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, contact_id) references contacts
);
create index contact_changes_by_contact on contact_changes (tenant_id, contact_id, changed_at);

-- Texts of ours. pending → sending (committed before the request leaves) → sent; or refused.
create table outbound_texts (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    purpose     text not null check (purpose in ('person', 'line_check')),
    e164        text,
    contact_id  uuid,
    -- The line it is to go from, by number or the provider's id.
    line        text,
    body        text not null,
    asked_by    text not null,
    state       text not null default 'pending' check (state in ('pending', 'sending', 'sent', 'refused')),
    sending_since timestamptz,
    tries       integer not null default 0,
    -- domain::alert::SendFailure, of the last try.
    failure     jsonb,
    detail      text,
    not_found_at timestamptz,
    provider_id text,
    refusal     text,
    created_at  timestamptz not null,
    sent_at     timestamptz,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, contact_id) references contacts
);
create index outbound_texts_open on outbound_texts (tenant_id, created_at) where state in ('pending', 'sending');
create index outbound_texts_by_number on outbound_texts (tenant_id, e164) where e164 is not null;

-- The sound of calls and voicemails, as far as the tenant keeps it (TEXT-5).
create table sounds (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    entry_id    uuid not null,
    kind        text not null check (kind in ('recording', 'voicemail')),
    -- Which of the call's recordings.
    key         text not null,
    failures    integer not null default 0,
    last_failure text,
    last_failed_at timestamptz,
    kept_at     timestamptz,
    -- Why it is not kept, or not any more.
    ended       text,
    content_type text,
    length      bigint,
    audio       bytea,
    recorded_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, entry_id, kind, key),
    foreign key (tenant_id, entry_id) references conversation_entries
);
-- Compressing sound takes time and saves nothing.
alter table sounds alter column audio set storage external;
create index sounds_open on sounds (tenant_id, id) where ended is null;

-- Beside whatever processes are known by now.
do $$
declare
    known text;
begin
    select pg_get_expr(conbin, conrelid) into known from pg_constraint
    where conname = 'outbox_process_check' and conrelid = 'outbox'::regclass;
    alter table outbox drop constraint outbox_process_check;
    execute format('alter table outbox add constraint outbox_process_check check (%s or process in (%L, %L, %L))',
        known, 'reading', 'sound', 'text');
end $$;

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array[
        'conversation_entries', 'text_choices', 'extractions', 'extraction_months', 'extraction_pauses', 'approvals',
        'contact_changes', 'outbound_texts', 'sounds'
    ] loop
        execute format('alter table %I enable row level security', tenant_table);
        execute format(
            'create policy own_rows on %I using (tenant_id = current_setting(''bellhop.tenant'')::uuid)', tenant_table);
        execute format('grant select, insert, update, delete on %I to bellhop_tenant', tenant_table);
    end loop;
end $$;
