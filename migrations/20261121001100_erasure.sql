-- What comes late of somebody who was erased is recognised, and an erasure locks nobody out.

-- Of what is gone with an erased person, a keyed hash: of the person's numbers and of the ids of their texts and calls at
-- the provider. By it what a provider sends late is known for theirs. The key is that of opt_out_marks.
create table erased_marks (
    tenant_id   uuid not null references tenants,
    mark        bytea not null,
    -- What was written or began before then is theirs; what comes after it is news.
    erased_at   timestamptz not null,
    primary key (tenant_id, mark)
);
alter table erased_marks enable row level security;
create policy own_rows on erased_marks using (tenant_id = current_setting('bellhop.tenant')::uuid);
grant select, insert, update, delete on erased_marks to bellhop_tenant;

-- Whoever is erased is matched by no file. As an index that leaves rows out it is no key that others may refer to either:
-- to empty it waits for nobody who writes something about the contact.
alter table contacts drop constraint contacts_tenant_id_match_key_key;
create unique index contacts_by_match_key on contacts (tenant_id, match_key) where erased_at is null;

-- An erasure looks for what else bears a person's number.
create index contact_changes_by_number on contact_changes (tenant_id, was) where field = 'phone';
create index outbound_texts_by_contact on outbound_texts (tenant_id, contact_id) where contact_id is not null;
