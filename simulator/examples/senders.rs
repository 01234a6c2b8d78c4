//! Sends webhooks: `cargo run -p simulator --example senders -- quo http://127.0.0.1:8080/hooks/… 100 scenario.toml`,
//! with the secret in `WEBHOOK_SECRET`. Prints what was answered.

use std::{env, fs, time::Duration};

use anyhow::Context;
use simulator::senders::{Config, Scenario, Source, Vendor, start};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(1);
    let code = arguments.next().unwrap_or_default();
    let vendor = Vendor::from_code(&code)
        .with_context(|| format!("the vendor is one of {}", Vendor::CODES.join(", ")))?;
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
