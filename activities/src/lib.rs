//! The activities: read facts, ask the domain, call the provider, write facts.
//!
//! Every activity is safe to repeat: a crash between any two lines is met by the next run.

mod accounts;
mod advance_alert;
mod advance_call;
mod advance_event;
mod advance_reminder;
mod agent;
mod agent_hook;
mod alarm;
mod arrive;
mod calendar_clients;
mod calendars;
mod circuit;
mod crm;
mod failure;
mod followups;
mod in_time;
mod line_check;
mod lines;
mod look_up;
mod outcome;
mod place;
mod platform;
mod quality;
mod retention;
mod schedule;
mod send;
mod texts;
mod transcripts;
mod voice;
mod watch;

use std::sync::Arc;

use domain::ids::TenantId;
use jiff::Timestamp;
use store::Store;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tracing::{Instrument, Span};
use workflows::contract::{
    AlertInput, AlertStep, At, BatchInput, CalendarInput, CalendarStep, CallInput, CallStep,
    CrmInput, CrmStep, DeliveryInput, EventInput, EventStep, LineCheckInput, LineCheckStep,
    ReminderInput, ReminderStep, Swept, TenantInput, TextStep, TextWorkInput, Watched, markers,
};

pub use accounts::{Accounts, VoiceOptions};
pub use calendar_clients::{CalendarOptions, Calendars};
pub use crm::CrmOptions;
pub use platform::Platform;
pub use send::ChannelOptions;
pub use texts::{Answered, TextOptions, answer, request_text};

/// Database activities; run on the queue of the workflows.
pub struct Deciding {
    pub store: Store,
    pub platform: Platform,
}

#[activities]
impl Deciding {
    #[activity(definition = markers::AdvanceReminder)]
    pub async fn advance_reminder(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: At<ReminderInput>,
    ) -> Result<ReminderStep, ActivityError> {
        advance_reminder::advance(&self.store, &input)
            .instrument(of(input.of.tenant))
            .await
            .map_err(failure::transient)
    }

    #[activity(definition = markers::AdvanceCall)]
    pub async fn advance_call(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: At<CallInput>,
    ) -> Result<CallStep, ActivityError> {
        advance_call::advance(&self.store, &input)
            .instrument(of(input.of.tenant))
            .await
            .map_err(failure::transient)
    }

    #[activity(definition = markers::AdvanceEvent)]
    pub async fn advance_event(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: At<EventInput>,
    ) -> Result<Option<EventStep>, ActivityError> {
        advance_event::advance(&self.store, &input)
            .instrument(of(input.of.tenant))
            .await
            .map(Some)
            .map_err(failure::transient)
    }

    #[activity(definition = markers::AdvanceAlert)]
    pub async fn advance_alert(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: At<AlertInput>,
    ) -> Result<AlertStep, ActivityError> {
        advance_alert::advance(&self.store, &self.platform, &input)
            .instrument(of(input.of.tenant))
            .await
            .map_err(failure::transient)
    }

    #[activity(definition = markers::AdvanceBatch)]
    pub async fn advance_batch(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: At<BatchInput>,
    ) -> Result<AlertStep, ActivityError> {
        advance_alert::advance_batch(&self.store, &self.platform, &input)
            .instrument(of(input.of.tenant))
            .await
            .map_err(failure::transient)
    }

    #[activity(definition = markers::MakeReport)]
    pub async fn make_report(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: At<BatchInput>,
    ) -> Result<(), ActivityError> {
        watch::make_report(&self.store, &input)
            .instrument(of(input.of.tenant))
            .await
            .map_err(failure::transient)
    }

    #[activity(definition = markers::AdvanceTextWork)]
    pub async fn advance_text_work(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: At<TextWorkInput>,
    ) -> Result<TextStep, ActivityError> {
        texts::advance(&self.store, &input)
            .instrument(of(input.of.tenant))
            .await
            .map_err(failure::transient)
    }

    #[activity(definition = markers::LookAtTenant)]
    pub async fn look_at_tenant(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: At<TenantInput>,
    ) -> Result<Watched, ActivityError> {
        watch::look(&self.store, &self.platform, &input)
            .instrument(of(input.of.tenant))
            .await
            .map_err(failure::transient)
    }

    #[activity(definition = markers::AdvanceCalendars)]
    pub async fn advance_calendars(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: At<TenantInput>,
    ) -> Result<CalendarStep, ActivityError> {
        calendars::advance(&self.store, &input)
            .instrument(of(input.of.tenant))
            .await
            .map_err(failure::transient)
    }

    #[activity(definition = markers::AdvanceLineCheck)]
    pub async fn advance_line_check(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: At<LineCheckInput>,
    ) -> Result<LineCheckStep, ActivityError> {
        line_check::advance(&self.store, &input)
            .instrument(of(input.of.tenant))
            .await
            .map_err(failure::transient)
    }

    #[activity(definition = markers::AdvanceCrm)]
    pub async fn advance_crm(
        self: Arc<Self>,
        _ctx: ActivityContext,
        input: At<CrmInput>,
    ) -> Result<CrmStep, ActivityError> {
        crm::advance(&self.store, &input)
            .instrument(of(input.of.tenant))
            .await
            .map_err(failure::transient)
    }
}

/// Requests to the voice provider; run on their own queue.
pub struct Dialing {
    pub store: Store,
    pub accounts: Accounts,
}

