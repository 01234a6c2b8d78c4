//! The addresses that a campaign's webhooks are sent to: every kind of source, at two tenants.

use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_STANDARD};
use bellhop::commands::tenant;
use domain::{ids::TenantId, settings::Settings};
use providers::source::{SourceKind, SourceOptions, check_secret};
use serde_json::{Value, json};
use simulator::senders::{AgentAuth, HeaderFamily, Source, VapiAuth, VapiHmac, Vendor};

use crate::harness::{OPEN_CLINIC, World};

/// Where Twilio believes that it sends to.
const PUBLIC: &str = "https://hooks.example.org";

/// One source, as its sender and as Bellhop sees it.
pub(super) struct Endpoint {
    pub(super) tenant: TenantId,
    pub(super) kind: SourceKind,
    /// The last part of its address.
    pub(super) key: String,
    pub(super) source: Source,
}

/// The clinic's calls have the simulated Retell; everybody else is here.
pub(super) async fn make(world: &World) -> Result<Vec<Endpoint>> {
    let settings = Settings::from_toml(OPEN_CLINIC).map_err(|each| anyhow::anyhow!("{each:?}"))?;
    tenant::create(&world.store, "other-clinic", &settings).await?;
    let other = tenant::find(&world.store, "other-clinic").await?.id;
    let zoho = Vendor::from_code("zoho").context("a vendor")?;
    let hmac = json!({"vapi": {"hmac": {}}});
    let public = json!({"public_base_url": PUBLIC});
    let table = [
        (world.tenant, Vendor::Vapi(VapiAuth::default()), json!({})),
        (world.tenant, Vendor::OpenPhone, json!({})),
        (world.tenant, Vendor::Quo, json!({})),
        (
            world.tenant,
            Vendor::Standard(HeaderFamily::Webhook),
            json!({}),
        ),
        (
            world.tenant,
            Vendor::Standard(HeaderFamily::Svix),
            json!({}),
        ),
        (world.tenant, Vendor::Twilio, public),
        (world.tenant, zoho, json!({})),
        (world.tenant, Vendor::Agent(AgentAuth::Bearer), json!({})),
        (other, Vendor::Retell, json!({})),
        (
            other,
            Vendor::Vapi(VapiAuth::Hmac(VapiHmac::default())),
            hmac,
        ),
        (other, Vendor::Quo, json!({})),
        (other, Vendor::Agent(AgentAuth::Bearer), json!({})),
    ];
    let mut endpoints = Vec::new();
    for (place, (tenant, vendor, options)) in table.into_iter().enumerate() {
        endpoints.push(add(world, place, tenant, vendor, options).await?);
    }
    Ok(endpoints)
}

/// Each has two live secrets, as in the middle of a rotation.
async fn add(
    world: &World,
    place: usize,
    tenant: TenantId,
    vendor: Vendor,
    options: Value,
) -> Result<Endpoint> {
    let kind = SourceKind::from_code(vendor.code()).context("a kind")?;
    let key = format!("campaign{place:024}");
    let secrets =
        ["older", "newer"].map(|age| BASE64_STANDARD.encode(format!("{place}-secret-{age}")));
    let mut tx = world.store.tenant(tenant).begin().await?;
    tx.add_source_with(kind.code(), &key, None, &options)
        .await?;
    let all = tx.sources().await?;
    let entry = all.into_iter().find(|each| each.key == key);
    let entry = entry.context("the source was made")?;
    let read = SourceOptions::read(kind, options)?;
    for secret in &secrets {
        let secret = secret.as_str().into();
        check_secret(kind, &read, &secret)?;
        tx.add_source_secret(world.store.keys(), &entry, &secret)
            .await?;
    }
    tx.commit().await?;
    let (hooks, _) = world.webhook_url.rsplit_once('/').context("an address")?;
    let public_url = (kind == SourceKind::Twilio).then(|| format!("{PUBLIC}/hooks/{key}"));
    let source = Source {
        url: format!("{hooks}/{key}"),
        public_url,
        secrets: secrets.iter().map(|each| each.as_str().into()).collect(),
        vendor,
    };
    Ok(Endpoint {
        tenant,
        kind,
        key,
        source,
    })
}
