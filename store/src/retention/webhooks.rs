//! The webhooks about one person: found by their calls, and by their numbers and addresses in the body.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Erased, Subject, TABLES};
use crate::{Result, TenantStore, TenantTx};

/// Webhooks that are looked through in one step.
const BATCH: i64 = 200;

impl TenantStore {
    /// Goes through all webhooks, a batch at a time. What is learnt of the person's calls is added to what they are found
    /// by. Answers which was the last.
    pub(super) async fn erase_webhooks(
        &self,
        person: &mut Subject,
        now: Timestamp,
        erased: &mut Erased,
        looked: &mut impl FnMut(u64),
    ) -> Result<Uuid> {
        let (mut after, mut seen) = (Uuid::nil(), 0);
        loop {
            let mut tx = self.begin().await?;
            let batch = tx.events_that_name(person, after).await?;
            let Some(last) = batch.last else {
                return Ok(after);
            };
            person.provider_calls.extend(batch.provider_calls);
            tx.erase_events(person, batch.found, now, erased).await?;
            tx.commit().await?;
            after = last;
            seen += batch.looked;
            looked(seen);
        }
    }
}

/// A number of webhooks that were looked through.
pub(super) struct Batch {
    pub(super) found: Vec<Uuid>,
    /// Calls at OpenPhone that those are about, which have no row in `calls`. What was said in a call may name anybody.
    pub(super) provider_calls: Vec<String>,
    looked: u64,
    pub(super) last: Option<Uuid>,
}

impl TenantTx {
    /// Looks through the webhooks after `after` for those about the person.
    pub(super) async fn events_that_name(
        &mut self,
        person: &Subject,
        after: Uuid,
    ) -> Result<Batch> {
        let words = person.words();
        let rows = sqlx::query!(
            r#"select b.id,
                      case when b.provider in ('openphone', 'quo') and b.event_type !~ 'transcript|summary'
                           then b.provider_call_id end as call_with,
                      (b.call_id = any($4) or b.provider_call_id = any($5)) is true as "is_of_call!",
                      case when exists (select from unnest($6::text[]) w
                                        where position(convert_to(w, 'UTF8') in b.body) > 0 or position('@' in w) > 0)
                           then b.body end as body
               from (select id, provider, event_type, call_id, provider_call_id, body from events
                     where tenant_id = $1 and id > $2 order by id limit $3) b
               order by b.id"#,
            self.tenant(),
            after,
            BATCH,
            &person.calls,
            &person.provider_calls,
            &words
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let mut batch = Batch {
            found: Vec::new(),
            provider_calls: Vec::new(),
            looked: rows.len() as u64,
            last: rows.last().map(|row| row.id),
        };
        for row in rows {
            if row.is_of_call || row.body.as_deref().is_some_and(|body| names(body, &words)) {
                batch.found.push(row.id);
                batch.provider_calls.extend(row.call_with);
            }
        }
        Ok(batch)
    }

    /// What tells of a call at OpenPhone without its number, and came before what names it.
    pub(super) async fn events_beside(&mut self, provider_calls: &[String]) -> Result<Vec<Uuid>> {
        Ok(sqlx::query_scalar!(
            "select id from events
             where tenant_id = $1 and provider in ('openphone', 'quo') and provider_call_id = any($2) and body <> ''",
            self.tenant(),
            provider_calls
        )
        .fetch_all(&mut *self.tx)
        .await?)
    }

    pub(super) async fn erase_events(
        &mut self,
        person: &Subject,
        events: Vec<Uuid>,
        now: Timestamp,
        erased: &mut Erased,
    ) -> Result<()> {
        let about = Subject {
            events,
            ..person.clone()
        };
        // Before what was tried with them, as those lock them who try.
        sqlx::query!(
            "select id from events where tenant_id = $1 and id = any($2) order by id for no key update",
            self.tenant(),
            &about.events
        )
        .fetch_all(&mut *self.tx)
        .await?;
        for table in TABLES {
            if matches!(table.name, "events" | "event_attempts") {
                let rows = self.erase_in(table, &about, now).await?;
                erased.add(table.name, rows);
            }
        }
        Ok(())
    }

    /// Empties what has come since of calls with people who were erased: an analysis may be late. Answers how many.
    pub async fn erase_late_events(&mut self, now: Timestamp) -> Result<u64> {
        let late = sqlx::query_scalar!(
            "select e.id from events e join calls c on c.tenant_id = e.tenant_id and c.id = e.call_id
             where e.tenant_id = $1 and c.erased_at is not null and e.received_at > c.erased_at - interval '1 day'
               and (e.body <> '' or e.observation is not null)",
            self.tenant()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        if late.is_empty() {
            return Ok(0);
        }
        let mut erased = Erased::default();
        self.erase_events(&Subject::default(), late, now, &mut erased)
            .await?;
        Ok(erased.rows.values().sum())
    }
}

/// Whether a body holds a number or an address, and not merely the same digits within a longer number.
fn names(body: &[u8], words: &[String]) -> bool {
    let body = body.to_ascii_lowercase();
    words.iter().any(|word| holds(&body, word.as_bytes()))
}

fn holds(body: &[u8], word: &[u8]) -> bool {
    if word.is_empty() {
        return false;
    }
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    body.windows(word.len()).enumerate().any(|(at, window)| {
        let before = at.checked_sub(1).and_then(|before| body.get(before));
        // An escaped plus sign ends with digits of its own.
        let escaped = at >= 3 && body.get(at - 3..at) == Some(b"%2b");
        let longer = digit(word.first())
            && ((digit(before) && !escaped) || digit(body.get(at + word.len())));
        window == word && !longer
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_number_is_found_in_any_form_that_a_sender_writes_and_not_within_another() {
        let words = ["447700900123".to_owned(), "ada@example.com".to_owned()];
        for body in [
            r#"{"from":"+447700900123"}"#,
            "From=%2B447700900123&To=1",
            "447700900123",
            r#"{"email":"Ada@Example.com"}"#,
        ] {
            assert!(names(body.as_bytes(), &words), "{body}");
        }
        for body in ["", "1447700900123", "4477009001234", "+447700900124"] {
            assert!(!names(body.as_bytes(), &words), "{body}");
        }
    }
}
