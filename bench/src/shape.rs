//! What reminders were really made of, counted in their histories.

use anyhow::{Context, Result};
use domain::ids::AppointmentId;
use temporalio_client::Client;
use temporalio_common::protos::temporal::api::history::v1::{
    HistoryEvent, history_event::Attributes,
};
use workflows::{AppointmentReminder, PhoneCall, names};

use crate::{bare::Shape, figures::median};

/// The usual shape of some reminders that have ended: the median of each count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usual {
    pub(crate) shape: Shape,
    /// Of reminder and call together.
    pub(crate) events: u32,
    pub(crate) workflow_tasks: u32,
    pub(crate) signals: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    local: u32,
    ordinary: u32,
    events: u32,
    workflow_tasks: u32,
    signals: u32,
}

pub(crate) async fn of(client: &Client, reminders: &[AppointmentId]) -> Result<Usual> {
    let mut counted = Vec::new();
    for reminder in reminders {
        let history = client
            .get_workflow_handle::<AppointmentReminder>(names::reminder_id(*reminder))
            .fetch_history(Default::default())
            .into_events()
            .await?;
        let call = history.iter().find_map(child).context("it made no call")?;
        let of_call = client
            .get_workflow_handle::<PhoneCall>(call)
            .fetch_history(Default::default())
            .into_events()
            .await?;
        counted.push((count(&history), count(&of_call)));
    }
    let middle = |of: fn(&(Counts, Counts)) -> u32| {
        let values = counted.iter().map(|pair| f64::from(of(pair))).collect();
        median(values).unwrap_or_default() as u32
    };
    Ok(Usual {
        shape: Shape {
            reminder_local: middle(|(reminder, _)| reminder.local),
            call_local: middle(|(_, call)| call.local),
            call_ordinary: middle(|(_, call)| call.ordinary),
        },
        events: middle(|(reminder, call)| reminder.events + call.events),
        workflow_tasks: middle(|(reminder, call)| reminder.workflow_tasks + call.workflow_tasks),
        signals: middle(|(reminder, call)| reminder.signals + call.signals),
    })
}

fn child(event: &HistoryEvent) -> Option<String> {
    match event.attributes.as_ref()? {
        Attributes::ChildWorkflowExecutionStartedEventAttributes(started) => {
            Some(started.workflow_execution.as_ref()?.workflow_id.clone())
        }
        _ => None,
    }
}

fn count(history: &[HistoryEvent]) -> Counts {
    let mut counts = Counts::default();
    for event in history {
        counts.events += 1;
        match &event.attributes {
            Some(Attributes::MarkerRecordedEventAttributes(marker))
                if marker.marker_name == "core_local_activity" =>
            {
                counts.local += 1;
            }
            Some(Attributes::ActivityTaskScheduledEventAttributes(_)) => counts.ordinary += 1,
            Some(Attributes::WorkflowTaskCompletedEventAttributes(_)) => counts.workflow_tasks += 1,
            Some(Attributes::WorkflowExecutionSignaledEventAttributes(_)) => counts.signals += 1,
            _ => {}
        }
    }
    counts
}
