use crate::{
    country::Country,
    phone::PhoneError,
    text::{Field, FieldProblem, LONGEST_PREFERENCES},
};

#[test]
fn what_is_typed_is_kept_as_elsewhere_or_refused_with_the_reason() {
    use Field::{Address, Email, Name, Phone, Preferences};
    let long = |characters| "ü".repeat(characters);
    let (fits, too_long) = (long(LONGEST_PREFERENCES), long(LONGEST_PREFERENCES + 1));
    for (field, text, kept) in [
        (Name, " Ada  Lovelace ", Ok("Ada  Lovelace")),
        // A reader would not be believed; a colleague is.
        (
            Name,
            "Patient 7 (ask for the mother)",
            Ok("Patient 7 (ask for the mother)"),
        ),
        (Name, " ", Err(FieldProblem::Empty)),
        (Name, &long(81), Err(FieldProblem::TooLong(80))),
        (Email, "Ada@Example.com", Ok("Ada@Example.com")),
        (Email, "ada", Err(FieldProblem::InvalidEmail)),
        (
            Address,
            "3 Mill Lane\nPlymouth",
            Err(FieldProblem::Unprintable),
        ),
        (Address, &long(201), Err(FieldProblem::TooLong(200))),
        (Phone, "07700 900 123", Ok("+447700900123")),
        // As a phone copies it.
        (Phone, "\u{202a}+1 212 555 0123\u{202c}", Ok("+12125550123")),
        (
            Phone,
            "ring me",
            Err(FieldProblem::InvalidPhone(PhoneError::HasLetters)),
        ),
        (
            Preferences,
            "Call after five; no e-mail.",
            Ok("Call after five; no e-mail."),
        ),
        (Preferences, &fits, Ok(&fits)),
        (Preferences, &too_long, Err(FieldProblem::TooLong(300))),
        (Preferences, "a\u{202e}b", Err(FieldProblem::Unprintable)),
        (Preferences, "a\tb", Err(FieldProblem::Unprintable)),
        (Preferences, "a\u{2028}b", Err(FieldProblem::Unprintable)),
        (Preferences, "a\u{e0062}", Err(FieldProblem::Unprintable)),
        // As a phone writes a heart.
        (Preferences, "Texts \u{2764}\u{fe0f}", Ok("Texts \u{2764}")),
    ] {
        let typed = field.typed(text, Country::GB);
        assert_eq!(
            typed.as_ref().map(|words| words.0.as_str()),
            kept.as_ref().copied(),
            "{field}: {text}"
        );
    }
    for field in [Email, Address, Phone, Preferences] {
        assert_eq!(field.typed("  ", Country::GB), Ok("".into()), "{field}");
    }
}