#[activities]
impl Dialing {
    #[activity(definition = markers::PlaceCall)]
    pub async fn place_call(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: CallInput,
    ) -> Result<(), ActivityError> {
        let work = place::place(&self.store, &self.accounts, &input, now(&ctx)?);
        alive(&ctx, async { work.await.map_err(failure::dial) })
            .instrument(of(input.tenant))
            .await
    }

    #[activity(definition = markers::LookUpCall)]
    pub async fn look_up_call(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: CallInput,
    ) -> Result<(), ActivityError> {
        let work = look_up::look_up(&self.store, &self.accounts, &input, now(&ctx)?);
        alive(&ctx, async { work.await.map_err(failure::dial) })
            .instrument(of(input.tenant))
            .await
    }

    #[activity(definition = markers::FetchCall)]
    pub async fn fetch_call(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: CallInput,
    ) -> Result<(), ActivityError> {
        let work = look_up::fetch(&self.store, &self.accounts, &input, now(&ctx)?);
        alive(&ctx, async { work.await.map_err(failure::dial) })
            .instrument(of(input.tenant))
            .await
    }
}

/// What goes to other systems and is no call; runs on a queue of its own.
pub struct Bulk {
    pub store: Store,
    pub platform: Platform,
    pub channels: ChannelOptions,
    pub crm: CrmOptions,
    pub calendars: Calendars,
    pub texts: TextOptions,
}

#[activities]
impl Bulk {
    #[activity(definition = markers::SendMessage)]
    pub async fn send_message(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: DeliveryInput,
    ) -> Result<(), ActivityError> {
        let now = now(&ctx)?;
        let work = send::send(&self.store, &self.platform, &self.channels, &input, now);
        alive(&ctx, async { work.await.map_err(failure::transient) })
            .instrument(of(input.tenant))
            .await
    }

    #[activity(definition = markers::DoTextWork)]
    pub async fn do_text_work(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: TextWorkInput,
    ) -> Result<(), ActivityError> {
        let work = texts::ask(&self.store, &self.texts, &input, now(&ctx)?);
        alive(&ctx, async { work.await.map_err(failure::text) })
            .instrument(of(input.tenant))
            .await
    }

    #[activity(definition = markers::ScheduleReport)]
    pub async fn schedule_report(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: TenantInput,
    ) -> Result<(), ActivityError> {
        let client = ctx.client();
        let work = schedule::write(&self.store, &client, input.tenant);
        alive(&ctx, async { work.await.map_err(failure::schedule) })
            .instrument(of(input.tenant))
            .await
    }

    #[activity(definition = markers::ReadCalendar)]
    pub async fn read_calendar(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: CalendarInput,
    ) -> Result<(), ActivityError> {
        let work = calendars::read(&self.store, &self.calendars, &input, now(&ctx)?);
        alive(&ctx, async { work.await.map_err(failure::transient) })
            .instrument(of(input.tenant))
            .await
    }

    #[activity(definition = markers::Sweep)]
    pub async fn sweep(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: At<TenantInput>,
    ) -> Result<Swept, ActivityError> {
        let work = retention::sweep(&self.store, &input);
        alive(&ctx, async { work.await.map_err(failure::transient) })
            .instrument(of(input.of.tenant))
            .await
    }

    #[activity(definition = markers::SendLineCheck)]
    pub async fn send_line_check(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: LineCheckInput,
    ) -> Result<(), ActivityError> {
        let work = line_check::send(&self.store, &self.texts, &input, now(&ctx)?);
        alive(&ctx, async { work.await.map_err(failure::transient) })
            .instrument(of(input.tenant))
            .await
    }

    #[activity(definition = markers::AskLineCheck)]
    pub async fn ask_line_check(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: LineCheckInput,
    ) -> Result<(), ActivityError> {
        let work = line_check::ask(&self.store, &self.texts, &input, now(&ctx)?);
        alive(&ctx, async { work.await.map_err(failure::transient) })
            .instrument(of(input.tenant))
            .await
    }

    #[activity(definition = markers::WorkAtCrm)]
    pub async fn work_at_crm(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: CrmInput,
    ) -> Result<Option<Timestamp>, ActivityError> {
        let work = crm::work(&self.store, &self.crm, &input, now(&ctx)?);
        alive(&ctx, async { work.await.map_err(failure::transient) })
            .instrument(of(input.tenant))
            .await
    }
}

/// Whose work it is, on every line that is logged of it.
fn of(tenant: TenantId) -> Span {
    tracing::info_span!("work", %tenant)
}

/// The server's stamp of this try: the process's time, also after an outage.
fn now(ctx: &ActivityContext) -> Result<Timestamp, ActivityError> {
    ctx.info()
        .started_time
        .and_then(|time| Timestamp::try_from(time).ok())
        .ok_or_else(|| failure::broken("the server gave no start time"))
}

/// Runs `work` with heartbeats, so that a dead worker is noticed within seconds.
async fn alive<T>(
    ctx: &ActivityContext,
    work: impl Future<Output = Result<T, ActivityError>>,
) -> Result<T, ActivityError> {
    let mut work = std::pin::pin!(work);
    let mut beat = tokio::time::interval(workflows::names::HEARTBEAT / 4);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = beat.tick() => {
                // A beat that could not be sent is followed by the next; nothing depends on a single one.
                let _ = ctx.record_heartbeat(()).await;
            }
        }
    }
}
