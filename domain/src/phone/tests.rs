use proptest::prelude::*;

use super::*;

fn country(code: &str) -> Country {
    code.parse().unwrap()
}

fn e164(raw: &str, code: &str) -> Result<String, PhoneError> {
    parse(raw, country(code)).map(|parsed| parsed.number.e164().to_owned())
}

fn warning(raw: &str, code: &str) -> Option<NumberWarning> {
    parse(raw, country(code)).unwrap().warning
}

#[test]
fn every_usual_form_of_a_british_mobile_is_one_number() {
    for raw in [
        "07700 900123",
        "07700900123",
        "7700900123",
        "(07700) 900123",
        "07700-900-123",
        "07700.900.123",
        "+44 (0)7700 900-123",
        "+44 7700 900123",
        "+4407700900123",
        "00447700900123",
        "00 44 7700 900 123",
        "447700900123",
        "44 7700 900123",
        "tel:+44-7700-900123",
        "TEL:+447700900123",
        "tel:07700900123;phone-context=+44",
        "０７７００ ９００１２３",
        "+４４７７００９００１２３",
        "\u{a0}07700\u{a0}900123\u{2009}",
        "  07700 900123\t",
        "\u{202d}+44 7700 900123\u{202c}",
        "\u{feff}07700 900123",
        "07700\u{2011}900\u{2013}123",
        "'07700900123",
        "=\"07700900123\"",
    ] {
        assert_eq!(e164(raw, "GB").as_deref(), Ok("+447700900123"), "{raw:?}");
    }
}

