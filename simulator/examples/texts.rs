//! Runs fakes of OpenPhone and Gemini: `cargo run -p simulator --example texts -- http://127.0.0.1:8080/hooks/… quo`.
//! The address and the shape (`v3`, `v4` or `quo`) of webhooks may be left out; `WEBHOOK_SECRET` signs them.

use anyhow::{Context, bail};
use simulator::{gemini, openphone};

const KEY: &str = "key_demo";
const LINES: [&str; 2] = ["+442079460000", "+442079460001"];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut config = openphone::Config::with_lines(KEY, &LINES, openphone::Scenario::default());
    if let Some(url) = arguments.next() {
        let shape = match arguments.next().as_deref() {
            Some("v3") => openphone::Shape::V3,
            Some("v4") => openphone::Shape::V4,
            Some("quo") | None => openphone::Shape::Quo,
            Some(other) => bail!("there are v3, v4 and quo, and no {other}"),
        };
        let secret = std::env::var("WEBHOOK_SECRET").context("WEBHOOK_SECRET is not set")?;
        config = config.telling(&url, shape, &secret);
    }
    let openphone = openphone::start(config).await?;
    let gemini = gemini::start(gemini::Config::with_key(KEY, gemini::Scenario::default())).await?;
    println!("OpenPhone:            {}", openphone.base_url());
    println!("its lines PN1, PN2:   {}", LINES.join(", "));
    println!("Gemini:               {}", gemini.base_url());
    println!("the key of both:      {KEY}");
    println!("people write to       {}/sim/text", openphone.base_url());
    println!("and call              {}/sim/call", openphone.base_url());
    tokio::join!(openphone.serve(), gemini.serve());
    Ok(())
}
