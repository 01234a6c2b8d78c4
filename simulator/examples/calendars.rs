//! Runs the fake calendars by themselves: `cargo run -p simulator --example calendars -- scenario.toml`.
//! Prints their addresses, and a file of credentials that Google's takes.

use secrecy::ExposeSecret;
use simulator::calendar::{Config, Scenario, start};

const DIARY: &str = "desk@example.com";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let scenario = match std::env::args().nth(1) {
        Some(file) => Scenario::from_toml(&std::fs::read_to_string(file)?)?,
        None => Scenario::default(),
    };
    let running = start(Config::with_calendars(&[DIARY], scenario)).await?;
    println!("Google and Cal.com:  {}", running.base_url());
    println!("Google's tokens:     {}", running.token_url());
    println!("the diary:           {DIARY}");
    println!(
        "its feed:            {}",
        running.feed_url(DIARY).expose_secret()
    );
    println!(
        "Google's file:       {}",
        running.authorized_user().expose_secret()
    );
    running.serve().await;
    Ok(())
}
