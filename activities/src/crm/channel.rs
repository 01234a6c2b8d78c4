//! The subscription to changes at the CRM: made, renewed at half of its life, missed when it is not there (CRM-4).

use domain::{
    alert::AlertCause,
    crm::{ChannelAlarm, ChannelId, ChannelStep},
    settings::Settings,
};
use jiff::{SignedDuration, Timestamp};
use providers::{
    source::{SourceKind, SourceOptions},
    zoho::{ChannelRequest, CrmError, ProblemKind},
};
use store::{Result, Seen, TenantTx};
use uuid::Uuid;
use workflows::contract::CrmStep;

use super::{Desk, Halt, IDLE, Work};
use crate::alarm;

pub(super) async fn advance(
    tx: &mut TenantTx,
    settings: &Settings,
    now: Timestamp,
) -> Result<CrmStep> {
    let address = address(tx).await?;
    let mut account = tx.lock_crm().await?;
    account.channel.wanted = settings.crm.is_on() && address.is_some();
    let next = account.channel.next_step(now);
    if let Some(from) = next.catch_up_from {
        let since = account.channel.live.as_ref().map(|live| live.since);
        if since.is_some_and(|since| account.compared_at >= Some(since)) {
            account.channel.caught_up(from);
        } else if !account.compare_now && account.reconcile.is_none() {
            account.compare_now = true;
            tx.wake_crm_reconcile().await?;
        }
    }
    tx.save_crm(&account).await?;
    let (seen, about) = match next.alarm {
        Some(ChannelAlarm::Expiring) => (Seen::Stands, "it was not renewed"),
        Some(ChannelAlarm::Deaf) => (Seen::Stands, "nothing that changes at the CRM is heard of"),
        None => (Seen::Clears, ""),
    };
    alarm::looked_at(tx, AlertCause::ChannelExpiring, &[], about, seen, now).await?;
    Ok(match next.step {
        ChannelStep::Nothing if settings.crm.is_on() => CrmStep::Wait { until: now + IDLE },
        ChannelStep::Nothing => CrmStep::Finished,
        ChannelStep::Wait { until } => CrmStep::Wait { until },
        ChannelStep::Enable | ChannelStep::Renew(_) | ChannelStep::Disable(_) => CrmStep::Work,
    })
}

/// Where notifications come in, by the whole address; `None` when that is not known.
async fn address(tx: &mut TenantTx) -> Result<Option<(String, String)>> {
    let sources = tx.sources().await?;
    let kind = SourceKind::Zoho;
    let mut ours = sources
        .into_iter()
        .filter(|source| source.provider == kind.code());
    Ok(ours.find_map(|source| {
        let options = SourceOptions::read(kind, source.options).ok()?;
        let url = options.public_url(&format!("/hooks/{}", source.key))?;
        Some((source.key, url)).filter(|_| source.secrets > 0)
    }))
}

pub(super) async fn work(desk: &Desk<'_>) -> Work {
    let mut tx = desk.tenant.begin().await?;
    let step = tx.lock_crm().await?.channel.next_step(desk.now).step;
    drop(tx);
    let done = match &step {
        ChannelStep::Nothing | ChannelStep::Wait { .. } => return Ok(()),
        ChannelStep::Enable => match new_id() {
            Some(id) => watch(desk, id, false).await,
            None => return Ok(()),
        },
        ChannelStep::Renew(id) => watch(desk, id.clone(), true).await,
        ChannelStep::Disable(id) => end(desk, id).await,
    };
    let Err(Halt::Crm(error)) = done else {
        return done;
    };
    tracing::warn!(%error, "the CRM's channel was not made, renewed or ended");
    let mut tx = desk.tenant.begin().await?;
    let mut account = tx.lock_crm().await?;
    match &error {
        CrmError::Refused(problem) if problem.kind == ProblemKind::NotFound => {
            account.channel.lost(desk.now);
        }
        _ => account.channel.fail(desk.now),
    }
    tx.save_crm(&account).await?;
    Ok(tx.commit().await?)
}

async fn watch(desk: &Desk<'_>, id: ChannelId, is_there: bool) -> Work {
    let mut tx = desk.tenant.begin().await?;
    let Some((key, notify_url)) = address(&mut tx).await? else {
        return Ok(());
    };
    drop(tx);
    let source = desk.store.source(&key).await?;
    // The newest: older ones are still taken, from channels that were made with them.
    let token = source.and_then(|source| source.secrets.into_iter().next());
    let Some(token) = token else { return Ok(()) };
    let hours = SignedDuration::from_hours(desk.settings.crm.channel_hours.into());
    let request = ChannelRequest {
        id,
        module: desk.settings.crm.module.clone(),
        token,
        notify_url,
        until: desk.now + hours,
    };
    let (client, permit) = desk.permit(1).await?;
    let answer = match is_there {
        true => client.renew_channel(&request).await,
        false => client.enable_channel(&request).await,
    };
    let granted = desk.told(permit, answer).await?;
    let mut tx = desk.tenant.begin().await?;
    let mut account = tx.lock_crm().await?;
    let channel = &mut account.channel;
    if granted.expires_at > desk.now {
        channel.granted(desk.now, granted.id, granted.expires_at);
    } else {
        // One of the clocks is wrong: made again and again it would eat the day's requests.
        channel.fail(desk.now);
    }
    tx.save_crm(&account).await?;
    Ok(tx.commit().await?)
}

async fn end(desk: &Desk<'_>, id: &ChannelId) -> Work {
    let (client, permit) = desk.permit(1).await?;
    let answer = client.disable_channel(id).await;
    desk.told(permit, answer).await?;
    let mut tx = desk.tenant.begin().await?;
    let mut account = tx.lock_crm().await?;
    account.channel.disabled();
    tx.save_crm(&account).await?;
    Ok(tx.commit().await?)
}

/// A number that no other subscription has: the random part of an id.
fn new_id() -> Option<ChannelId> {
    let random = Uuid::now_v7().as_u128() & u128::from(u64::MAX >> 2);
    random.to_string().parse().ok()
}
