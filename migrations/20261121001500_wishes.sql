-- Wishes to be called wait in the list of calls that nobody answered (MEM-9). One is a row of missed_calls too: its provider is
-- 'extraction', its call the row there.
alter table missed_calls
    -- The time that the person named.
    add column wanted_at timestamptz;
