-- More is asked than may be looked up: the caller is answered without memory, which is on record too.
alter table context_log
    drop constraint context_log_failure_check,
    add constraint context_log_failure_check check (failure in ('timed_out', 'failed', 'unreadable', 'refused'));
