//! `bellhop contacts erase`: the erasure of one person.

use std::{
    io::{BufRead, IsTerminal, Write},
    process::ExitCode,
};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use domain::{country::Country, ids::ContactId, phone};
use jiff::Timestamp;
use store::{Erased, Subject, TenantTx};

use crate::{commands::tenant, config, say};

#[derive(Args)]
pub struct Options {
    #[arg(long)]
    tenant: String,
    /// The contact's id (con_…), or the number in any usual form
    who: String,
    /// Do not ask first
    #[arg(long)]
    yes: bool,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let country: Country = tenant.settings.tenant.country.parse()?;
    let rows = store.tenant(tenant.id);
    let now = Timestamp::now();
    let mut tx = rows.begin().await?;
    let person = find(&mut tx, &options.who, country).await?;
    if person.is_talking {
        bail!("a call with this person is not over; erase them when it is");
    }
    let found = tx.rows_of(&person, now).await?;
    drop(tx);
    if let Some(kept) = person.merged_into() {
        say!("this contact was merged into {kept}: both are one person, who is erased as a whole")?;
    }
    say!("of this person there are: {}", listed(&found))?;
    say!("and what webhooks hold, which is looked for next")?;
    if !options.yes && !confirmed()? {
        say!("nothing was erased")?;
        return Ok(ExitCode::FAILURE);
    }
    let erased = rows
        .erase(&person, now, |looked| {
            if looked % 10_000 == 0 {
                // Progress is for people: whoever closed it does not stop the erasure.
                let _ = say!("{looked} webhooks looked through");
            }
        })
        .await?;
    say!("erased, for good: {}", listed(&erased))?;
    Ok(ExitCode::SUCCESS)
}

async fn find(tx: &mut TenantTx, who: &str, country: Country) -> Result<Subject> {
    let person = match who.parse::<ContactId>() {
        Ok(contact) => tx.person(Some(contact), None).await?,
        Err(_) => {
            let parsed = phone::parse(who, country).map_err(|problem| anyhow!("{problem}"))?;
            let e164 = parsed.number.e164();
            let contacts = tx.contacts_with_number(e164).await?;
            if contacts.len() > 1 {
                let ids: Vec<String> = contacts.iter().map(ToString::to_string).collect();
                bail!(
                    "several people have this number; erase one by id: {}",
                    ids.join(", ")
                );
            }
            tx.person(contacts.first().copied(), Some(e164)).await?
        }
    };
    if person.is_unknown() {
        bail!("there is no such contact");
    }
    Ok(person)
}

fn confirmed() -> Result<bool> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        bail!("this cannot be taken back; say --yes to erase without being asked");
    }
    print!("this cannot be taken back. Erase? [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn listed(of: &Erased) -> String {
    if of.rows.is_empty() {
        return "nothing".to_owned();
    }
    let rows = of.rows.iter();
    rows.map(|(table, count)| format!("{table} {count}"))
        .collect::<Vec<_>>()
        .join(", ")
}
