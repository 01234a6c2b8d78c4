//! Whether a number wants texts: its own newest word by text, and what was said elsewhere (RULE-2, TEXT-4).

use domain::text::{Choice, TextConsent};
use jiff::Timestamp;

use crate::{
    Result, TenantTx,
    instant::{from_db, to_db},
};

/// The source of an opt-out that a text takes back.
const BY_TEXT: &str = "text";

impl TenantTx {
    /// A word by text from a number. It takes effect if it is the newest: opt-outs stop calls too, and pending reminders
    /// to the number look again. Any order of words comes to the same.
    pub async fn text_choice(&mut self, e164: &str, choice: Choice) -> Result<()> {
        self.lock_wishes().await?;
        let is_newest = sqlx::query!(
            "insert into text_choices as t (tenant_id, e164, at, opted_out) values ($1, $2, $3, $4)
             on conflict (tenant_id, e164) do update set at = excluded.at, opted_out = excluded.opted_out
             where (excluded.at, excluded.opted_out) > (t.at, t.opted_out)",
            self.tenant(),
            e164,
            to_db(choice.at),
            choice.opted_out
        )
        .execute(&mut *self.tx)
        .await?;
        if is_newest.rows_affected() == 0 {
            return Ok(());
        }
        if choice.opted_out {
            return self.opt_out(e164, BY_TEXT).await;
        }
        sqlx::query!(
            "delete from opt_outs where tenant_id = $1 and e164 = $2 and source = $3",
            self.tenant(),
            e164,
            BY_TEXT
        )
        .execute(&mut *self.tx)
        .await?;
        let numbers = [e164.to_owned()];
        let people = self.contacts_with(&numbers).await?;
        self.wishes_changed(&people).await
    }

    /// What is known of the wish of whoever has a number, whichever of their numbers it was heard for.
    pub async fn text_consent(&mut self, e164: &str) -> Result<TextConsent> {
        let people = self.contacts_with(&[e164.to_owned()]).await?;
        let people: Vec<_> = people.iter().map(|contact| contact.uuid()).collect();
        let row = sqlx::query!(
            r#"with numbers as (
                   select $2::text as e164
                   union
                   select e164 from numbers_of_people where tenant_id = $1 and contact_id = any($4)
               ), choice as (
                   select at, opted_out from text_choices where tenant_id = $1 and e164 = $2
               )
               select (select at from choice) as at, (select opted_out from choice) as opted_out,
                      (select array_agg(e164) from numbers) as "numbers!",
                      least((select min(o.recorded_at) from opt_outs o join numbers using (e164)
                             where o.tenant_id = $1
                               -- The number's own word by text is told apart, unless it came here from another number.
                               and not (o.e164 = $2 and o.source = $3 and exists (select from choice where opted_out))),
                            (select min(recorded_at) from platform_opt_outs join numbers using (e164))) as elsewhere"#,
            self.tenant(),
            e164,
            BY_TEXT,
            &people
        )
        .fetch_one(&mut *self.tx)
        .await?;
        // Of somebody who was erased nothing is left but that they do not want it.
        let is_marked = self.any_marked(&row.numbers).await?;
        let erased = is_marked.then_some(Timestamp::UNIX_EPOCH);
        let by_text = row.at.zip(row.opted_out);
        Ok(TextConsent {
            by_text: by_text.map(|(at, opted_out)| Choice {
                at: from_db(at),
                opted_out,
            }),
            opted_out_elsewhere: row.elsewhere.map(from_db).or(erased),
        })
    }
}
