-- Words that are read stand in an entry of a conversation, or were said in a call with a voice agent. A call may be
-- deleted by its age before: what came of its words stays for its own time.
alter table extractions
    alter column entry_id drop not null,
    add column call_id uuid,
    add constraint extractions_call_fkey foreign key (tenant_id, call_id) references calls on delete set null (call_id),
    add constraint extractions_of_one check (num_nonnulls(entry_id, call_id) <= 1);
create index extractions_by_call on extractions (tenant_id, call_id) where call_id is not null;
