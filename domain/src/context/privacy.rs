//! Health mode: what must not be said aloud to whoever picks up the phone.
//!
//! The lists err on the side of silence. A harmless sentence that is left out costs a person a detail they can look up;
//! a diagnosis read to a flatmate cannot be taken back.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Words that hint at somebody's health, insurance or identity.
///
/// Each entry is one or several words in a row. A word matches its plural too, and with `*` everything that starts
/// with it. Compared without case, accents, invisible characters and punctuation, so `X-Ray`, `x ray` and `ＸＲＡＹ` are alike.
const MEDICAL_WORDS: &[&str] = &[
    // Named by the source document.
    "diagnos*",
    "condition",
    "medicat*",
    "treatment",
    "treat",
    "treated",
    "treating",
    "insurance",
    "ssn",
    "dob",
    "medical record",
    "medical*",
    "prescri*",
    "surger*",
    "surgical*",
    "surgeon",
    "procedure",
    "test result",
    "lab result",
    "x ray",
    "xray",
    "medicaid",
    "medicare",
    "social security",
    // Results, records and identity.
    "result",
    "testresult",
    "labresult",
    "lab",
    "laborator*",
    "patholog*",
    "patient record",
    "health record",
    "nhs number",
    "nhs no",
    "national insurance",
    "ni number",
    "date of birth",
    "birth date",
    "birthdate",
    "born",
    "policy number",
    "member id",
    "insured",
    "insurer",
    // What is done.
    "medicine",
    "drug",
    "dose",
    "dosage",
    "tablet",
    "pill",
    "inject*",
    "infusion",
    "insulin",
    "antibiotic",
    "vaccin*",
    "immunis*",
    "immuniz*",
    "anaesth*",
    "anesth*",
    "sedat*",
    "biops*",
    "scan",
    "mri",
    "ct",
    "ultrasound",
    "ecg",
    "ekg",
    "eeg",
    "blood",
    "urine",
    "stool",
    "swab",
    "specimen",
    "smear",
    "mammogra*",
    "colonoscop*",
    "endoscop*",
    "catheter*",
    "dialys*",
    "transfus*",
    "chemo*",
    "radiother*",
    "radiolog*",
    "physiother*",
    "psychother*",
    "therap*",
    "counsel*",
    "rehab*",
    "detox*",
    "operation",
    "screening",
    "root canal",
    "implant",
    "extraction",
    // What somebody has.
    "cancer*",
    "tumor*",
    "tumour*",
    "oncolog*",
    "diabet*",
    "hiv",
    "aids",
    "hepatitis",
    "std",
    "sti",
    "sexual*",
    "pregnan*",
    "fertil*",
    "infertil*",
    "abortion",
    "miscarr*",
    "antenatal",
    "prenatal",
    "contracep*",
    "depress*",
    "anxiety",
    "bipolar",
    "schizo*",
    "psych*",
    "addict*",
    "alcohol*",
    "dementia",
    "alzheimer*",
    "epilep*",
    "asthma*",
    "cardi*",
    "stroke",
    "infect*",
    "disease",
    "disorder",
    "illness",
    "symptom",
    "syndrome",
    "allerg*",
    "dermatolog*",
    "gynaecolog*",
    "gynecolog*",
    "urolog*",
    "neurolog*",
    "orthop*",
    "haematolog*",
    "hematolog*",
    "gastroenterolog*",
    "paediatric*",
    "pediatric*",
];

const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// The first words of the text that health mode forbids, as they are compared.
pub fn medical_word(text: &str) -> Option<String> {
    let words = words(text);
    (0..words.len()).find_map(|at| {
        let here = words.get(at..)?;
        let entry = MEDICAL_WORDS
            .iter()
            .find(|entry| starts_with(here, entry))?;
        let length = entry.split(' ').count();
        Some(here.get(..length)?.join(" "))
    })
}

/// The text without what identifies a person; `None` when it holds a medical word and must not be said at all.
pub fn discreet(text: &str) -> Option<String> {
    if medical_word(text).is_some() {
        return None;
    }
    Some(without_identifiers(text))
}

/// The text without what identifies a person: dates with a year, phone, social-security and NHS numbers, mail addresses.
pub(crate) fn without_identifiers(text: &str) -> String {
    let text = composed(text);
    let mut kept = text
        .split_whitespace()
        .filter(|word| !word.contains('@'))
        .collect::<Vec<_>>()
        .join(" ");
    // What stood on both sides of something removed may be a number or a date together.
    loop {
        // Numbers first: the head of a number behind a word like "may" would go as a date and leave the rest.
        let next = tidy(&without_written_dates(&without_numbers(&kept)));
        if next == kept {
            return kept;
        }
        kept = next;
    }
}

