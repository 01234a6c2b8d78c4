//! `bellhop contacts set`: an operator changes what is known of a person (MEM-1).

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Args, builder::NonEmptyStringValueParser};
use domain::{
    context::privacy::medical_word,
    country::Country,
    ids::ContactId,
    inbound::is_sensitive,
    phone,
    settings::Settings,
    text::{Field, Words},
};
use jiff::Timestamp;
use store::{Change, ChangedBy, ContactRow, TenantTx};

use crate::{
    commands::{tenant, texts::whom},
    config, plain, say,
};

#[derive(Args)]
#[command(group(clap::ArgGroup::new("fields").required(true).multiple(true)))]
pub struct Set {
    #[arg(long)]
    tenant: String,
    /// The contact (`con_…`), or a number in any usual form
    contact: String,
    #[arg(long, group = "fields")]
    name: Option<String>,
    /// Empty ("") to empty it, as each of the following
    #[arg(long, group = "fields")]
    email: Option<String>,
    /// The postal address
    #[arg(long, group = "fields")]
    address: Option<String>,
    /// The number that reminders dial, in any usual form
    #[arg(long, group = "fields")]
    phone: Option<String>,
    /// What agents are told of how the person wants to be dealt with, where the settings say so
    #[arg(long, group = "fields")]
    preferences: Option<String>,
    /// Who changes it, for the record
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    by: String,
}

pub(super) async fn run(options: Set) -> Result<()> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let country = tenant.settings.tenant.country();
    let values = options.values(country)?;
    let now = Timestamp::now();
    let mut tx = store.tenant(tenant.id).begin().await?;
    // Without a lock: it is locked as the one that is kept, with what is that one's.
    let named = match options.contact.parse::<ContactId>() {
        Ok(contact) => contact,
        Err(_) => {
            let (person, _) = whom(&mut tx, &options.contact, &tenant.settings).await?;
            person.context("the number is nobody's, or several people's")?
        }
    };
    let row = tx.lock_kept_contact(named).await?;
    let mut row = row.with_context(|| format!("there is no contact {named}"))?;
    ensure!(!row.is_erased, "{named} is erased: nothing is kept of them");
    let mut lines = vec![whose(&row, named)];
    for (field, value) in &values {
        let is_news = row.get(*field) != value.0;
        if is_news {
            let change = Change {
                field: *field,
                value,
                by: ChangedBy::Person(&options.by),
                cause: None,
            };
            tx.change_field(&mut row, change, now).await?;
        }
        lines.push(line(*field, value, is_news));
        lines.extend(remark(&mut tx, *field, value, &tenant.settings).await?);
    }
    tx.commit().await?;
    for line in lines {
        say!("{}", plain(&line))?;
    }
    Ok(())
}

impl Set {
    /// The values as they are kept. One that cannot be kept changes none of the others either.
    fn values(&self, country: Country) -> Result<Vec<(Field, Words)>> {
        let typed = [
            (Field::Name, &self.name),
            (Field::Email, &self.email),
            (Field::Address, &self.address),
            (Field::Phone, &self.phone),
            (Field::Preferences, &self.preferences),
        ];
        let typed = typed
            .into_iter()
            .filter_map(|(field, text)| Some((field, text.as_deref()?)));
        typed
            .map(|(field, text)| {
                let value = field.typed(text, country);
                let value = value.map_err(|problem| anyhow!("{field}: {problem}"))?;
                Ok((field, value))
            })
            .collect()
    }
}

fn whose(row: &ContactRow, named: ContactId) -> String {
    match row.id == named {
        true => row.id.to_string(),
        false => format!("{} ({named} is part of it)", row.id),
    }
}

fn line(field: Field, value: &Words, is_news: bool) -> String {
    match (is_news, value.is_empty()) {
        (false, _) => format!("{field}: as it was"),
        (true, true) => format!("{field}: emptied"),
        (true, false) => format!("{field}: set to {}", value.0),
    }
}

/// What whoever set it may not expect.
async fn remark(
    tx: &mut TenantTx,
    field: Field,
    value: &str,
    settings: &Settings,
) -> Result<Option<String>> {
    Ok(match field {
        _ if value.is_empty() => None,
        Field::Phone if tx.people_with(value).await? > 1 => Some(
            "  somebody else has this number too: whoever calls from it is asked for their name"
                .to_owned(),
        ),
        Field::Phone => {
            let warning = phone::parse(value, settings.tenant.country())?.warning;
            warning.map(|warning| format!("  {}", warning.words()))
        }
        Field::Preferences => not_told(value, settings.tenant.health_mode).map(str::to_owned),
        _ => None,
    })
}

/// Why agents are not told of preferences.
fn not_told(preferences: &str, health_mode: bool) -> Option<&'static str> {
    if is_sensitive(preferences) {
        Some("  this sounds like a complaint or a dispute: no agent is told of it")
    } else if health_mode && medical_word(preferences).is_some() {
        Some("  this holds a medical word: no agent is told of it, as the tenant is in health mode")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_when_agents_are_not_told() {
        for (preferences, health_mode, is_told) in [
            ("call after five", true, true),
            ("not during chemotherapy", true, false),
            ("not during chemotherapy", false, true),
            ("no calls until the refund", false, false),
        ] {
            let why = not_told(preferences, health_mode);
            assert_eq!(why.is_none(), is_told, "{preferences}: {why:?}");
        }
    }
}
