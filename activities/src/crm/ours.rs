//! Our side of a contact in the CRM's fields, and back.

use std::collections::BTreeMap;

use domain::crm::{Change, Field, Link, Ours, Plan, Values, joined_name, name_parts};
use store::{ContactChange, CrmContact, Told};

/// A contact as the domain compares it.
pub(super) fn ours(contact: &CrmContact) -> Ours {
    let mut changed_at = BTreeMap::new();
    for field in Field::ALL {
        if let Some(at) = contact.changed_at.get(column(*field)) {
            changed_at.insert(*field, *at);
        }
    }
    Ours {
        values: values(&contact.told, &contact.link),
        changed_at,
    }
}

fn values(told: &Told, link: &Link) -> Values {
    let (first, last) = name_parts(told.name.as_deref().unwrap_or_default(), link);
    let mut values = Values::default();
    for (field, value) in [
        (Field::FirstName, first.as_deref()),
        (Field::LastName, last.as_deref()),
        (Field::Phone, told.phone.as_deref()),
        (Field::Mobile, told.mobile.as_deref()),
        (Field::Email, told.email.as_deref()),
        (Field::Address, told.address.as_deref()),
        (Field::Notes, told.notes.as_deref()),
        (Field::DoNotCall, told.do_not_call.then_some("true")),
    ] {
        values.set(field, value);
    }
    values
}

/// The name of a field in what is told of a contact.
const fn column(field: Field) -> &'static str {
    match field {
        Field::FirstName | Field::LastName => "name",
        Field::Phone => "phone",
        Field::Mobile => "mobile",
        Field::Email => "email",
        Field::Address => "address",
        Field::Notes => "notes",
        Field::DoNotCall => "do_not_call",
    }
}

/// A wish not to be called is of a person, and ours is kept by number: under another number than it was heard for, its
/// absence here is no sign that it was lifted.
pub(super) fn keep_quiet(plan: &mut Plan, contact: &CrmContact) {
    let heard_for = contact.link.synced.get(&Field::Phone);
    let same_number = heard_for.is_some_and(|pair| pair.ours == contact.told.phone);
    let lifts = |change: &Change| change.field == Field::DoNotCall && change.value.is_none();
    if same_number {
        return;
    }
    if let Some(place) = plan.push.iter().position(lifts) {
        let lift = plan.push.remove(place);
        let wish = Some("true".to_owned());
        plan.take.push(Change {
            value: wish.clone(),
            source: wish,
            ..lift
        });
    }
}

/// What of a plan the contact gets; the wish not to be called is no part of it.
pub(super) fn change(plan: &Plan, contact: &CrmContact) -> ContactChange {
    let mut change = ContactChange::default();
    let name = contact.told.name.as_deref().unwrap_or_default();
    let (mut first, mut last) = name_parts(name, &contact.link);
    let mut renamed = false;
    for taken in &plan.take {
        let value = taken.value.clone();
        match taken.field {
            Field::FirstName => (first, renamed) = (value, true),
            Field::LastName => (last, renamed) = (value, true),
            Field::Phone => change.e164 = Some(value),
            Field::Mobile => change.mobile = Some(value),
            Field::Email => change.email = Some(value),
            Field::Address => change.address = Some(value),
            Field::Notes => change.remarks = Some(value),
            Field::DoNotCall => {}
        }
    }
    if renamed {
        change.name = joined_name(first.as_deref(), last.as_deref());
    }
    change
}

/// What a plan says about calling the person: that they do not want it, or, by a person's answer, that they do again.
pub(super) fn wish(plan: &Plan) -> Option<bool> {
    let mut taken = plan.take.iter();
    let wish = taken.find(|change| change.field == Field::DoNotCall)?;
    Some(wish.value.is_some())
}

#[cfg(test)]
mod tests {
    use domain::{
        country::Country,
        crm::{Pair, Record, Rules, Version, plan},
        ids::ContactId,
        settings::Crm,
    };

    use super::*;

    fn pair(value: &str) -> Pair {
        Pair::new(Some(value), Some(value))
    }

    fn contact(phone: &str) -> CrmContact {
        CrmContact {
            id: ContactId::generate(),
            told: Told {
                name: Some("Ada Byron".to_owned()),
                phone: Some(phone.to_owned()),
                ..Told::default()
            },
            changed_at: BTreeMap::new(),
            record: None,
            trouble: None,
            link: Link::default(),
        }
    }

    fn crm() -> Crm {
        let mut crm = Crm::default();
        crm.fields
            .insert(Field::DoNotCall, "Do_Not_Call".to_owned());
        crm
    }

    fn planned(contact: &CrmContact, theirs: Values) -> Plan {
        let crm = crm();
        let rules = Rules {
            crm: &crm,
            country: Country::GB,
        };
        let record = Record {
            id: "1".parse().unwrap(),
            version: Version::default(),
            values: theirs,
        };
        let mut plan = plan(&ours(contact), &record, &contact.link, rules);
        keep_quiet(&mut plan, contact);
        plan
    }

    fn theirs(phone: &str) -> Values {
        Values::default()
            .with(Field::FirstName, "Ada")
            .with(Field::LastName, "Byron")
            .with(Field::Phone, phone)
            .with(Field::DoNotCall, "true")
    }

    #[test]
    fn a_new_number_lifts_nobodys_wish_not_to_be_called() {
        let mut contact = contact("+447700900124");
        contact
            .link
            .synced
            .insert(Field::Phone, pair("+447700900123"));
        contact.link.synced.insert(Field::DoNotCall, pair("true"));
        let plan = planned(&contact, theirs("+447700900123"));
        assert_eq!(wish(&plan), Some(true), "{plan:?}");
        assert!(plan.push.iter().all(|each| each.field != Field::DoNotCall));
    }

    #[test]
    fn a_wish_that_was_lifted_here_for_the_same_number_is_lifted_there() {
        let mut contact = contact("+447700900123");
        contact
            .link
            .synced
            .insert(Field::Phone, pair("+447700900123"));
        contact.link.synced.insert(Field::DoNotCall, pair("true"));
        let plan = planned(&contact, theirs("+447700900123"));
        assert_eq!(wish(&plan), None);
        assert!(plan.push.iter().any(|each| each.field == Field::DoNotCall));
    }

    #[test]
    fn one_part_of_a_name_that_is_taken_leaves_the_other() {
        let mut contact = contact("+447700900123");
        contact.link.synced.insert(Field::FirstName, pair("Ada"));
        contact.link.synced.insert(Field::LastName, pair("Byron"));
        let theirs = theirs("+447700900123").with(Field::LastName, "King Noel");
        let plan = planned(&contact, theirs);
        let name = change(&plan, &contact).name;
        assert_eq!(name.as_deref(), Some("Ada King Noel"));
    }

    #[test]
    fn a_wish_that_comes_with_the_first_number_or_with_none_is_taken() {
        let mut contact = contact("");
        contact.told.phone = None;
        let with_number = planned(&contact, theirs("+447700900123"));
        assert_eq!(wish(&with_number), Some(true), "{with_number:?}");
        let mut without = theirs("+447700900123");
        without.set(Field::Phone, None);
        let plan = planned(&contact, without);
        assert_eq!(wish(&plan), Some(true), "{plan:?}");
        assert!(plan.push.iter().all(|each| each.field != Field::DoNotCall));
    }
}
