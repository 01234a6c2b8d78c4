//! Which words of a caller sound like a complaint or a dispute (MEM-5).
//!
//! A person reads those before any agent hears of them. Holding back what is none costs a look; letting an agent bring
//! up a quarrel costs more. So the words are taken as they come: "no complaints" is held back too.

/// Beginnings of words that sound so by themselves, as British and American people write them.
const BEGINNINGS: &[&str] = &[
    "appal",
    "attorney",
    "barrister",
    "botch",
    "chargeback",
    "compensat",
    "complain",
    "defraud",
    "discriminat",
    "disgrace",
    "disgust",
    "disput",
    "dissatisf",
    "fraud",
    "furious",
    "harass",
    "incompeten",
    "lawsuit",
    "lawyer",
    "litigat",
    "malpractice",
    "misconduct",
    "misdiagnos",
    "negligen",
    "ombuds",
    "outrage",
    "overbill",
    "overcharg",
    "refund",
    "scam",
    "solicitor",
    "suing",
    "unacceptabl",
    "unhapp",
    "unprofessional",
];

/// Words that must stand whole: they begin others that tell nothing.
const WORDS: &[&str] = &["angry", "rude", "rudely", "rudeness", "sued"];

/// Words that sound so only together.
const PHRASES: &[&str] = &[
    "bad review",
    "bad service",
    "better business bureau",
    "bill is wrong",
    "billed twice",
    "billing error",
    "billing issue",
    "charge back",
    "charged twice",
    "charged wrongly",
    "consumer protection",
    "double billed",
    "double charged",
    "general dental council",
    "go to court",
    "going to sue",
    "incorrect invoice",
    "incorrectly billed",
    "incorrectly charged",
    "invoice is incorrect",
    "invoice is wrong",
    "legal action",
    "let down",
    "medical board",
    "money back",
    "negative review",
    "not acceptable",
    "not happy",
    "not satisfied",
    "one star",
    "over charged",
    "poor service",
    "refuses to pay",
    "report you",
    "ripped off",
    "small claims",
    "speak to a manager",
    "speak to the manager",
    "speak with a manager",
    "speak with the manager",
    "sue the",
    "sue them",
    "sue us",
    "sue you",
    "take you to court",
    "talk to a manager",
    "talk to the manager",
    "terrible service",
    "trading standards",
    "will not pay",
    "won t pay",
    "wrong bill",
    "wrong invoice",
    "wrongly billed",
    "wrongly charged",
];

/// Whether a text sounds like a complaint or a dispute.
pub fn is_sensitive(text: &str) -> bool {
    let text = text.to_lowercase();
    let words: Vec<&str> = text
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let alone = words.iter().any(|word| {
        WORDS.contains(word)
            || BEGINNINGS
                .iter()
                .any(|beginning| word.starts_with(beginning))
    });
    let text = format!(" {} ", words.join(" "));
    alone
        || PHRASES
            .iter()
            .any(|phrase| text.contains(&format!(" {phrase} ")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn complaints_and_disputes_are_noticed_in_british_and_american_words() {
        for text in [
            "She wants to make a formal complaint.",
            "Complained about the wait",
            "He disputes the invoice of May",
            "was double-charged for the crown",
            "The patient is not happy with the filling",
            "asked for his money back",
            "Wants a REFUND!",
            "will speak to her solicitor",
            "will speak to her attorney",
            "is appalled by the receptionist",
            "going to Trading Standards",
            "going to the Better Business Bureau",
            "threatens legal action",
            "says she won\u{2019}t pay",
            "the dentist was rude",
            "They will sue the clinic",
            "unacceptable\nservice",
        ] {
            assert!(is_sensitive(text), "{text}");
        }
    }

    #[test]
    fn everyday_matters_are_not() {
        for text in [
            "",
            "bookkeeping",
            "Please park the ramp at the door",
            "Sue Archer called about her appointment",
            "asked whether the crude estimate can be sent by mail",
            "is happy with the new time",
            "asked for an invoice and paid it",
            "wants to change the appointment to Monday",
            "asked who is in charge of the north branch",
        ] {
            assert!(!is_sensitive(text), "{text}");
        }
    }

    #[test]
    fn the_tables_are_in_the_form_that_is_searched() {
        for entry in BEGINNINGS.iter().chain(WORDS).chain(PHRASES) {
            let plain = entry.chars().all(|c| c.is_ascii_lowercase() || c == ' ');
            assert!(plain && is_sensitive(entry), "{entry}");
        }
    }

    proptest! {
        #[test]
        fn what_stands_around_changes_nothing(before in "[a-z ]{0,20}", after in "\\PC{0,40}", place in 0..PHRASES.len()) {
            let phrase = PHRASES[place].to_uppercase();
            let text = format!("{before}. {phrase}, {after}");
            prop_assert!(is_sensitive(&text));
        }
    }
}
