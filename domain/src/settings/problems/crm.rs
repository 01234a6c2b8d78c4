//! What is wrong with the settings of the CRM.

use std::collections::BTreeMap;

use super::Found;
use crate::{crm::Field, settings::Crm};

const NAME: &str = "must be the API name of the CRM, of letters, digits and _, as Last_Name";
/// Fields that the client asks for besides: their meaning is fixed.
const TAKEN: &[&str] = &["id", "Modified_Time", "Modified_By", "Created_Time"];
const LONGEST_NAME: usize = 100;
const LONGEST_CHANNEL_HOURS: u32 = 7 * 24;

pub(super) fn problems(crm: &Crm, found: &mut Found) {
    hosts(crm, found);
    if !is_api_name(&crm.module) {
        found.add("crm.module", &crm.module, NAME);
    }
    fields(crm, found);
    let million = 1_000_000;
    for (field, value, most) in [
        ("crm.requests_per_minute", crm.requests_per_minute, 6_000),
        ("crm.requests_per_day", crm.requests_per_day, 5 * million),
        (
            "crm.channel_hours",
            crm.channel_hours,
            LONGEST_CHANNEL_HOURS,
        ),
    ] {
        found.within(field, value, 1, most);
    }
}

fn hosts(crm: &Crm, found: &mut Found) {
    for (field, url) in [
        ("crm.accounts_url", &crm.accounts_url),
        ("crm.api_url", &crm.api_url),
    ] {
        if let Some(url) = url
            && !is_origin(url)
        {
            found.add(
                field,
                url,
                "must be https:// and a host, without a path; leave it out for the data centre's own",
            );
        }
    }
}

fn fields(crm: &Crm, found: &mut Found) {
    let mut named: BTreeMap<&str, String> = BTreeMap::new();
    if let Some(reference) = &crm.reference_field {
        name(
            found,
            &mut named,
            "crm.reference_field".to_owned(),
            reference,
        );
    }
    for (field, theirs) in crm.mapped() {
        name(found, &mut named, format!("crm.fields.{field}"), theirs);
    }
    if crm.is_on() && !crm.fields.contains_key(&Field::LastName) {
        found.add(
            "crm.fields.last_name",
            "",
            "is needed: the CRM takes nobody without a last name",
        );
    }
    for field in crm.rules.keys() {
        if *field == Field::DoNotCall {
            found.add(
                "crm.rules.do_not_call",
                crm.rule_of(*field),
                "has no rule: a wish not to be called always wins, and only a person lifts it",
            );
        }
    }
}

fn name<'a>(
    found: &mut Found,
    named: &mut BTreeMap<&'a str, String>,
    field: String,
    theirs: &'a str,
) {
    if !is_api_name(theirs) {
        found.add(field, theirs, NAME);
    } else if TAKEN.contains(&theirs) {
        found.add(field, theirs, "is written by the CRM itself");
    } else if let Some(other) = named.get(theirs) {
        let reason = format!("is the field of {other} already");
        found.add(field, theirs, reason);
    } else {
        named.insert(theirs, field);
    }
}

fn is_api_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.starts_with(|char: char| char.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// https and a host, perhaps a port. Whether it may be talked to is found out when it is.
fn is_origin(url: &str) -> bool {
    url.strip_prefix("https://").is_some_and(|host| {
        let host = host.strip_suffix('/').unwrap_or(host);
        let (host, port) = host.split_once(':').unwrap_or((host, "443"));
        super::alerts::is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

#[cfg(test)]
#[path = "crm_tests.rs"]
mod tests;
