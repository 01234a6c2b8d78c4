-- A wish not to be called is a person's, whichever of their numbers it was heard for.

-- Each source has its own, and takes back no other's.
alter table opt_outs
    drop constraint opt_outs_pkey,
    add primary key (tenant_id, e164, source);

alter table contacts
    -- Which of the contacts that are one person was kept. A merge never ends in a contact that was merged itself, so it
    -- takes one step. Stored, so that an index finds the others.
    add column person_id uuid not null generated always as (coalesce(merged_into, id)) stored,
    -- The sources of the wish of somebody who has no number at the moment. They become rows of opt_outs with the next one.
    add column opted_out_as text[] not null default '{}',
    -- The address that the last file named. A file that names it once more has no news.
    add column told_email text;
-- What a person approved since is not what the file said.
update contacts c
set told_email = coalesce((select h.was from contact_changes h
                           where h.tenant_id = c.tenant_id and h.contact_id = c.id and h.field = 'email'
                           order by h.id limit 1), c.email);
create index contacts_by_person on contacts (tenant_id, person_id);

-- The numbers of a person, under each contact that is this person: those of the contact itself and of all that are merged
-- with it, both fields. The one place that says so. To be asked by contact: no index serves it by number.
create view numbers_of_people with (security_invoker = true) as
select c.tenant_id, c.id as contact_id, n.e164
from contacts c
join contacts p on p.tenant_id = c.tenant_id and p.person_id = c.person_id
cross join lateral (values (p.e164), (p.mobile)) as n (e164)
where n.e164 is not null;

-- Why a person is not to be called, under each contact that is this person.
create view opt_outs_of_people with (security_invoker = true) as
select n.tenant_id, n.contact_id, o.e164, o.source, o.recorded_at
from numbers_of_people n join opt_outs o on o.tenant_id = n.tenant_id and o.e164 = n.e164
union all
select c.tenant_id, c.id, null, s.source, p.recorded_at
from contacts p
join contacts c on c.tenant_id = p.tenant_id and c.person_id = p.person_id
cross join lateral unnest(p.opted_out_as) as s (source);
grant select on numbers_of_people, opt_outs_of_people to bellhop_tenant;

-- Who was erased here has no side of ours.
create or replace view crm_contact_values with (security_invoker = true) as
select c.tenant_id, c.id as contact_id,
       jsonb_strip_nulls(jsonb_build_object(
           'name', nullif(c.name, ''), 'email', c.email, 'phone', c.e164, 'mobile', c.mobile, 'notes', c.remarks,
           'do_not_call', exists (select from opt_outs_of_people o where o.tenant_id = c.tenant_id and o.contact_id = c.id)))
           as told,
       c.merged_into is not null as is_merged
from contacts c
where c.erased_at is null;
