//! One step of an alert: what people are told next, and which messages are to be sent (ALERT-2, ALERT-4).

use domain::{
    alert::{
        AlertCause, AlertPace, AlertStep as Step, Audience, Channel, DeliveryFacts, DeliveryState,
        DeliveryStep, FailureClass, Notice, NoticeText, SendFailure, deliver_step, fallback,
        message, next_step, routes, targets,
    },
    ids::DeliveryId,
};
use jiff::Timestamp;
use store::{AlertRow, DeliveryRow, NewDelivery, Result, Store, Tenant, TenantTx};
use uuid::Uuid;
use workflows::contract::{AlertInput, AlertStep, At, BatchInput};

use crate::platform::{Platform, Reach};

pub(crate) async fn advance(
    store: &Store,
    platform: &Platform,
    input: &At<AlertInput>,
) -> Result<AlertStep> {
    let (now, alert) = (input.now, input.of.alert);
    let team = platform.reach(store, input.of.tenant).await?;
    let mut tx = store.tenant(input.of.tenant).begin().await?;
    let tenant = tx.tenant_row().await?;
    let Some(mut row) = tx.lock_alert(alert).await? else {
        return Ok(AlertStep::Finished);
    };
    let audiences = Audiences {
        client: Reach::of(&mut tx, tenant.settings.alerts.clone()).await?,
        platform: team,
    };
    let pace = AlertPace::of(&tenant.settings.alerts);
    let mut step = next_step(now, &row.facts, &pace);
    if let Step::Send(notice) = step {
        tell(&mut tx, &tenant, &row, &notice, &audiences, now).await?;
        row.facts.noticed(&notice, now);
        tx.save_alert(alert, &row.facts).await?;
        step = next_step(now, &row.facts, &pace);
    }
    if row.cause == AlertCause::Test && matches!(step, Step::Wait { .. }) {
        // Nothing lasts of it: nobody wants to hear that a test is over.
        step = Step::Finished;
    }
    let under_way = messages(&mut tx, alert.uuid(), &audiences, now).await?;
    let answer = match (step, under_way) {
        (_, Messages::Send(deliveries)) => AlertStep::Deliver { deliveries },
        (Step::Wait { until }, Messages::Wait(other)) => AlertStep::Wait {
            until: until.min(other),
        },
        (Step::Wait { until }, Messages::Over) => AlertStep::Wait { until },
        (Step::Finished, Messages::Wait(until)) => AlertStep::Wait { until },
        // The next notice of one cause is always later than the last.
        (Step::Send(_), _) => AlertStep::Wait { until: now },
        (Step::Finished, Messages::Over) => {
            row.facts.finished();
            tx.save_alert(alert, &row.facts).await?;
            AlertStep::Finished
        }
    };
    tx.commit().await?;
    Ok(answer)
}

/// The next step of messages that were made together and belong to no alert.
pub(crate) async fn advance_batch(
    store: &Store,
    platform: &Platform,
    input: &At<BatchInput>,
) -> Result<AlertStep> {
    let team = platform.reach(store, input.of.tenant).await?;
    let mut tx = store.tenant(input.of.tenant).begin().await?;
    let tenant = tx.tenant_row().await?;
    let audiences = Audiences {
        client: Reach::of(&mut tx, tenant.settings.alerts.clone()).await?,
        platform: team,
    };
    let answer = match messages(&mut tx, input.of.batch, &audiences, input.now).await? {
        Messages::Send(deliveries) => AlertStep::Deliver { deliveries },
        Messages::Wait(until) => AlertStep::Wait { until },
        Messages::Over => AlertStep::Finished,
    };
    tx.commit().await?;
    Ok(answer)
}

/// Whose channels there are.
struct Audiences {
    client: Reach,
    platform: Option<Reach>,
}

impl Audiences {
    fn of(&self, audience: Audience) -> Option<&Reach> {
        match audience {
            Audience::Client => Some(&self.client),
            Audience::Platform => self.platform.as_ref(),
        }
    }
}

/// Makes a message of the notice for everybody it is meant for.
async fn tell(
    tx: &mut TenantTx,
    tenant: &Tenant,
    row: &AlertRow,
    notice: &Notice,
    audiences: &Audiences,
    now: Timestamp,
) -> Result<()> {
    let zone = tenant.settings.tenant.zone_or_utc();
    let reference = DeliveryId::generate().uuid().simple().to_string();
    // Trouble with a channel is never told over it.
    let without = match row.cause {
        AlertCause::AlertChannelRefused => Channel::from_code(&row.about),
        _ => None,
    };
    for target in routes(
        row.severity,
        &audiences.client.alerts,
        audiences.platform.as_ref().map(|team| &team.alerts),
        without,
    ) {
        let words = message(
            target.channel,
            &NoticeText {
                kind: notice.kind,
                cause: row.cause,
                severity: row.severity,
                business: &tenant.settings.tenant.name,
                about: &row.about,
                new: notice.new,
                total: notice.up_to,
                first_seen: row.facts.first_seen,
                last_seen: row.facts.last_seen,
                zone: &zone,
                alert: &row.id.to_string(),
                reference: &reference,
            },
        );
        let new = NewDelivery {
            batch: row.id.uuid(),
            notice: notice.kind.code(),
            severity: row.severity,
            target,
            subject: &words.subject,
            body: &words.text,
        };
        tx.add_delivery(&new, now).await?;
    }
    metrics::counter!("bellhop_alert_notices_total", "kind" => notice.kind.code(), "cause" => row.cause.code())
        .increment(1);
    Ok(())
}

