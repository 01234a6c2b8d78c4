//! What is known of a record: our own writes, answers of persons, who has a number.

use super::{comparing::values, *};

/// A record after our write of the phone, saved by this user at this time.
fn after_our_write(by: &str, second: i64) -> (Ours, Record, Link) {
    let e164 = "+447700900123";
    let ours = Ours {
        values: Values::default()
            .with(Field::FirstName, "Bartholomew")
            .with(Field::LastName, "Byron")
            .with(Field::Phone, e164),
        changed_at: [(Field::FirstName, at(0))].into(),
    };
    let mut link = Link::default();
    for (field, value) in [
        (Field::FirstName, "Bartholomew"),
        (Field::LastName, "Byron"),
        (Field::Phone, e164),
    ] {
        link.synced
            .insert(field, Pair::new(Some(value), Some(value)));
    }
    link.pushed = Some(Pushed {
        version: Version {
            modified_at: Some(at(10)),
            modified_by: user("bellhop"),
        },
        fields: [Field::FirstName].into(),
    });
    let theirs = Record {
        id: "1".parse().unwrap(),
        version: Version {
            modified_at: Some(at(second)),
            modified_by: user(by),
        },
        // The CRM cut the one and somebody else changed the other.
        values: ours
            .values
            .clone()
            .with(Field::FirstName, "Barth")
            .with(Field::LastName, "Gordon"),
    };
    (ours, theirs, link)
}

#[test]
fn our_own_write_that_comes_back_in_another_form_is_no_change_of_theirs() {
    let crm = crm(Rule::Newest, Cleared::Ask);
    let verdict = |by, second, field| {
        let (ours, theirs, link) = after_our_write(by, second);
        let compared = compare(field, &ours, &theirs, &link, rules(&crm));
        (compared.verdict, compared.why)
    };
    let own = (Verdict::Same, Why::OurOwnWrite);
    let changed = (Verdict::TakeTheirs, Why::TheyChanged);
    assert_eq!(verdict("bellhop", 10, Field::FirstName), own);
    // Saved by somebody in the very second of our write, or by us later.
    assert_eq!(verdict("person", 10, Field::FirstName), changed);
    assert_eq!(verdict("bellhop", 11, Field::FirstName), changed);
    // A field that our write did not hold.
    assert_eq!(verdict("bellhop", 10, Field::LastName), changed);
}

#[test]
fn a_persons_answer_holds_for_the_values_that_were_asked_about() {
    let crm = crm(Rule::Ask, Cleared::Ask);
    let record = |theirs: Option<&str>| Record {
        id: "1".parse().unwrap(),
        version: Version::default(),
        values: values(Field::Email, theirs),
    };
    let ours = Ours {
        values: values(Field::Email, Some("a@x.example")),
        changed_at: BTreeMap::new(),
    };
    for (side, expected) in [
        (Side::Ours, Verdict::Push),
        (Side::Theirs, Verdict::TakeTheirs),
    ] {
        let mut link = Link::default();
        link.synced.insert(
            Field::Email,
            Pair::new(Some("a@x.example"), Some("a@x.example")),
        );
        let first = plan(&ours, &record(None), &link, rules(&crm));
        let [question] = first.ask.as_slice() else {
            panic!("{first:?}")
        };
        link.answered(question.field, side, question.about.clone());
        let verdict =
            |theirs| compare(Field::Email, &ours, &record(theirs), &link, rules(&crm)).verdict;
        assert_eq!(verdict(None), expected);
        assert_eq!(verdict(Some("z@x.example")), Verdict::TakeTheirs);
    }
}

#[test]
fn what_is_kept_prints_without_values() {
    let (ours, theirs, mut link) = after_our_write("person", 20);
    let crm = crm(Rule::Ask, Cleared::Ask);
    let plan = plan(&ours, &theirs, &link, rules(&crm));
    link.answered(
        Field::FirstName,
        Side::Ours,
        Pair::new(Some("Bartholomew"), None),
    );
    let printed = format!("{ours:?} {theirs:?} {link:?} {plan:?}");
    for private in ["Barth", "Byron", "Gordon", "7700"] {
        assert!(!printed.contains(private), "{printed}");
    }
}

#[test]
fn a_number_is_found_in_every_form_and_two_people_with_it_are_not_guessed_between() {
    let number = crate::phone::parse("07700 900123", Country::GB)
        .unwrap()
        .number;
    assert_eq!(
        forms(&number, Country::GB),
        [
            "+447700900123",
            "447700900123",
            "07700900123",
            "07700 900123",
            "+44 7700 900123"
        ]
    );
    assert_eq!(tail(&number), "700900123");
    let record = |id: &str, field, value| Record {
        id: id.parse().unwrap(),
        version: Version::default(),
        values: Values::default().with(field, value),
    };
    let one = record("1", Field::Phone, "(07700) 900 123");
    let two = record("2", Field::Mobile, "+447700900123");
    let other = record("3", Field::Phone, "01700 900123");
    let found = |records: &[Record]| by_number(&number, records, Country::GB);
    assert_eq!(found(&[]), Match::Nobody);
    assert_eq!(found(std::slice::from_ref(&other)), Match::Nobody);
    assert_eq!(
        found(&[one.clone(), other.clone(), one.clone()]),
        Match::One(one.id.clone())
    );
    assert_eq!(
        found(&[two.clone(), one.clone()]),
        Match::Several(vec![one.id, two.id])
    );
}

#[test]
fn nobody_is_made_without_a_last_name() {
    let crm = crm(Rule::Newest, Cleared::Ask);
    let first = Values::default().with(Field::FirstName, "Ada");
    assert_eq!(first_push(&first, rules(&crm)), None);
    let both = first.with(Field::LastName, "Byron");
    assert_eq!(first_push(&both, rules(&crm)), Some(both));
}

#[test]
fn the_same_write_has_the_same_fingerprint_and_another_has_not() {
    let crm = crm(Rule::Ours, Cleared::Follow);
    let of = |id: &str, phone: Option<&str>| {
        let ours = Ours {
            values: values(Field::Phone, phone).with(Field::LastName, "Byron"),
            changed_at: BTreeMap::new(),
        };
        let theirs = Record {
            id: id.parse().unwrap(),
            version: Version::default(),
            values: Values::default().with(Field::Email, "a@x.example"),
        };
        plan(&ours, &theirs, &Link::default(), rules(&crm)).fingerprint()
    };
    let number = Some("+447700900123");
    assert_eq!(of("1", number), of("1", number));
    for other in [
        of("2", number),
        of("1", Some("+447700900124")),
        of("1", None),
    ] {
        assert_ne!(of("1", number), other);
    }
}
