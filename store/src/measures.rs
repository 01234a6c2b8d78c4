//! How a tenant's work goes, in numbers: for alerts and for the daily report.

use domain::{
    alert::Measures,
    event::ErrorClass,
    report::{FailedEvents, ReportDay, ReportFacts},
};
use jiff::SignedDuration;

use crate::{
    Result, TenantTx,
    instant::{from_db, to_db},
};

impl TenantTx {
    /// What ALERT-3 looks at, over the last five minutes by the database's clock.
    pub async fn measures(&mut self) -> Result<Measures> {
        let events = sqlx::query!(
            r#"select
                 -- What waits for another try is not slow: its failure is counted.
                 (max(extract(epoch from coalesce(processed_at, clock_timestamp()) - received_at))
                     filter (where tries <= (processed_at is not null)::int))::float8 as longest,
                 count(*) filter (where processed_at is not null) as "processed!",
                 count(*) filter (where state in ('dead', 'invalid')) as "failed!"
               from events
               where tenant_id = $1 and source_id is not null and operator_retries = 0
                 and (processed_at > clock_timestamp() - interval '5 minutes'
                      or state in ('received', 'queued', 'processing'))
                 and received_at > clock_timestamp() - interval '1 day'"#,
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let open = sqlx::query!(
            r#"select count(*) as "count!",
                      extract(epoch from clock_timestamp() - min(received_at) filter (where started_at is null))::float8
                          as not_started
               from events where tenant_id = $1 and state in ('received', 'queued', 'processing', 'failed')"#,
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let not_placed = sqlx::query_scalar!(
            "select extract(epoch from clock_timestamp() - min(r.next_at))::float8
             from reminders r join tenants t on t.id = r.tenant_id
             where r.tenant_id = $1 and r.state = 'waiting' and t.live and not t.paused
               and r.next_at < clock_timestamp() and r.deferral_reason is null",
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let seconds = |seconds: Option<f64>| {
            let whole = seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
            whole.and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok())
        };
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(Measures {
            longest_processing: seconds(events.longest),
            processed: number(events.processed),
            failed: number(events.failed),
            queue_length: number(open.count),
            longest_not_placed: seconds(not_placed),
            longest_not_started: seconds(open.not_started),
        })
    }

    /// What one day's report is made of.
    pub async fn report_facts(&mut self, business: &str, day: ReportDay) -> Result<ReportFacts> {
        let (from, until) = (to_db(day.from), to_db(day.until));
        let events = sqlx::query!(
            r#"select count(*) as "received!", coalesce(sum(duplicates), 0)::bigint as "duplicates!",
                      count(*) filter (where state = 'succeeded' and tries > 1) as "retried!"
               from events
               where tenant_id = $1 and source_id is not null and received_at >= $2 and received_at < $3"#,
            self.tenant(),
            from,
            until
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let failed = sqlx::query!(
            r#"select provider, event_type, error_class, count(*) as "count!",
                      count(*) filter (where state in ('dead', 'invalid')) as "dead!"
               from events
               where tenant_id = $1 and received_at >= $2 and received_at < $3
                 and state in ('failed', 'dead', 'invalid')
               group by 1, 2, 3"#,
            self.tenant(),
            from,
            until
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let dead = sqlx::query!(
            r#"select count(*) as "count!", min(received_at) as oldest
               from events where tenant_id = $1 and state = 'dead'"#,
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let calls = sqlx::query!(
            r#"select count(*) as "count!", count(*) filter (where outcome = 'uncertain') as "uncertain!"
               from calls where tenant_id = $1 and dialing_at >= $2 and dialing_at < $3"#,
            self.tenant(),
            from,
            until
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(ReportFacts {
            business: business.to_owned(),
            day,
            received: number(events.received),
            duplicates: number(events.duplicates),
            retried: number(events.retried),
            failed: failed
                .into_iter()
                .map(|row| FailedEvents {
                    provider: row.provider,
                    event_type: row.event_type,
                    class: row.error_class.as_deref().and_then(ErrorClass::from_code),
                    count: number(row.count),
                    dead: number(row.dead),
                })
                .collect(),
            dead: number(dead.count),
            oldest_dead: dead.oldest.map(from_db),
            calls: number(calls.count),
            uncertain_calls: number(calls.uncertain),
        })
    }
}