/// What there is to do about the messages of a batch.
enum Messages {
    Send(Vec<DeliveryId>),
    Wait(Timestamp),
    Over,
}

async fn messages(
    tx: &mut TenantTx,
    batch: Uuid,
    audiences: &Audiences,
    now: Timestamp,
) -> Result<Messages> {
    let mut all = tx.open_deliveries(batch).await?;
    let (mut send, mut wait) = (Vec::new(), None::<Timestamp>);
    let mut place = 0;
    // Grows meanwhile: a stand-in's messages are judged as the others are.
    while let Some(each) = all.get_mut(place) {
        if each.state == DeliveryState::Sending {
            lost(tx, each, now).await?;
        }
        let each = each.clone();
        let step = match each.state {
            DeliveryState::Pending => deliver_step(now, &facts(tx, &each, &all, audiences).await?),
            _ => DeliveryStep::Done,
        };
        match step {
            DeliveryStep::SendNow { .. } => send.push(each.id),
            DeliveryStep::Wait { until } => wait = Some(wait.map_or(until, |w| w.min(until))),
            DeliveryStep::GiveUp => tx.delivery_given_up(each.id).await?,
            DeliveryStep::Done => {}
            DeliveryStep::FallBackTo(channel) => {
                let made = stand_in(tx, &each, channel, audiences).await?;
                if let Some(each) = all.get_mut(place) {
                    each.fell_back = true;
                }
                all.extend(made);
                // It goes on by itself.
                continue;
            }
        }
        place += 1;
    }
    Ok(match (send.is_empty(), wait) {
        (false, _) => Messages::Send(send),
        (true, Some(until)) => Messages::Wait(until),
        (true, None) => Messages::Over,
    })
}

/// Its worker is gone, and whether the message went is not known.
async fn lost(tx: &mut TenantTx, each: &mut DeliveryRow, now: Timestamp) -> Result<()> {
    let failure = SendFailure {
        class: FailureClass::Uncertain,
        may_pass: true,
        at: now,
        not_before: None,
    };
    tx.delivery_failed(each.id, &failure, None).await?;
    each.state = DeliveryState::Pending;
    each.failure = Some(failure);
    Ok(())
}

async fn facts(
    tx: &mut TenantTx,
    each: &DeliveryRow,
    all: &[DeliveryRow],
    audiences: &Audiences,
) -> Result<DeliveryFacts> {
    let of_notice: Vec<_> = all
        .iter()
        .filter(|other| {
            other.target.audience == each.target.audience && other.created_at == each.created_at
        })
        .collect();
    let used: Vec<Channel> = of_notice.iter().map(|other| other.target.channel).collect();
    // One address that fails speaks for its channel: the stand-in is told once.
    let fell_back = of_notice
        .iter()
        .any(|other| other.target.channel == each.target.channel && other.fell_back);
    let reach = audiences.of(each.target.audience);
    let disabled = match reach {
        Some(reach) => tx.is_misconfigured(each.target, reach.changed_at).await?,
        None => true,
    };
    Ok(DeliveryFacts {
        channel: each.target.channel,
        severity: each.severity,
        created_at: each.created_at,
        tries: each.tries,
        last_failure: each.failure,
        sent: each.state == DeliveryState::Sent,
        disabled,
        fell_back,
        stand_in: reach.and_then(|reach| fallback(&reach.alerts, &used)),
    })
}

/// The same message to every address of another channel. They belong to the same notice, which a common time of
/// making says: so no channel is used for it twice.
async fn stand_in(
    tx: &mut TenantTx,
    each: &DeliveryRow,
    channel: Channel,
    audiences: &Audiences,
) -> Result<Vec<DeliveryRow>> {
    tx.delivery_fell_back(each.id).await?;
    let Some(reach) = audiences.of(each.target.audience) else {
        return Ok(Vec::new());
    };
    let mut made = Vec::new();
    for target in targets(each.target.audience, &reach.alerts, &[channel]) {
        let new = NewDelivery {
            batch: each.batch,
            notice: &each.notice,
            severity: each.severity,
            target,
            subject: &each.subject,
            body: &each.body,
        };
        let id = tx.add_delivery(&new, each.created_at).await?;
        made.extend(tx.lock_delivery(id).await?);
    }
    Ok(made)
}
