use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::at;
use crate::{
    settings::Texts,
    text::{Keyword, TextConsent, keyword},
};

fn settings() -> Texts {
    Texts {
        opt_out_words: vec!["Basta".to_owned(), "Lass mich in Ruhe".to_owned()],
        opt_in_words: vec!["Weiter".to_owned(), "stop".to_owned()],
        ..Texts::default()
    }
}

#[test]
fn a_message_that_is_an_opt_out_word_is_one() {
    for message in [
        "STOP",
        "stop",
        "Stop.",
        " stop! ",
        "\"STOP\"",
        "S.T.O.P",
        "ＳＴＯＰ",
        "st\u{200b}op",
        "stop\u{fe0f} 🛑",
        "STOPALL",
        "stop all",
        "Unsubscribe",
        "END",
        "Quit",
        "CANCEL",
        "revoke",
        "Opt-Out",
        "opt out",
        "ARRET",
        "Arrêt",
        "arrêter",
        "Don’t text me!",
        "please stop texting me",
        "basta",
        "lass mich  in ruhe!",
    ] {
        assert_eq!(
            keyword(message, &settings()),
            Some(Keyword::OptOut),
            "{message:?}"
        );
    }
}

#[test]
fn an_opt_out_word_within_a_message_is_none() {
    for message in [
        "",
        "   ",
        "🛑",
        "please cancel my appointment",
        "Cancel my appointment",
        "Can we end at 5?",
        "I quit smoking",
        "Is that the bus stop?",
        "stop by tomorrow",
        "STOP it Dave, start without me",
        "end of March",
        "nonstop",
        "basta così grazie",
        &"stop ".repeat(100),
        &"stop".repeat(10_000),
    ] {
        assert_eq!(keyword(message, &settings()), None, "{message:?}");
    }
}

#[test]
fn the_way_back_and_help_are_heard_too() {
    for (message, expected) in [
        ("Start", Some(Keyword::OptIn)),
        ("UNSTOP", Some(Keyword::OptIn)),
        ("weiter", Some(Keyword::OptIn)),
        ("HELP", Some(Keyword::Help)),
        ("info", Some(Keyword::Help)),
        // It confirms an appointment, as a rule.
        ("yes", None),
    ] {
        assert_eq!(keyword(message, &settings()), expected, "{message}");
    }
}

#[test]
fn the_newest_word_counts_and_a_text_takes_back_only_a_text() {
    use Keyword::{Help, OptIn, OptOut};
    let (morning, noon, night) = (
        at("2027-03-22T08:00:00Z"),
        at("2027-03-22T12:00:00Z"),
        at("2027-03-22T20:00:00Z"),
    );
    for (heard, elsewhere, since) in [
        (vec![], None, None),
        (vec![(morning, OptOut)], None, Some(morning)),
        (vec![(morning, OptOut), (noon, OptIn)], None, None),
        (vec![(morning, OptIn), (noon, OptOut)], None, Some(noon)),
        (vec![(noon, OptIn), (noon, OptOut)], None, Some(noon)),
        (vec![(noon, Help)], None, None),
        (vec![(noon, OptIn)], Some(morning), Some(morning)),
        (
            vec![(morning, OptOut), (noon, OptIn)],
            Some(night),
            Some(night),
        ),
    ] {
        let mut consent = TextConsent {
            opted_out_elsewhere: elsewhere,
            ..TextConsent::default()
        };
        for (at, keyword) in &heard {
            consent.heard(*at, *keyword);
        }
        assert_eq!(consent.opted_out_since(), since, "{heard:?} {elsewhere:?}");
    }
}

proptest! {
    #[test]
    fn the_order_in_which_words_become_known_does_not_matter(
        heard in prop::collection::vec((0_i64..5, 0_usize..3), 0..8).prop_shuffle(),
    ) {
        let begin: Timestamp = at("2027-03-22T08:00:00Z");
        let all = |words: &mut dyn Iterator<Item = &(i64, usize)>| {
            let mut consent = TextConsent::default();
            for (hour, which) in words {
                consent.heard(begin.checked_add(hour.hours()).unwrap(), Keyword::ALL[*which]);
            }
            consent
        };
        let mut sorted = heard.clone();
        sorted.sort_unstable();
        let twice: Vec<_> = heard.iter().chain(&heard).copied().collect();
        prop_assert_eq!(all(&mut heard.iter()), all(&mut sorted.iter()));
        prop_assert_eq!(all(&mut heard.iter()), all(&mut twice.iter()));
    }

    #[test]
    fn no_message_makes_it_panic(message in any::<String>()) {
        let _ = keyword(&message, &settings());
    }
}
