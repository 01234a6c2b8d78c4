//! One field, case by case.

use super::*;

/// Ours, theirs, and what both were when last in step.
struct Field3<'a> {
    field: Field,
    ours: Option<&'a str>,
    theirs: Option<&'a str>,
    synced: Option<(Option<&'a str>, Option<&'a str>)>,
}

pub(super) fn values(field: Field, value: Option<&str>) -> Values {
    let mut values = Values::default();
    values.set(field, value);
    values
}

/// We changed it a minute before the CRM's record was saved.
fn said(case: &Field3, crm: &Crm) -> (Verdict, Why) {
    let ours = Ours {
        values: values(case.field, case.ours),
        changed_at: [(case.field, at(0))].into(),
    };
    let theirs = Record {
        id: "1".parse().unwrap(),
        version: Version {
            modified_at: Some(at(60)),
            modified_by: user("person"),
        },
        values: values(case.field, case.theirs),
    };
    let mut link = Link::default();
    if let Some((ours, theirs)) = case.synced {
        link.synced.insert(case.field, Pair::new(ours, theirs));
    }
    let compared = compare(case.field, &ours, &theirs, &link, rules(crm));
    assert_eq!(compared.field, case.field);
    (compared.verdict, compared.why)
}

#[test]
fn three_values_decide() {
    use Verdict::{AskPerson, Push, Same, TakeTheirs};
    let (a, b, c) = (Some("Ann"), Some("Bea"), Some("Cleo"));
    let step = Some((a, a));
    let table = [
        (a, a, None, (Same, Why::Equal)),
        (a, None, None, (Push, Why::Filled)),
        (None, a, None, (TakeTheirs, Why::Filled)),
        (None, None, step, (Same, Why::Equal)),
        (a, a, step, (Same, Why::Equal)),
        (b, a, step, (Push, Why::WeChanged)),
        (a, b, step, (TakeTheirs, Why::TheyChanged)),
        (b, b, step, (Same, Why::Equal)),
        // In step, though each keeps it in its own form.
        (a, b, Some((a, b)), (Same, Why::Unchanged)),
        (b, c, step, (TakeTheirs, Why::Newer)),
        (a, b, None, (TakeTheirs, Why::Newer)),
        (None, a, step, (AskPerson, Why::Cleared)),
        (a, None, step, (AskPerson, Why::Cleared)),
        (None, b, step, (AskPerson, Why::Cleared)),
    ];
    let crm = crm(Rule::Newest, Cleared::Ask);
    for (ours, theirs, synced, expected) in table {
        let case = Field3 {
            field: Field::FirstName,
            ours,
            theirs,
            synced,
        };
        assert_eq!(
            said(&case, &crm),
            expected,
            "{ours:?} {theirs:?} {synced:?}"
        );
    }
}

#[test]
fn the_rule_of_a_field_decides_when_both_changed() {
    let table = [
        (Rule::Ours, Verdict::Push),
        (Rule::Theirs, Verdict::TakeTheirs),
        (Rule::Ask, Verdict::AskPerson),
        (Rule::Newest, Verdict::TakeTheirs),
    ];
    for (rule, expected) in table {
        let case = Field3 {
            field: Field::Email,
            ours: Some("b@x.example"),
            theirs: Some("c@x.example"),
            synced: Some((Some("a@x.example"), Some("a@x.example"))),
        };
        // The tenant's rule, and a field's own that goes before it.
        let mut settings = crm(rule, Cleared::Ask);
        assert_eq!(said(&case, &settings).0, expected);
        settings.rule = Rule::Ask;
        settings.rules.insert(Field::Email, rule);
        assert_eq!(said(&case, &settings).0, expected);
    }
}

#[test]
fn without_a_time_nobody_is_the_newer() {
    let crm = crm(Rule::Newest, Cleared::Ask);
    let ours = Ours {
        values: Values::default().with(Field::Email, "b@x.example"),
        changed_at: BTreeMap::new(),
    };
    let theirs = Record {
        id: "1".parse().unwrap(),
        version: Version::default(),
        values: Values::default().with(Field::Email, "c@x.example"),
    };
    let compared = compare(Field::Email, &ours, &theirs, &Link::default(), rules(&crm));
    assert_eq!(compared.verdict, Verdict::AskPerson);
}

