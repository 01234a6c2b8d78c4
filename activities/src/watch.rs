//! A look at how a tenant's work goes (ALERT-3), and yesterday's report (OPS-2).

use domain::{
    alert::{self, AlertCause, Audience, Severity, standing, targets},
    call::Direction,
    report::{day_before, report},
    settings::Settings,
};
use jiff::{SignedDuration, Timestamp};
use store::{NewDelivery, Result, Seen, Store, TenantTx};
use workflows::contract::{At, BatchInput, TenantInput, Watched};

use crate::{alarm, circuit, platform::Platform, quality, schedule};

/// Between two looks, unless somebody tells it to look again.
const EVERY: SignedDuration = SignedDuration::from_secs(60);
/// When no process of a role has said for so long that it lives, something is wrong with them all.
const SILENT: SignedDuration = SignedDuration::from_mins(3);

pub(crate) async fn look(
    store: &Store,
    platform: &Platform,
    input: &At<TenantInput>,
) -> Result<Watched> {
    let roles = match platform
        .hears_of_installation(store, input.of.tenant)
        .await?
    {
        true => store.roles().await?,
        false => Vec::new(),
    };
    let mut tx = store.tenant(input.of.tenant).begin().await?;
    let measures = tx.measures().await?;
    // Weighing the calls may pause it, and comes after alerts.
    let tenant = tx.lock_tenant().await?;
    for (cause, stands) in standing(&measures, &tenant.settings.alerts) {
        let seen = if stands { Seen::Stands } else { Seen::Clears };
        if stands {
            tracing::warn!(tenant = %tenant.id, cause = cause.code(), "a condition that is alerted stands");
        }
        alarm::looked_at(&mut tx, cause, &[], "", seen, input.now).await?;
    }
    // Whether somebody paused it or it did so itself is known only from what was raised then. Before the calls are
    // weighed, which may pause it: as the end of a call takes the two.
    let paused = if tenant.paused {
        Seen::Lasts
    } else {
        Seen::Clears
    };
    let cause = AlertCause::TenantPausedItself;
    alarm::looked_at(&mut tx, cause, &[], "", paused, input.now).await?;
    for direction in Direction::ALL {
        quality::weigh(&mut tx, &tenant, *direction, input.now).await?;
    }
    for (provider, facts) in tx.breakers().await? {
        circuit::stands(&mut tx, &provider, &facts, input.now).await?;
    }
    for role in roles {
        let seen = if role.silent_for > SILENT {
            Seen::Stands
        } else {
            Seen::Clears
        };
        let name = role.name.as_str();
        alarm::looked_at(
            &mut tx,
            AlertCause::HealthCheckFailed,
            &[name],
            name,
            seen,
            input.now,
        )
        .await?;
    }
    waiting_callers(&mut tx, &tenant.settings, input.now).await?;
    tx.commit().await?;
    Ok(Watched {
        next: input.now + EVERY,
        settings: schedule::version(tenant.settings_version),
    })
}

/// Callers who should have been called back by now; and a check of the line that is made no more says nothing.
async fn waiting_callers(tx: &mut TenantTx, settings: &Settings, now: Timestamp) -> Result<()> {
    let overdue = match settings.followups.enabled {
        true => tx.overdue_follow_ups(now).await?,
        false => 0,
    };
    let seen = if overdue > 0 {
        Seen::Stands
    } else {
        Seen::Clears
    };
    alarm::looked_at(tx, AlertCause::FollowUpOverdue, &[], "", seen, now).await?;
    if !settings.line_check.enabled {
        let cause = AlertCause::LineCheckFailed;
        alarm::looked_at(tx, cause, &[], "", Seen::Clears, now).await?;
    }
    Ok(())
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
    let zone = settings.tenant.zone_or_utc();
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
