//! A look at how a tenant's work goes (ALERT-3), and yesterday's report (OPS-2).

use domain::{
    alert::{self, Audience, Severity, fingerprint, standing, targets},
    report::{day_before, report},
};
use jiff::{SignedDuration, tz::TimeZone};
use store::{NewDelivery, Result, Seen, Store, Trouble};
use workflows::contract::{At, BatchInput, TenantInput, Watched};

/// Between two looks, unless somebody tells it to look again.
const EVERY: SignedDuration = SignedDuration::from_secs(60);

pub(crate) async fn look(store: &Store, input: &At<TenantInput>) -> Result<Watched> {
    let mut tx = store.tenant(input.of.tenant).begin().await?;
    let tenant = tx.tenant_row().await?;
    let measures = tx.measures().await?;
    for (cause, stands) in standing(&measures, &tenant.settings.alerts) {
        let seen = if stands { Seen::Stands } else { Seen::Clears };
        if stands {
            tracing::warn!(tenant = %tenant.id, cause = cause.code(), "a condition that is alerted stands");
        }
        let trouble = Trouble {
            cause,
            severity: cause.severity(),
            fingerprint: fingerprint(cause, &[]),
            about: "",
        };
        tx.raise(&trouble, seen, input.now).await?;
    }
    tx.commit().await?;
    Ok(Watched {
        next: input.now + EVERY,
        settings: tenant.settings_version,
    })
}

/// Makes the messages of one day's report, unless they are made.
pub(crate) async fn make_report(store: &Store, input: &At<BatchInput>) -> Result<()> {
    let mut tx = store.tenant(input.of.tenant).begin().await?;
    if !tx.deliveries(input.of.batch).await?.is_empty() {
        return Ok(());
    }
    let settings = tx.tenant_row().await?.settings;
    if !settings.report.enabled {
        return Ok(());
    }
    let zone = settings.tenant.zone().unwrap_or(TimeZone::UTC);
    let day = day_before(input.now, &zone);
    let facts = tx.report_facts(&settings.tenant.name, day).await?;
    for target in targets(
        Audience::Client,
        &settings.alerts,
        &settings.report.channels,
    ) {
        let words: alert::Message = report(target.channel, &facts, &zone);
        let new = NewDelivery {
            batch: input.of.batch,
            notice: "report",
            severity: Severity::Info,
            target,
            subject: &words.subject,
            body: &words.text,
        };
        tx.add_delivery(&new, input.now).await?;
    }
    tx.commit().await
}
