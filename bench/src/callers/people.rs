//! A large clinic's people, with their appointments to come and their calls.

use anyhow::Result;

use crate::stage::Stage;

/// How many there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct People {
    /// At most a million, for their numbers.
    pub(crate) contacts: u64,
    pub(crate) calls: u64,
    /// One each, of the first people, over the year to come.
    pub(crate) appointments: u64,
}

/// Between the people of one question and the next: prime to their number, so that all have their turn and neighbours
/// in the tables are not asked about one after the other.
const STRIDE: u64 = 387_077;

impl People {
    /// The number of the person that the question of this number is about.
    pub(crate) fn caller(&self, number: u64) -> String {
        format!("+447700{:06}", self.of(number))
    }

    fn of(&self, number: u64) -> u64 {
        number.wrapping_mul(STRIDE) % self.contacts
    }

    /// Whether that person has an appointment to come.
    pub(crate) fn is_expected(&self, number: u64) -> bool {
        self.of(number) < self.appointments
    }

    /// Writes them all. Answers with the size of the database, in words.
    pub(crate) async fn fill(&self, stage: &Stage) -> Result<String> {
        let Self {
            contacts,
            calls,
            appointments,
        } = self;
        let person =
            |n: &str| format!("('00000000-0000-7000-8000-' || lpad(to_hex({n}), 12, '0'))::uuid");
        stage
            .sql(&format!(
                "insert into contacts (tenant_id, id, match_key, name, e164)
                 select t.id, {}, 'bench-' || n, 'Ada Archer', '+447700' || lpad(n::text, 6, '0')
                 from generate_series(0, {contacts} - 1) n, tenants t",
                person("n")
            ))
            .await?;
        stage
            .sql(&format!(
                "insert into appointments (tenant_id, id, external_id, contact_id, starts_at, time_zone, kind,
                                           duration_minutes, known_at, told_starts_at)
                 select t.id, uuidv7(), 'A' || n, {}, now() + interval '1 day' + (n % 525600) * interval '1 minute',
                        'Europe/London', 'Check-up', 30, now(), now()
                 from generate_series(0, {appointments} - 1) n, tenants t",
                person("n")
            ))
            .await?;
        // In the order in which calls come: those of one person lie far apart.
        stage
            .sql(&format!(
                "insert into calls (tenant_id, id, direction, contact_id, e164, line, provider, provider_call_id, state,
                                    dial_state, authorized_at, placed_at, ended_at, duration_ms, outcome, outcome_at,
                                    settled_at, topic, summary, sentiment)
                 select t.id, uuidv7(), case when n % 2 = 0 then 'inbound' else 'outbound' end, {},
                        '+447700' || lpad((n * {STRIDE} % {contacts})::text, 6, '0'), '+442079460000', 'retell',
                        'call_old_' || n, 'completed', 'placed', at, at, at, 61000, 'no_clear_answer', at, at,
                        'bookkeeping', 'The person asked about bookkeeping, wanted to know what number ' || n
                            || ' on the bill means, and was told that a colleague looks at it.', 'neutral'
                 from (select n, now() - ({calls} - n) * interval '6 seconds' as at
                       from generate_series(1::bigint, {calls}) n) each, tenants t",
                person(&format!("n * {STRIDE} % {contacts}"))
            ))
            .await?;
        stage.sql("vacuum analyze").await?;
        stage
            .sql("select pg_size_pretty(pg_database_size(current_database()))")
            .await
    }
}
