-- Calls on the lines at OpenPhone are written to the CRM too, what is known of a call later is added there, and so are
-- addresses, where the settings name a field for them.

alter table calls
    -- The record that was written of it.
    add column crm_record text;
alter table conversation_entries
    add column crm_record text;

alter table crm_queue
    drop constraint crm_queue_kind_check,
    add constraint crm_queue_kind_check check (kind in ('contact', 'record', 'number', 'note', 'call', 'entry'));

create or replace view crm_contact_values with (security_invoker = true) as
select c.tenant_id, c.id as contact_id,
       jsonb_strip_nulls(jsonb_build_object(
           'name', nullif(c.name, ''), 'email', c.email, 'address', c.address, 'phone', c.e164, 'mobile', c.mobile,
           'notes', c.remarks,
           'do_not_call', exists (select from opt_outs_of_people o where o.tenant_id = c.tenant_id and o.contact_id = c.id)))
           as told,
       c.merged_into is not null as is_merged
from contacts c
where c.erased_at is null;
