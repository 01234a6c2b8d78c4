//! The one binary `bellhop`: wires the rooms together. As a library, it serves the whole-system tests.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use domain::context::privacy::is_invisible;

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

/// Opens a file to be written anew. One that is made by this is readable by its owner only.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

/// A text on one line, whatever it holds: what people say, write and are called.
pub(crate) fn plain(text: &str) -> String {
    text.replace(is_invisible, "")
        .replace(char::is_control, " ")
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

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_file_with_personal_data_is_its_owners_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects.csv");
        private_file(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