#[test]
fn national_forms_are_read_by_country() {
    for (raw, code, expected) in [
        ("(212) 555-0123", "US", "+12125550123"),
        ("1-212-555-0123", "US", "+12125550123"),
        ("+1 212.555.0123", "GB", "+12125550123"),
        ("011 44 7700 900123", "US", "+447700900123"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "GB", "+33612345678"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("+39 06 1234 5678", "GB", "+390612345678"),
        ("030/123456", "DE", "+4930123456"),
        ("0400 123 456", "AU", "+61400123456"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("0161 496 0123", "GB", "+441614960123"),
        ("01632 960123", "GB", "+441632960123"),
        ("016977 2001", "GB", "+44169772001"),
        ("0800 1111", "GB", "+448001111"),
    ] {
        assert_eq!(e164(raw, code).as_deref(), Ok(expected), "{raw} in {code}");
    }
}

#[test]
fn a_possible_number_outside_the_known_ranges_goes_in_with_a_warning() {
    assert_eq!(
        warning("07700 900123", "GB"),
        Some(NumberWarning::OutsideKnownRanges)
    );
    assert_eq!(warning("020 7946 0018", "GB"), None);
    assert_eq!(warning("(212) 555-0123", "US"), None);
}

#[test]
fn a_costly_number_goes_in_with_a_warning() {
    assert_eq!(
        warning("0909 879 0000", "GB"),
        Some(NumberWarning::PremiumRate)
    );
    assert_eq!(
        warning("(900) 555-0123", "US"),
        Some(NumberWarning::PremiumRate)
    );
}

#[test]
fn what_cannot_be_dialed_is_refused_with_its_reason() {
    let gb = Place::Country(Country::GB);
    for (raw, expected) in [
        ("", PhoneError::Empty),
        (" \u{a0}\t", PhoneError::Empty),
        ("020 7946 0018 x12", PhoneError::HasExtension),
        ("+447700900123 ext. 5", PhoneError::HasExtension),
        ("020 7946 0018 extension 12", PhoneError::HasExtension),
        ("020 7946 0018 #12", PhoneError::HasExtension),
        ("tel:+442079460018;ext=12", PhoneError::HasExtension),
        ("0800 FLOWERS", PhoneError::HasLetters),
        ("07700 900123 (mum)", PhoneError::HasLetters),
        ("07700 900xxx", PhoneError::HasLetters),
        ("n/a", PhoneError::HasLetters),
        ("ask at desk", PhoneError::HasLetters),
        ("999", PhoneError::ShortNumber),
        ("112", PhoneError::ShortNumber),
        ("911", PhoneError::ShortNumber),
        ("111", PhoneError::ShortNumber),
        ("118 118", PhoneError::ShortNumber),
        ("116123", PhoneError::ShortNumber),
        ("+44 999", PhoneError::ShortNumber),
        ("7946 0018", PhoneError::MissingAreaCode),
        ("07700 900", PhoneError::ImpossibleLength(gb)),
        ("07700 90012", PhoneError::ImpossibleLength(gb)),
        ("020 7946 001", PhoneError::ImpossibleLength(gb)),
        ("020 7946 00189", PhoneError::TooLong(gb)),
        (
            "+1 212 555 01234",
            PhoneError::TooLong(Place::CallingCode(1)),
        ),
        ("+999 123 456 789", PhoneError::UnknownCallingCode),
        ("07700 900123 / 020 7946 0018", PhoneError::SeveralNumbers),
        ("07700900123, 07700900456", PhoneError::SeveralNumbers),
        ("07700900123;07700900456", PhoneError::SeveralNumbers),
        ("07700900123 07700900456", PhoneError::SeveralNumbers),
        ("4.477E+11", PhoneError::SpreadsheetDamage),
        ("4,477E+11", PhoneError::SpreadsheetDamage),
        ("447700900123.0", PhoneError::SpreadsheetDamage),
        ("4477E8", PhoneError::SpreadsheetDamage),
        ("*31#07700900123", PhoneError::NotANumber),
        ("-", PhoneError::NotANumber),
        ("????", PhoneError::NotANumber),
    ] {
        assert_eq!(e164(raw, "GB"), Err(expected), "{raw:?}");
    }
    assert_eq!(e164("555-0123", "US"), Err(PhoneError::MissingAreaCode));
    assert_eq!(e164("911", "US"), Err(PhoneError::ShortNumber));
    assert_eq!(e164("110", "DE"), Err(PhoneError::ShortNumber));
    assert_eq!(e164("116 117", "DE"), Err(PhoneError::ShortNumber));
    assert_eq!(e164(&"7".repeat(65), "GB"), Err(PhoneError::TooLongText));
}

#[test]
fn a_small_island_has_short_numbers() {
    assert_eq!(e164("4002", "NU").as_deref(), Ok("+6834002"));
    assert_eq!(e164("22158", "SH").as_deref(), Ok("+29022158"));
}

#[test]
fn a_number_prints_masked() {
    let number = parse("07700 900123", Country::GB).unwrap().number;
    assert_eq!(number.to_string(), "+4*******0123");
    assert_eq!(format!("{number:?}"), "+4*******0123");
    assert_eq!(number.e164(), "+447700900123");
}

#[test]
fn a_number_is_written_for_people_as_their_country_writes_it() {
    let london = PhoneNumber::from_e164("+442079460018").unwrap();
    assert_eq!(london.for_people(Country::GB), "020 7946 0018");
    assert_eq!(london.for_people(Country::US), "+44 20 7946 0018");
}

#[test]
fn an_error_never_holds_the_number() {
    let error = parse("07700 900123 (Ada)", Country::GB).unwrap_err();
    assert!(!error.to_string().contains("900") && !error.to_string().contains("Ada"));
}

#[test]
fn only_e164_comes_back_from_storage() {
    assert!(PhoneNumber::from_e164("+447700900123").is_ok());
    for text in [
        "",
        "+",
        "447700900123",
        "+0447700900",
        "+44 7700 900123",
        "+4477009001234567",
        "+44770é0123",
    ] {
        assert!(PhoneNumber::from_e164(text).is_err(), "{text}");
    }
}

#[test]
fn serde_writes_the_real_number_only_where_asked() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Request {
        #[serde(with = "e164")]
        to: PhoneNumber,
    }
    let json = r#"{"to":"+447700900123"}"#;
    let request: Request = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&request).unwrap(), json);
    assert!(serde_json::from_str::<Request>(r#"{"to":"07700900123"}"#).is_err());
}

fn some_country() -> impl Strategy<Value = Country> {
    prop::sample::select(vec![
        "GB", "US", "CA", "FR", "DE", "IT", "IE", "AU", "NZ", "JP", "BR", "AR", "MX", "SM", "CH",
    ])
    .prop_map(country)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_text_makes_it_panic(raw in any::<String>(), country in some_country()) {
        let _ = parse(&raw, country);
    }

    #[test]
    fn text_like_a_number_never_panics_and_gives_e164(
        raw in "[+＋]{0,2}[0-9０-９٠-٩ ()./x#*;:=,\u{a0}\u{202d}-]{0,30}(ext|tel:|;phone-context=\\+?[0-9a-z.]{0,5})?[0-9]{0,6}",
        country in some_country(),
    ) {
        if let Ok(parsed) = parse(&raw, country) {
            prop_assert_eq!(PhoneNumber::from_e164(parsed.number.e164()), Ok(parsed.number));
        }
    }

    #[test]
    fn reading_its_own_result_changes_nothing(raw in "[+]?[0-9]{7,13}", country in some_country()) {
        if let Ok(first) = parse(&raw, country) {
            prop_assert_eq!(parse(first.number.e164(), country), Ok(first));
        }
    }

    #[test]
    fn spacing_does_not_matter(number in 0u32..1000, gap in "[ .\u{a0}-]") {
        let raw = format!("07700{gap}900{gap}{number:03}");
        prop_assert_eq!(e164(&raw, "GB"), Ok(format!("+447700900{number:03}")));
    }
}
