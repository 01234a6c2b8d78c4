//! Tokens of those who may ask how a tenant's calls go.

use anyhow::{Result, bail};
use clap::Args;
use domain::ids::TokenId;
use secrecy::ExposeSecret;
use store::{AccessToken, Store};

use super::find;
use crate::say;

#[derive(Args)]
pub struct NewToken {
    slug: String,
    /// What you call it, to know later whose it is
    #[arg(long)]
    name: Option<String>,
}

#[derive(Args)]
pub struct OneToken {
    slug: String,
    /// Its id (tok_…), as `bellhop tenant tokens` lists it
    id: TokenId,
}

/// Prints the token and nothing else to standard output, so that it can be passed on without being seen.
pub(super) async fn add(store: &Store, new: NewToken) -> Result<()> {
    let tenant = find(store, &new.slug).await?;
    let token = AccessToken::generate();
    let mut tx = store.tenant(tenant.id).begin().await?;
    tx.add_token(&token, new.name.as_deref()).await?;
    tx.commit().await?;
    eprintln!("the token, which is not shown again:");
    say!("{}", token.reveal().expose_secret())?;
    Ok(())
}

pub(super) async fn list(store: &Store, slug: &str) -> Result<()> {
    let tenant = find(store, slug).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let tokens = tx.tokens().await?;
    if tokens.is_empty() {
        say!("nobody may ask how calls go; `bellhop tenant add-token {slug}` makes a token")?;
    }
    for token in tokens {
        say!("{token}")?;
    }
    Ok(())
}

pub(super) async fn remove(store: &Store, of: OneToken) -> Result<()> {
    let tenant = find(store, &of.slug).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    if !tx.remove_token(of.id).await? {
        bail!("{} has no token {}", of.slug, of.id);
    }
    tx.commit().await?;
    say!("{} is not taken any more", of.id)?;
    Ok(())
}
