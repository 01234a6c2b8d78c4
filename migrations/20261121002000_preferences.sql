-- What becomes of a field that somebody empties is nothing, as what it was before it was filled.
alter table contact_changes alter column becomes drop not null;

-- What the last file said of a person's preferences. A file that says it once more has no news.
alter table contacts add column told_preferences text;

-- How a person always wants to be dealt with may be read out of their words too.
alter table approvals
    drop constraint approvals_field_check,
    add constraint approvals_field_check check (field in ('name', 'email', 'address', 'phone', 'preferences'));
