use super::*;
use crate::settings::{Cleared, Rule};

mod comparing;
mod converging;
mod linking;
mod outage;
mod steps;
mod waiting;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

fn crm(rule: Rule, cleared: Cleared) -> Crm {
    let mut crm = Crm {
        rule,
        cleared,
        ..Crm::default()
    };
    let more = [
        (Field::DoNotCall, "Do_Not_Call"),
        (Field::Notes, "Description"),
    ];
    crm.fields
        .extend(more.map(|(field, name)| (field, name.to_owned())));
    crm
}

fn rules(crm: &Crm) -> Rules<'_> {
    Rules {
        crm,
        country: Country::GB,
    }
}

fn user(name: &str) -> Option<UserId> {
    name.parse().ok()
}
