//! What reading has cost, by month of the tenant's zone (TEXT-6).

use domain::text::{MonthOfUse, Usage};
use jiff::civil::Date;
use time::{Month, OffsetDateTime};

use crate::{Result, TenantTx};

impl TenantTx {
    /// Counts one request, also one that failed: it is paid for all the same.
    pub async fn count_use(&mut self, month: Date, usage: Usage, passages: u64) -> Result<()> {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        sqlx::query!(
            "insert into extraction_months as m (tenant_id, month, input_tokens, output_tokens, requests, passages)
             values ($1, $2, $3, $4, 1, $5)
             on conflict (tenant_id, month) do update set
                input_tokens = m.input_tokens + excluded.input_tokens,
                output_tokens = m.output_tokens + excluded.output_tokens,
                requests = m.requests + 1, passages = m.passages + excluded.passages",
            self.tenant(),
            date_to_db(month),
            number(usage.input),
            number(usage.output),
            number(passages)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The newest months first.
    pub async fn months_of_use(&mut self, most: u32) -> Result<Vec<MonthOfUse>> {
        let rows = sqlx::query!(
            "select month, input_tokens, output_tokens, requests, passages from extraction_months
             where tenant_id = $1 order by month desc limit $2",
            self.tenant(),
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let months = rows.into_iter().map(|row| MonthOfUse {
            month: date_from_db(row.month),
            usage: Usage {
                input: row.input_tokens.unsigned_abs(),
                output: row.output_tokens.unsigned_abs(),
            },
            requests: row.requests.unsigned_abs(),
            passages: row.passages.unsigned_abs(),
        });
        Ok(months.collect())
    }
}

fn date_to_db(date: Date) -> time::Date {
    let month = Month::try_from(date.month().unsigned_abs()).unwrap_or(Month::January);
    time::Date::from_calendar_date(date.year().into(), month, date.day().unsigned_abs())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH.date())
}

fn date_from_db(date: time::Date) -> Date {
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    let parts = (i16::try_from(year), i8::try_from(month), i8::try_from(day));
    match parts {
        (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).unwrap_or(Date::ZERO),
        _ => Date::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_survives_the_database() {
        for text in ["2027-03-01", "1999-12-31", "2024-02-29"] {
            let date: Date = text.parse().unwrap();
            assert_eq!(date_from_db(date_to_db(date)), date);
        }
    }
}
