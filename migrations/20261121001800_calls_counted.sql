-- The last calls by how they ended, those that came in too.
drop index calls_made;
create index calls_counted on calls (tenant_id, direction, outcome_at desc) include (id, outcome, quality)
    where outcome is not null and outcome <> 'not_placed';
