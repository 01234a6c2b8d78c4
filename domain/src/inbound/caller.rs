//! Who is calling, as far as a number tells.

use crate::{
    country::Country,
    phone::{self, PhoneNumber},
    settings::Inbound,
};

/// What came in as the caller's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerNumber {
    Given(PhoneNumber),
    /// Suppressed, or nothing that could be called back.
    Withheld,
}

coded_enum! {
    /// What the number says about the person who calls.
    Caller {
        /// One contact has the number.
        Known = "known",
        Unknown = "unknown",
        Withheld = "withheld",
        /// Several contacts have it, or the tenant says that several people call from it: nobody is greeted by name.
        Shared = "shared",
    }
}

/// Telephone networks write `ANONYMOUS`, `RESTRICTED`, `BLOCKED`, `UNKNOWN` and `UNAVAILABLE` on a keypad, some with a
/// country code before it. The third and the last could be somebody's number otherwise.
const KEYPAD_WORDS: &[&str] = &[
    "+266696687",
    "+7378742833",
    "+17378742833",
    "+2562533",
    "+8656696",
    "+86282452253",
];

/// Reads the caller's number: E.164, as people of `country` write it, or a SIP or `tel:` address.
///
/// Words such as `anonymous` need no list: what holds letters is no number.
pub fn caller_number(text: Option<&str>, country: Country) -> CallerNumber {
    let read = || {
        let text = number_part(text?)?;
        if KEYPAD_WORDS.contains(&text.as_str()) {
            return None;
        }
        phone::parse(&text, country).ok()
    };
    read().map_or(CallerNumber::Withheld, |parsed| {
        CallerNumber::Given(parsed.number)
    })
}

/// Known, or why nobody may be taken for somebody. `contacts`: how many of the tenant's contacts have the number.
pub fn recognise(number: &CallerNumber, contacts: usize, inbound: &Inbound) -> Caller {
    match (number, contacts) {
        (CallerNumber::Withheld, _) => Caller::Withheld,
        (CallerNumber::Given(number), _) if inbound.is_shared(number) => Caller::Shared,
        (_, 0) => Caller::Unknown,
        (_, 1) => Caller::Known,
        _ => Caller::Shared,
    }
}

/// What stands for the number in `"Ada" <sip:+447700900123;phone-context=x@host>`; any other text is the number itself.
fn number_part(text: &str) -> Option<String> {
    let inside = text
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or(text, |(inside, _)| inside)
        .trim();
    let address = match inside.split_once(':') {
        Some((scheme, rest)) if is_sip(scheme) => Some(rest),
        _ => None,
    };
    let user = match (address.unwrap_or(inside).split_once('@'), address) {
        (Some((user, _)), _) => user.split([';', ':']).next()?,
        // Only a host: its digits are no number.
        (None, Some(_)) => return None,
        (None, None) => inside,
    };
    Some(user.replace("%2B", "+").replace("%2b", "+"))
}

fn is_sip(scheme: &str) -> bool {
    ["sip", "sips"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, country: &str) -> Option<String> {
        match caller_number(Some(text), country.parse().unwrap()) {
            CallerNumber::Given(number) => Some(number.e164().to_owned()),
            CallerNumber::Withheld => None,
        }
    }

    #[test]
    fn numbers_are_read_as_the_country_writes_them() {
        for (text, country, number) in [
            ("+447700900123", "GB", "+447700900123"),
            ("+447700900123", "US", "+447700900123"),
            (" +44 7700 900123 ", "US", "+447700900123"),
            ("07700 900123", "GB", "+447700900123"),
            ("00447700900123", "GB", "+447700900123"),
            ("(212) 555-0123", "US", "+12125550123"),
            ("12125550123", "US", "+12125550123"),
            ("7378742834", "US", "+17378742834"),
            ("tel:+447700900123", "GB", "+447700900123"),
            ("<tel:+447700900123>", "GB", "+447700900123"),
        ] {
            assert_eq!(read(text, country).as_deref(), Some(number), "{text}");
        }
    }

    #[test]
    fn a_sip_address_gives_its_number() {
        for text in [
            "sip:+447700900123@host",
            "SIPS:+447700900123@host.example:5061;transport=tls",
            "sip:07700900123@10.0.0.1",
            "sip:%2B447700900123@host",
            "sip:+447700900123;phone-context=+44@host",
            "sip:+447700900123:secret@host",
            "\"Ada Lovelace\" <sip:+447700900123@host;user=phone>;tag=1",
            "+447700900123@host",
        ] {
            assert_eq!(read(text, "GB").as_deref(), Some("+447700900123"), "{text}");
        }
    }

    #[test]
    fn a_withheld_number_is_nobodys() {
        assert_eq!(caller_number(None, Country::GB), CallerNumber::Withheld);
        for text in [
            "",
            "  ",
            "anonymous",
            "Anonymous",
            "unknown",
            "RESTRICTED",
            "private",
            "Private Number",
            "unavailable",
            "blocked",
            "withheld",
            "null",
            "+266696687",
            "sip:+266696687@host",
            "+7378742833",
            "+17378742833",
            "+2562533",
            "+8656696",
            "+86282452253",
            "sip:anonymous@anonymous.invalid",
            "sip:host.example",
            "sip:192.168.1.10",
            "sip:1001@192.168.1.10",
            "sip:@host",
            "sip:",
            "<>",
            "@",
            "999",
            "1001",
            "0",
            "+44",
            "07700 900",
            "+4477009001234567",
            "1-800-FLOWERS",
            "07700 900123 ext 4",
            "07700 900123, 07700 900124",
        ] {
            for country in ["GB", "US"] {
                assert_eq!(read(text, country), None, "{text:?}");
            }
        }
    }

    fn given(number: &str) -> CallerNumber {
        CallerNumber::Given(PhoneNumber::from_e164(number).unwrap())
    }

    fn recognised(number: &CallerNumber, contacts: usize) -> Caller {
        let inbound = Inbound {
            shared_numbers: vec!["+442079460018".to_owned()],
            ..Inbound::default()
        };
        recognise(number, contacts, &inbound)
    }

    #[test]
    fn one_contact_with_the_number_is_known_and_none_unknown() {
        assert_eq!(recognised(&given("+447700900123"), 1), Caller::Known);
        assert_eq!(recognised(&given("+447700900123"), 0), Caller::Unknown);
    }

    #[test]
    fn nobody_is_taken_for_the_caller_when_two_contacts_have_one_number() {
        assert_eq!(recognised(&given("+447700900123"), 2), Caller::Shared);
        assert_eq!(recognised(&given("+447700900123"), 30), Caller::Shared);
    }

    #[test]
    fn nobody_is_taken_for_the_caller_on_a_shared_number() {
        for contacts in 0..3 {
            assert_eq!(
                recognised(&given("+442079460018"), contacts),
                Caller::Shared
            );
        }
    }

    #[test]
    fn a_withheld_number_belongs_to_no_contact() {
        for contacts in 0..3 {
            assert_eq!(
                recognised(&CallerNumber::Withheld, contacts),
                Caller::Withheld
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_it_reads_is_e164(text in any::<String>(), address in "(sips?:)?[<>@:;+%0-9a-z.]{0,40}") {
            for text in [text, address] {
                if let CallerNumber::Given(number) = caller_number(Some(&text), Country::GB) {
                    prop_assert!(PhoneNumber::from_e164(number.e164()).is_ok());
                }
            }
        }
    }
}
