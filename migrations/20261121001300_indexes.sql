-- What is asked for by call is found without reading all that a tenant ever noted or decided.
create index notes_by_call on notes (tenant_id, call_id) where call_id is not null;
create index decisions_by_call on decisions (tenant_id, call_id) where call_id is not null;
