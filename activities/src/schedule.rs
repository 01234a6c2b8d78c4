//! What Temporal's schedules start, for each tenant: the daily report, the nightly deletion, checks of the line.

use std::time::Duration;

use domain::{ids::TenantId, settings::Settings};
use store::Store;
use temporalio_client::{
    Client,
    schedules::{
        CreateScheduleOptions, ScheduleAction, ScheduleError, ScheduleOverlapPolicy, ScheduleSpec,
        ScheduleUpdate,
    },
    tonic::Code,
};
use workflows::{
    DailyReport, LineHealthCheck, Retention,
    contract::{RetentionInput, TenantInput},
    names,
};

/// What could not begin on time, because the server was away, is made up for within this time.
const CATCH_UP: Duration = Duration::from_secs(12 * 3600);
/// A check of the line says how it is now: one that is late says nothing more than the next.
const CATCH_UP_CHECKS: Duration = Duration::from_secs(10 * 60);
/// When the tenant's own clocks say this, what was kept long enough is deleted.
const NIGHT: &str = "17 3 * * *";

/// How many kinds of schedules there are. A program that knows more of them writes all of them anew.
const KINDS: i32 = 3;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ScheduleFailure {
    #[error("the store failed")]
    Store(#[from] store::Error),
    #[error("the schedule could not be written")]
    Schedule(#[from] ScheduleError),
}

/// Another number for other settings, and for a program that knows other schedules.
pub(crate) fn version(settings_version: i32) -> i32 {
    settings_version.saturating_mul(16).saturating_add(KINDS)
}

struct Schedule {
    id: String,
    is_wanted: bool,
    spec: ScheduleSpec,
    action: ScheduleAction,
    catch_up: Duration,
}

/// Makes the schedules what the settings say; may be repeated.
pub(crate) async fn write(
    store: &Store,
    client: &Client,
    tenant: TenantId,
) -> Result<(), ScheduleFailure> {
    let mut tx = store.tenant(tenant).begin().await?;
    let settings = tx.tenant_row().await?.settings;
    drop(tx);
    for schedule in [
        report(&settings, tenant),
        retention(&settings, tenant),
        line_check(&settings, tenant),
    ] {
        write_one(client, schedule).await?;
    }
    Ok(())
}

async fn write_one(client: &Client, schedule: Schedule) -> Result<(), ScheduleError> {
    let Schedule {
        id,
        is_wanted,
        spec,
        action,
        catch_up,
    } = schedule;
    if !is_wanted {
        let deleted = client
            .get_schedule_handle(id)
            .delete(Default::default())
            .await;
        return match deleted {
            Err(ScheduleError::Rpc(status)) if status.code() == Code::NotFound => Ok(()),
            other => other,
        };
    }
    let options = CreateScheduleOptions::builder()
        .action(action.clone())
        .spec(spec.clone())
        .overlap_policy(ScheduleOverlapPolicy::Skip)
        .build();
    match client.create_schedule(&id, options).await {
        Ok(_) => {}
        Err(ScheduleError::Rpc(status)) if status.code() == Code::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let handle = client.get_schedule_handle(id);
    let change = move |update: &mut ScheduleUpdate| {
        update
            .set_spec(spec)
            .set_action(action)
            // Only an update can carry this; the server's default is a year.
            .set_catchup_window(catch_up);
    };
    handle.update(change, Default::default()).await
}

fn report(settings: &Settings, tenant: TenantId) -> Schedule {
    let id = names::report_id(tenant);
    let at = settings.report.at;
    Schedule {
        is_wanted: settings.report.enabled,
        spec: daily(settings, format!("{} {} * * *", at.minute(), at.hour())),
        action: ScheduleAction::start_workflow(
            DailyReport::run,
            TenantInput { tenant },
            names::CORE_QUEUE,
            &id,
        ),
        catch_up: CATCH_UP,
        id,
    }
}

fn retention(settings: &Settings, tenant: TenantId) -> Schedule {
    let id = names::retention_id(tenant);
    let input = RetentionInput {
        tenant,
        as_of: None,
    };
    Schedule {
        is_wanted: true,
        spec: daily(settings, NIGHT.to_owned()),
        action: ScheduleAction::start_workflow(Retention::run, input, names::CORE_QUEUE, &id),
        catch_up: CATCH_UP,
        id,
    }
}

fn line_check(settings: &Settings, tenant: TenantId) -> Schedule {
    let id = names::line_check_id(tenant);
    let hours = u64::from(settings.line_check.every_hours.max(1));
    Schedule {
        is_wanted: settings.line_check.enabled,
        spec: ScheduleSpec::from_interval(Duration::from_secs(hours * 3600)),
        action: ScheduleAction::start_workflow(
            LineHealthCheck::run,
            TenantInput { tenant },
            names::CORE_QUEUE,
            &id,
        ),
        catch_up: CATCH_UP_CHECKS,
        id,
    }
}

/// By the tenant's own clocks.
fn daily(settings: &Settings, cron: String) -> ScheduleSpec {
    ScheduleSpec::builder()
        .cron_strings(vec![cron])
        .timezone_name(settings.tenant.timezone.clone())
        .build()
}