#[test]
fn what_an_emptied_field_means_is_a_setting() {
    use Verdict::{Push, TakeTheirs};
    let (a, b) = (Some("Ann"), Some("Bea"));
    let table = [
        (Cleared::Follow, None, a, Push),
        (Cleared::Follow, a, None, TakeTheirs),
        (Cleared::Keep, None, a, TakeTheirs),
        (Cleared::Keep, a, None, Push),
        // Emptied on one side and changed on the other.
        (Cleared::Keep, None, b, TakeTheirs),
        (Cleared::Keep, b, None, Push),
        (Cleared::Follow, None, b, TakeTheirs),
    ];
    for (cleared, ours, theirs, expected) in table {
        let case = Field3 {
            field: Field::FirstName,
            ours,
            theirs,
            synced: Some((a, a)),
        };
        let crm = crm(Rule::Theirs, cleared);
        assert_eq!(
            said(&case, &crm).0,
            expected,
            "{cleared} {ours:?} {theirs:?}"
        );
    }
}

#[test]
fn a_last_name_is_never_emptied() {
    let a = Some("Ann");
    for (ours, theirs, expected) in [(None, a, Verdict::TakeTheirs), (a, None, Verdict::Push)] {
        let case = Field3 {
            field: Field::LastName,
            ours,
            theirs,
            synced: Some((a, a)),
        };
        let crm = crm(Rule::Newest, Cleared::Follow);
        assert_eq!(said(&case, &crm), (expected, Why::Needed));
    }
}

#[test]
fn numbers_are_compared_by_what_they_dial() {
    let e164 = Some("+447700900123");
    let crm = crm(Rule::Newest, Cleared::Ask);
    let case = |theirs| Field3 {
        field: Field::Phone,
        ours: e164,
        theirs: Some(theirs),
        synced: Some((e164, e164)),
    };
    for form in ["07700 900123", "+44 (0)7700 900-123", "0044 7700 900123"] {
        assert_eq!(said(&case(form), &crm).0, Verdict::Same, "{form}");
    }
    assert_eq!(said(&case("07700 900124"), &crm).0, Verdict::TakeTheirs);
    assert_eq!(
        said(&case("ring the bell"), &crm),
        (Verdict::AskPerson, Why::NotANumber)
    );
}

#[test]
fn a_number_is_not_filled_in_where_it_stands_in_another_field() {
    let crm = crm(Rule::Newest, Cleared::Ask);
    let number = "+447700900123";
    let record = |values| Record {
        id: "1".parse().unwrap(),
        version: Version::default(),
        values,
    };
    let ours = Ours {
        values: Values::default().with(Field::Phone, number),
        changed_at: BTreeMap::new(),
    };
    let theirs = record(Values::default().with(Field::Mobile, "07700 900123"));
    let plan = plan(&ours, &theirs, &Link::default(), rules(&crm));
    assert!(plan.is_in_step(), "{plan:?}");
}

#[test]
fn a_wish_not_to_be_called_wins_and_only_a_person_lifts_it() {
    use Verdict::{AskPerson, Push, TakeTheirs};
    let yes = Some("true");
    let crm = crm(Rule::Ours, Cleared::Follow);
    let table = [
        (None, yes, None, TakeTheirs),
        (yes, None, None, Push),
        (None, yes, Some((None, None)), TakeTheirs),
        (yes, None, Some((None, None)), Push),
        // Lifted at the CRM, and lifted here.
        (yes, None, Some((yes, yes)), AskPerson),
        (None, yes, Some((yes, yes)), Push),
    ];
    for (ours, theirs, synced, expected) in table {
        let case = Field3 {
            field: Field::DoNotCall,
            ours,
            theirs,
            synced,
        };
        assert_eq!(
            said(&case, &crm).0,
            expected,
            "{ours:?} {theirs:?} {synced:?}"
        );
    }
}
