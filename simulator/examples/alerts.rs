//! Runs fakes of Slack, Twilio and a mail server: `cargo run -p simulator --example alerts -- scenario.toml`.
//! Prints where everything is, and the Twilio account. docs/simulator.md tells how to point Bellhop at them.

use simulator::alerts::{Config, Scenario, start};

/// In the form that Twilio's have, so that settings may name it.
const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const TOKEN: &str = "token_demo";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let scenario = match std::env::args().nth(1) {
        Some(file) => Scenario::from_toml(&std::fs::read_to_string(file)?)?,
        None => Scenario::default(),
    };
    let running = start(Config::with_account(ACCOUNT, TOKEN, scenario)).await?;
    println!("ledger and scenario:  {}/sim/", running.base_url());
    println!(
        "Slack's webhook:      {}",
        running.slack.hook_url("T1/B1/X1")
    );
    println!("Twilio:               {}", running.twilio.base_url());
    println!("Twilio's account:     {ACCOUNT}");
    println!("Twilio's auth token:  {TOKEN}");
    println!("mail, in the clear:   {}", running.smtp.address());
    running.serve().await;
    Ok(())
}
