//! What an operator does at the command line, beyond what every test needs.

use std::{path::PathBuf, process::Stdio};

use anyhow::{Context, Result, ensure};
use embedded::free_port;
use simulator::senders::{Source, Vendor};
use tokio::{io::AsyncWriteExt, process::Command};

use super::{API_KEY, SLUG, World};

/// What a command printed, and whether it did what was asked.
pub(crate) struct Printed {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    /// Runs `bellhop` with something on its standard input, to its end.
    pub(crate) async fn run(&self, arguments: &[&str], input: &str) -> Result<Printed> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bellhop"))
            .args(arguments)
            .envs(self.environment(free_port()?))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().context("standard input")?;
        // A command that does not read it may have ended already.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let ended = child.wait_with_output().await?;
        Ok(Printed {
            code: ended.status.code(),
            out: String::from_utf8(ended.stdout)?,
            err: String::from_utf8(ended.stderr)?,
        })
    }

    /// As [`World::run`], for commands that have to succeed.
    pub(crate) async fn operate_with(&self, arguments: &[&str], input: &str) -> Result<String> {
        let printed = self.run(arguments, input).await?;
        ensure!(printed.code == Some(0), "{arguments:?}: {}", printed.err);
        Ok(printed.out)
    }

    /// A place in this test's own folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The address of a path at ingress.
    pub(crate) fn ingress_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.ingress_port)
    }

    /// Makes a webhook address with a secret, as an operator would; answers with who sends there.
    pub(crate) async fn add_source(&self, slug: &str, vendor: Vendor) -> Result<Source> {
        let code = vendor.code();
        if code == "retell" && slug == SLUG {
            return Ok(Source::new(vendor, &self.webhook_url, API_KEY));
        }
        let options = self.folder.join(format!("{slug}-{code}.toml"));
        let url = self.ingress_url("");
        let text = match code {
            "twilio" | "zoho" => format!("public_base_url = {url:?}"),
            _ => String::new(),
        };
        std::fs::write(&options, text)?;
        let options = options.display().to_string();
        let made = self
            .operate(&[
                "tenant",
                "add-source",
                slug,
                "--provider",
                code,
                "--options-file",
                &options,
            ])
            .await?;
        let key = made
            .split_whitespace()
            .find_map(|word| word.strip_prefix("/hooks/"))
            .context("the address was not printed")?
            .to_owned();
        let secret = secret_of(code);
        self.operate_with(&["tenant", "add-secret", slug, "--source", &key], secret)
            .await?;
        Ok(Source::new(
            vendor,
            &self.ingress_url(&format!("/hooks/{key}")),
            secret,
        ))
    }
}

/// A secret in the form in which the vendor hands them out.
fn secret_of(code: &str) -> &'static str {
    match code {
        "quo" | "standard_webhooks" => "whsec_dGVzdC1zZWNyZXQtb2YtdGhpcnR5LXR3by1ieXRlcyE=",
        "openphone" => "dGVzdC1zZWNyZXQtb2YtdGhpcnR5LXR3by1ieXRlcyE=",
        _ => "test-secret-0000000000",
    }
}
