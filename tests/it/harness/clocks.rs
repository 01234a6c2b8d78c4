//! The clocks of the processes: when they may be moved, and moving one.

use anyhow::Result;
use bellhop::conductor;
use jiff::{SignedDuration, Timestamp};
use store::OpenProcess;
use temporalio_client::Client;
use temporalio_common::UntypedWorkflow;
use workflows::names;

use super::{PATIENCE, World, eventually};

/// Lets one process live until an instant; from then on its clock goes on as clocks do.
pub(crate) async fn go_ahead(client: &Client, id: &str, at: Timestamp) -> Result<()> {
    conductor::go_ahead(client, id, at, PATIENCE).await
}

/// Lets one process live so much longer; one that has ended is left alone.
pub(crate) async fn go_on(client: &Client, id: &str, by: SignedDuration) -> Result<()> {
    match conductor::clock(client, id).await? {
        Some(now) => go_ahead(client, id, now + by).await,
        None => Ok(()),
    }
}

impl World {
    pub(crate) async fn take_reminder_to(&self, external_id: &str, at: Timestamp) -> Result<()> {
        let id = names::reminder_id(self.appointment(external_id).await?);
        go_ahead(&self.client().await?, &id, at).await
    }

    /// Waits for every process to have looked at its facts, and to wait for its next look: a worker that is
    /// killed from now on leaves nothing half done.
    pub(crate) async fn settled(&self) -> Result<()> {
        let client = self.client().await?;
        eventually("every process waits for its next look", || async {
            let mut tx = self.store.tenant(self.tenant).begin().await?;
            let unborn = tx.reminders_not_started().await?;
            let open = tx.open_processes().await?;
            drop(tx);
            if unborn > 0 || self.store.outbox_length().await? > 0 {
                return Ok(false);
            }
            for process in &open {
                if is_busy(&client, process).await? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .await
    }
}

/// Whether a worker works on the process, or is to.
async fn is_busy(client: &Client, process: &OpenProcess) -> Result<bool> {
    let id = match process {
        OpenProcess::Reminder { id, .. } => names::reminder_id(*id),
        OpenProcess::Call { id, .. } => names::call_id(*id),
    };
    let handle = client.get_workflow_handle::<UntypedWorkflow>(id);
    let described = handle.describe(Default::default()).await?;
    Ok(described.raw_description.pending_workflow_task.is_some())
}
