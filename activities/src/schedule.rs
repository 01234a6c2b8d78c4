//! Temporal's schedule of the daily report, one for each tenant.

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
use workflows::{DailyReport, contract::TenantInput, names};

/// A report that could not begin on time, because the server was away, is made up for within this time.
const CATCH_UP: Duration = Duration::from_secs(12 * 3600);

#[derive(Debug, thiserror::Error)]
pub(crate) enum ScheduleFailure {
    #[error("the store failed")]
    Store(#[from] store::Error),
    #[error("the schedule could not be written")]
    Schedule(#[from] ScheduleError),
}

/// Makes the schedule what the settings say; may be repeated.
pub(crate) async fn write(
    store: &Store,
    client: &Client,
    tenant: TenantId,
) -> Result<(), ScheduleFailure> {
    let mut tx = store.tenant(tenant).begin().await?;
    let settings = tx.tenant_row().await?.settings;
    drop(tx);
    let id = names::report_id(tenant);
    let (spec, action) = (spec(&settings), action(tenant, &id));
    if !settings.report.enabled {
        let deleted = client
            .get_schedule_handle(id)
            .delete(Default::default())
            .await;
        return match deleted {
            Err(ScheduleError::Rpc(status)) if status.code() == Code::NotFound => Ok(()),
            other => Ok(other?),
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
        Err(error) => return Err(error.into()),
    }
    let handle = client.get_schedule_handle(id);
    let change = move |update: &mut ScheduleUpdate| {
        update
            .set_spec(spec)
            .set_action(action)
            // Only an update can carry this; the server's default is a year.
            .set_catchup_window(CATCH_UP);
    };
    Ok(handle.update(change, Default::default()).await?)
}

fn spec(settings: &Settings) -> ScheduleSpec {
    let at = settings.report.at;
    ScheduleSpec::builder()
        .cron_strings(vec![format!("{} {} * * *", at.minute(), at.hour())])
        .timezone_name(settings.tenant.timezone.clone())
        .build()
}

fn action(tenant: TenantId, id: &str) -> ScheduleAction {
    ScheduleAction::start_workflow(
        DailyReport::run,
        TenantInput { tenant },
        names::CORE_QUEUE,
        id,
    )
}
