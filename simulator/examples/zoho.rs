//! Runs a fake Zoho CRM by itself: `cargo run -p simulator --example zoho -- scenario.toml`.
//! Prints its address, which is that of tokens and of data, and the secrets it takes.

use simulator::zoho::{Config, Scenario, start};

const CLIENT_ID: &str = "1000.DEMO";
const CLIENT_SECRET: &str = "secret_demo";
const REFRESH_TOKEN: &str = "1000.refresh_demo";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let scenario = match std::env::args().nth(1) {
        Some(file) => Scenario::from_toml(&std::fs::read_to_string(file)?)?,
        None => Scenario::default(),
    };
    let config = Config::with_grant(CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, scenario);
    let running = start(config).await?;
    println!("accounts and data:  {}", running.base_url());
    println!("client's id:        {CLIENT_ID}");
    println!("client's secret:    {CLIENT_SECRET}");
    println!("refresh token:      {REFRESH_TOKEN}");
    running.serve().await;
    Ok(())
}
