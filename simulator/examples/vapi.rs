//! Runs the fake Vapi: `WEBHOOK_SECRET=… cargo run -p simulator --example vapi -- http://127.0.0.1:8080/hooks/… scenario.toml`.
//! Prints where it is, and the key of its account. Without an address it sends no messages. Somebody calls by a
//! `POST` to `/sim/ring`; docs/simulator.md tells more.

use simulator::vapi::{Config, Scenario, start};

const KEY: &str = "key_demo";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let secret = std::env::var("WEBHOOK_SECRET").unwrap_or_default();
    let server = arguments.next().map(|url| (url, secret.as_str()));
    let scenario = match arguments.next() {
        Some(file) => Scenario::from_toml(&std::fs::read_to_string(file)?)?,
        None => Scenario::default(),
    };
    let running = start(Config::with_account(KEY, server, scenario)).await?;
    println!("Vapi:                 {}", running.base_url());
    println!("its key:              {KEY}");
    println!("ledger and scenario:  {}/sim/", running.base_url());
    running.serve().await;
    Ok(())
}
