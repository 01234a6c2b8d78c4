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
            // What somebody said elsewhere stays the source: it weighs more.
            return self.opt_out_unless_known(e164).await;
        }
        sqlx::query!(
            "delete from opt_outs where tenant_id = $1 and e164 = $2 and source = $3",
            self.tenant(),
            e164,
            BY_TEXT
        )
        .execute(&mut *self.tx)
        .await?;
        self.wake_reminders_of_number(e164).await
    }

    async fn opt_out_unless_known(&mut self, e164: &str) -> Result<()> {
        sqlx::query!(
            "insert into opt_outs (tenant_id, e164, source) values ($1, $2, $3) on conflict do nothing",
            self.tenant(),
            e164,
            BY_TEXT
        )
        .execute(&mut *self.tx)
        .await?;
        self.wake_reminders_of_number(e164).await
    }

    /// What is known of a number's wish.
    pub async fn text_consent(&mut self, e164: &str) -> Result<TextConsent> {
        let row = sqlx::query!(
            r#"select (select at from text_choices where tenant_id = $1 and e164 = $2) as at,
                      (select opted_out from text_choices where tenant_id = $1 and e164 = $2) as opted_out,
                      least((select recorded_at from opt_outs where tenant_id = $1 and e164 = $2 and source <> $3),
                            (select recorded_at from platform_opt_outs where e164 = $2)) as elsewhere"#,
            self.tenant(),
            e164,
            BY_TEXT
        )
        .fetch_one(&mut *self.tx)
        .await?;
        // Of somebody who was erased nothing is left but that they do not want it.
        let erased = self.is_marked(e164).await?.then_some(Timestamp::UNIX_EPOCH);
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