/// Whether anything is taken from the text by [`without_identifiers`].
pub(crate) fn holds_identifier(text: &str) -> bool {
    let mut whole = composed(text);
    loop {
        let next = tidy(&whole);
        if next == whole {
            return without_identifiers(text) != whole;
        }
        whole = next;
    }
}

fn composed(text: &str) -> String {
    text.nfkc().filter(|c| !is_invisible(*c)).collect()
}

fn starts_with(words: &[String], entry: &str) -> bool {
    let mut words = words.iter();
    entry
        .split(' ')
        .all(|part| words.next().is_some_and(|word| word_matches(word, part)))
}

pub(crate) fn word_matches(word: &str, entry: &str) -> bool {
    match entry.strip_suffix('*') {
        Some(stem) => word.starts_with(stem),
        None => word
            .strip_prefix(entry)
            .is_some_and(|rest| matches!(rest, "" | "s" | "es")),
    }
}

/// The words of a text in the form in which they are compared; `D.O.B.` is one word.
pub(crate) fn words(text: &str) -> Vec<String> {
    let plain: String = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c) && !is_invisible(*c) && !matches!(c, '\'' | '’'))
        .flat_map(char::to_lowercase)
        .collect();
    let mut words: Vec<String> = Vec::new();
    let mut in_letters = false;
    for word in plain
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        let is_letter = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
        match words.last_mut() {
            Some(spelled) if is_letter && in_letters => spelled.push_str(word),
            _ => words.push(word.to_owned()),
        }
        in_letters = is_letter;
    }
    words
}

/// Drops `4 March 1985`, `March 4th, 1985` and `Mar 1985`.
fn without_written_dates(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let mut kept: Vec<&str> = Vec::with_capacity(words.len());
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let after = |step: usize| words.get(at + step).copied().unwrap_or_default();
        let length = match (is_day(word), is_month(word)) {
            (true, _) if is_month(after(1)) && is_year(after(2)) => 3,
            (true, _) if bare(after(1)) == "of" && is_month(after(2)) && is_year(after(3)) => 4,
            (_, true) if is_day(after(1)) && is_year(after(2)) => 3,
            (_, true) if is_year(after(1)) => 2,
            _ => 0,
        };
        if length == 0 {
            kept.push(word);
        }
        at += length.max(1);
    }
    kept.join(" ")
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase()
}

fn is_month(word: &str) -> bool {
    let word = bare(word);
    MONTHS.iter().any(|month| word.starts_with(month))
        && word.chars().all(char::is_alphabetic)
        && word.len() <= 9
}

fn is_day(word: &str) -> bool {
    let word = bare(word);
    let digits = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|end| word.strip_suffix(end))
        .unwrap_or(&word);
    matches!(digits.len(), 1 | 2) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_year(word: &str) -> bool {
    let word = bare(word);
    word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Drops every run of digits, with the signs people put between them, that is a date or as long as an identifier.
fn without_numbers(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = characters.get(at) {
        if !c.is_numeric() && !matches!(c, '+' | '(') {
            kept.push(*c);
            at += 1;
            continue;
        }
        let length = run_length(characters.get(at..).unwrap_or_default());
        let run: String = characters.iter().skip(at).take(length.max(1)).collect();
        if !identifies(&run) {
            kept.push_str(&run);
        }
        at += length.max(1);
    }
    kept
}

/// How many characters from the start belong to one number; it ends with a digit.
fn run_length(characters: &[char]) -> usize {
    characters
        .iter()
        .take_while(|c| c.is_numeric() || is_between_digits(**c))
        .collect::<Vec<_>>()
        .iter()
        .rposition(|c| c.is_numeric())
        .map_or(0, |last_digit| last_digit + 1)
}

fn is_between_digits(c: char) -> bool {
    matches!(
        c,
        ' ' | '-' | '.' | '/' | '(' | ')' | '+' | '\u{2010}'..='\u{2015}' | '\u{2212}'
    )
}

/// Seven digits and more (numbers of phones, the NHS, social security), or `4/3/85`.
fn identifies(run: &str) -> bool {
    let digits = run.chars().filter(|c| c.is_numeric()).count();
    let parts: Vec<usize> = run
        .split(['/', '-', '.'])
        .map(|part| part.trim().chars().count())
        .collect();
    let is_date = matches!(parts[..], [1..=2, 1..=2, 2 | 4] | [4, 1..=2, 1..=2]);
    digits >= 7 || is_date
}

/// Without the gaps and orphaned signs that a removal leaves.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if word.chars().all(|c| matches!(c, '(' | ')' | '/')) {
            continue;
        }
        let is_sign = word
            .chars()
            .all(|c| matches!(c, '.' | ',' | ';' | ':' | '!' | '?'));
        match tidy.chars().next_back() {
            Some(last) if is_sign && !last.is_alphanumeric() => continue,
            Some(_) if !is_sign => tidy.push(' '),
            _ => {}
        }
        tidy.push_str(word);
    }
    tidy.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-'))
        .to_owned()
}

