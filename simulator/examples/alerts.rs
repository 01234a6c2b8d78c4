//! Runs fakes of Slack, Twilio and a mail server: `cargo run -p simulator --example alerts -- scenario.toml`.
//! Prints the address of `/sim/…`, and where everything is. The Twilio account is `AC_demo` with `token_demo`.

use simulator::alerts::{Config, Scenario, start};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let scenario = match std::env::args().nth(1) {
        Some(file) => Scenario::from_toml(&std::fs::read_to_string(file)?)?,
        None => Scenario::default(),
    };
    let running = start(Config::with_account("AC_demo", "token_demo", scenario)).await?;
    println!("{}", running.base_url());
    println!("{}", serde_json::to_string_pretty(running.addresses())?);
    running.serve().await;
    Ok(())
}
