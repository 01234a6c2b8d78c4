//! Runs a fake Retell by itself: `cargo run -p simulator --example retell -- 8080 scenario.toml`.
//! Prints its address. Accounts are added with `POST /sim/accounts`; the key `key_demo` is there from the start.

use std::net::SocketAddr;

use anyhow::Context;
use simulator::retell::{Config, Scenario, start};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments
        .next()
        .map_or(Ok(0), |port| port.parse())
        .context("the port is not a number")?;
    let scenario = match arguments.next() {
        Some(file) => {
            Scenario::from_toml(&std::fs::read_to_string(&file).with_context(|| file.clone())?)?
        }
        None => Scenario::default(),
    };
    let config = Config::with_account("key_demo", None, scenario);
    let running = start(Config {
        address: SocketAddr::from(([127, 0, 0, 1], port)),
        ..config
    })
    .await?;
    println!("{}", running.base_url());
    running.serve().await;
    Ok(())
}