/// What a person who reads a text does not see, and a model may: Unicode's `Default_Ignorable_Code_Point`, with the marks
/// of direction and of notes between lines.
pub fn is_invisible(c: char) -> bool {
    is_variation_selector(c)
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The text without what phones write after an ordinary emoji or letter to say how it is drawn.
pub(crate) fn without_variation_selectors(text: &str) -> String {
    text.replace(is_variation_selector, "")
}

fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn medical_words_are_found_in_every_form() {
        for text in [
            "Bring your medication",
            "about your TREATMENTS",
            "your diagnosis",
            "diagnoses",
            "the X-ray",
            "the x ray",
            "the XRAYS",
            "X‑Rays please",
            "your test results",
            "Test-Results",
            "lab\nresults",
            "prescriptions are ready",
            "prescribed",
            "your insurance card",
            "D.O.B. needed",
            "d o b",
            "S.S.N.",
            "M.R.I. at 9",
            "date  of   birth",
            "Social Security",
            "ｐｒｅｓｃｒｉｐｔｉｏｎ",
            "pre\u{ad}scription",
            "diag\u{200b}nosis",
            "diágnosis",
            "patient's condition",
            "pre-surgery",
            "oncology ward",
        ] {
            assert!(medical_word(text).is_some(), "{text}");
        }
    }

    #[test]
    fn ordinary_words_are_left_alone() {
        for text in [
            "Please arrive 10 minutes early",
            "Bring your glasses and a form of ID",
            "Park behind the building, entrance B",
            "We are on the second floor",
            "Please wear a mask",
            "Ring the bell twice",
            "air-conditioned waiting room",
            "Bring a retreat of x and rayon",
            "",
        ] {
            assert_eq!(medical_word(text), None, "{text}");
        }
    }

    #[test]
    fn what_identifies_a_person_is_removed() {
        for (text, kept) in [
            ("Born 04/03/1985, bring ID", "Born, bring ID"),
            ("He is 4/3/85 and late", "He is and late"),
            ("Checked 1985-03-04.", "Checked."),
            ("Known since 4 March 1985 here", "Known since here"),
            ("Known since March 4th, 1985", "Known since"),
            ("on the 4th of March 1985", "on the"),
            ("SSN 123-45-6789 on file", "SSN on file"),
            ("123 45 6789", ""),
            ("NHS 943 476 5919 ok", "NHS ok"),
            ("Call 07700 900123 first", "Call first"),
            ("Call +44 (0)7700 900-123 first", "Call first"),
            ("Call (212) 555-0123 first", "Call first"),
            ("Call 212.555.0123!", "Call!"),
            ("Call ０７７００９００１２３", "Call"),
            ("Call ٠٧٧٠٠٩٠٠١٢٣", "Call"),
            ("Call 077(- (00900123 first", "Call first"),
            ("you may +44 7700 900123", "you may"),
            ("123) , 4567", ""),
            ("on 4 March 07700900123 1985", "on 4 March"),
            ("Write to ada@example.com today", "Write to today"),
            (
                "Room 12, floor 3, 10-15 minutes early",
                "Room 12, floor 3, 10-15 minutes early",
            ),
            ("Come at 9:30, 2 of you", "Come at 9:30, 2 of you"),
            ("in May 20 people came", "in May 20 people came"),
        ] {
            assert_eq!(without_identifiers(text), kept, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_nothing_is_left_to_remove(text in any::<String>(), number in "[0-9 ./()+,a-z-]{0,60}") {
            for text in [text, number] {
                medical_word(&text);
                let once = without_identifiers(&text);
                let numbers = once.split(|c: char| !c.is_numeric() && !is_between_digits(c));
                for run in numbers {
                    prop_assert!(run.chars().filter(|c| c.is_numeric()).count() < 7, "{once:?}");
                }
            }
        }
    }
}
