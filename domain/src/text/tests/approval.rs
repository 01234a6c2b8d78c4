use super::at;
use crate::{
    country::Country,
    text::{Approval, ApprovalStep, ContactNow, Field, Superseded, Verdict, approval_step},
};

const ASKED: &str = "2027-03-22T09:00:00Z";

fn contact(email: &str) -> ContactNow<'_> {
    ContactNow {
        country: Country::GB,
        name: "Ada Lovelace",
        email,
        address: "",
        preferences: "",
        phones: &[],
        asked: &[],
        rejected: &[],
    }
}

fn approval(verdict: Option<Verdict>) -> Approval {
    Approval {
        field: Field::Email,
        shown: "ada@old.example".into(),
        proposed: "ada@new.example".into(),
        asked_at: at(ASKED),
        verdict,
        has_newer: false,
        settled: false,
    }
}

#[test]
fn an_answer_counts_only_for_what_was_shown() {
    use Superseded::{AlreadyThere, FieldChanged};
    use Verdict::{Approve, Reject};
    let apply = ApprovalStep::Apply {
        field: Field::Email,
        value: "ada@new.example".into(),
    };
    for (verdict, email, step) in [
        (Some(Approve), "ada@old.example", apply.clone()),
        (Some(Approve), "ADA@old.example", apply),
        (
            Some(Approve),
            "ada@third.example",
            ApprovalStep::Close(FieldChanged),
        ),
        (Some(Approve), "", ApprovalStep::Close(FieldChanged)),
        (
            Some(Approve),
            "Ada@New.example",
            ApprovalStep::Close(AlreadyThere),
        ),
        (Some(Reject), "ada@old.example", ApprovalStep::Reject),
        (Some(Reject), "ada@third.example", ApprovalStep::Reject),
        (None, "ada@third.example", ApprovalStep::Close(FieldChanged)),
        (None, "ada@new.example", ApprovalStep::Close(AlreadyThere)),
    ] {
        let found = approval_step(at(ASKED), &approval(verdict), &contact(email), 30);
        assert_eq!(found, step, "{verdict:?} {email}");
    }
}

#[test]
fn a_question_waits_for_its_time_and_gives_way_to_a_newer_one() {
    let contact = contact("ada@old.example");
    let step = |now: &str, days| approval_step(at(now), &approval(None), &contact, days);
    let expires = at("2027-04-21T09:00:00Z");
    assert_eq!(
        step(ASKED, 30),
        ApprovalStep::Wait {
            until: Some(expires)
        }
    );
    assert_eq!(
        step("2027-04-21T09:00:00Z", 30),
        ApprovalStep::Close(Superseded::Expired)
    );
    assert_eq!(
        step("2037-04-21T09:00:00Z", 0),
        ApprovalStep::Wait { until: None }
    );
    let newer = Approval {
        has_newer: true,
        ..approval(None)
    };
    assert_eq!(
        approval_step(at(ASKED), &newer, &contact, 30),
        ApprovalStep::Close(Superseded::NewerProposal)
    );
    // Whoever approved saw both.
    let approved = Approval {
        has_newer: true,
        ..approval(Some(Verdict::Approve))
    };
    assert!(matches!(
        approval_step(at(ASKED), &approved, &contact, 30),
        ApprovalStep::Apply { .. }
    ));
}

#[test]
fn what_is_settled_stays_so() {
    for verdict in [None, Some(Verdict::Approve), Some(Verdict::Reject)] {
        let settled = Approval {
            settled: true,
            ..approval(verdict)
        };
        let step = approval_step(at(ASKED), &settled, &contact("x@y.example"), 30);
        assert_eq!(step, ApprovalStep::Done);
    }
}

#[test]
fn a_preference_is_added_to_what_stands_there_by_now_or_waits_for_room() {
    let field = Field::Preferences;
    let wish = "please call after five";
    let full = "x".repeat(276);
    let over = "x".repeat(277);
    let added = format!("{full}. Please call after five");
    let apply = |value: &str| ApprovalStep::Apply {
        field,
        value: value.into(),
    };
    for (preferences, step) in [
        ("", apply(wish)),
        // Whatever was shown.
        ("Rings twice", apply("Rings twice. Please call after five")),
        (
            "Rings twice!\n",
            apply("Rings twice! Please call after five"),
        ),
        (&full, apply(&added)),
        (&over, ApprovalStep::NoRoom { field }),
        (
            "Rings twice. Please call after FIVE.",
            ApprovalStep::Close(Superseded::AlreadyThere),
        ),
    ] {
        let contact = ContactNow {
            preferences,
            ..contact("")
        };
        let mut asked = Approval {
            field,
            shown: "Something else".into(),
            proposed: wish.into(),
            ..approval(Some(Verdict::Approve))
        };
        let now = at("2027-03-23T09:00:00Z");
        assert_eq!(
            approval_step(now, &asked, &contact, 30),
            step,
            "{preferences}"
        );
        // Another wish, or another remark, is no reason to forget this one.
        asked.verdict = None;
        asked.has_newer = true;
        let waits = matches!(
            approval_step(now, &asked, &contact, 30),
            ApprovalStep::Wait { .. }
        );
        let is_there = step == ApprovalStep::Close(Superseded::AlreadyThere);
        assert_eq!(waits, !is_there, "{preferences}");
    }
    assert_eq!(added.chars().count(), 300);
}
