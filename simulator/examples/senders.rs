//! Sends webhooks: `cargo run -p simulator --example senders -- quo http://127.0.0.1:8080/hooks/… 100 scenario.toml`,
//! with the secret in `WEBHOOK_SECRET`. `vapi` sends it as a bearer token, `vapi-hmac` signs with it. Prints what
//! was answered.

use std::{env, fs, time::Duration};

use anyhow::Context;
use simulator::senders::{Config, Scenario, Source, VapiAuth, VapiHmac, Vendor, start};

/// Vapi with an HMAC credential, as Vapi sets one up.
const VAPI_HMAC: &str = "vapi-hmac";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(1);
    let code = arguments.next().unwrap_or_default();
    let vendor = match code.as_str() {
        VAPI_HMAC => Some(Vendor::Vapi(VapiAuth::Hmac(VapiHmac::default()))),
        code => Vendor::from_code(code),
    };
    let vendor = vendor.with_context(|| {
        let codes = Vendor::CODES.join(", ");
        format!("the vendor is one of {codes}, {VAPI_HMAC}")
    })?;
    let url = arguments.next().context("the address is missing")?;
    let secret = env::var("WEBHOOK_SECRET").context("WEBHOOK_SECRET is missing")?;
    let events = arguments.next().map_or(Ok(1), |events| events.parse());
    let scenario = match arguments.next() {
        Some(file) => Scenario::from_toml(&fs::read_to_string(file)?)?,
        None => Scenario::default(),
    };
    let running = start(Config {
        sources: vec![Source::new(vendor, &url, &secret)],
        events: events.context("the number of events is none")?,
        scenario,
    })?;
    while !running.finished(Duration::from_secs(5)).await {
        eprintln!("{} are pending", running.totals().pending);
    }
    println!("{}", serde_json::to_string_pretty(&running.totals())?);
    Ok(())
}
