-- What becomes of a field that somebody empties is nothing, as what it was before it was filled.
alter table contact_changes alter column becomes drop not null;
