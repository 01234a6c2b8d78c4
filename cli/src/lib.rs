//! The one binary `bellhop`: wires the rooms together. As a library, it serves the whole-system tests.

pub mod appointment_file;
pub mod commands;
pub mod conductor;
pub mod config;
pub mod heartbeat;
mod options_file;
pub mod stack;
pub mod telemetry;

/// A plain HTTP client.
pub fn http() -> anyhow::Result<reqwest::Client> {
    // Installed already when a provider's client was made before: the same one serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().build()?)
}

/// `1 row`, `2 rows`.
pub(crate) fn counted(number: u64, unit: &str) -> String {
    let plural = match number {
        1 => "",
        _ if unit.ends_with('s') => "es",
        _ => "s",
    };
    format!("{number} {unit}{plural}")
}

/// Prints a line to standard output. Fails, where `println!` would panic, when nobody reads any more.
#[macro_export]
macro_rules! say {
    ($($line:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout(), $($line)*)
    }};
}
