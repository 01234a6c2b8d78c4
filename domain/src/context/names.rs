//! Names: how a person is spoken to.

/// What is said where a first name is not known: "Hello there".
pub(crate) const NOBODY: &str = "there";
const LONGEST_NAME: usize = 80;

const TITLES: &[&str] = &[
    "mr",
    "mrs",
    "ms",
    "miss",
    "mx",
    "master",
    "dr",
    "doctor",
    "prof",
    "professor",
    "sir",
    "dame",
    "lord",
    "lady",
    "rev",
    "reverend",
    "fr",
    "capt",
    "captain",
    "maj",
    "major",
    "col",
    "colonel",
    "lt",
    "sgt",
    "hon",
    "madam",
    "mme",
    "mlle",
    "m",
    "herr",
    "frau",
    "sr",
    "sra",
    "srta",
    "cllr",
];
const SUFFIXES: &[&str] = &[
    "jr", "sr", "junior", "senior", "ii", "iii", "iv", "phd", "md", "dds", "esq", "obe", "mbe",
    "cbe",
];

/// The name as it is spoken: `LOVELACE, Ada` becomes `Ada Lovelace`; `there` when nothing can be said.
pub(crate) fn full(name: &str) -> String {
    let words = words(name);
    if words.is_empty() {
        NOBODY.to_owned()
    } else {
        words.join(" ")
    }
}

/// The first name alone; `there` when the name does not tell which word it is.
pub(crate) fn first(name: &str) -> String {
    let words = words(name);
    let has_title = words.first().is_some_and(|word| is_one_of(word, TITLES));
    let mut names = words.iter().filter(|word| !is_title(word));
    let (first, second) = (names.next(), names.next());
    match first {
        // "Mr Smith" tells a family name, "A. Smith" an initial.
        Some(_) if has_title && second.is_none() => NOBODY.to_owned(),
        Some(first)
            if first.chars().filter(|c| c.is_alphabetic()).count() < 2 && first.is_ascii() =>
        {
            NOBODY.to_owned()
        }
        Some(first) => first.clone(),
        None => NOBODY.to_owned(),
    }
}

/// Whether the word stands before or after names and is none itself.
pub(crate) fn is_title(word: &str) -> bool {
    is_one_of(word, TITLES) || is_one_of(word, SUFFIXES)
}

/// The words of the name in spoken order, without what is no name, in usual case.
fn words(name: &str) -> Vec<String> {
    let mut outside = 0i32;
    let spoken: String = name
        .chars()
        .filter(|c| {
            outside += i32::from(matches!(c, '(' | '[')) - i32::from(matches!(c, ')' | ']'));
            outside <= 0 && !matches!(c, ')' | ']' | '{' | '}' | '<' | '>') && !c.is_control()
        })
        .take(LONGEST_NAME)
        .collect();
    let ordered = match spoken.split_once(',') {
        Some((_, rest))
            if rest
                .split_whitespace()
                .all(|word| is_one_of(word.trim_matches(','), SUFFIXES)) =>
        {
            spoken.replace(',', " ")
        }
        Some((family, given)) => format!("{} {family}", given.replace(',', " ")),
        None => spoken,
    };
    let is_name = |word: &&str| {
        word.chars().any(char::is_alphabetic)
            && !word
                .chars()
                .any(|c| c.is_numeric() || matches!(c, '@' | '/' | '='))
    };
    ordered
        .split_whitespace()
        .filter(is_name)
        .map(usual_case)
        .collect()
}

/// `LOVELACE` and `lovelace` become `Lovelace`; a name of mixed case stays as its owner writes it.
fn usual_case(word: &str) -> String {
    let letters = || word.chars().filter(|c| c.is_alphabetic());
    let is_shouted = letters().count() > 1 && letters().all(|c| !c.is_lowercase());
    let is_small = letters().all(|c| !c.is_uppercase());
    let keeps_case = letters().all(|c| !c.is_lowercase() && !c.is_uppercase());
    if keeps_case || !(is_shouted || is_small) || (is_shouted && is_one_of(word, SUFFIXES)) {
        return word.to_owned();
    }
    let mut starts = true;
    let mut written = String::with_capacity(word.len());
    for c in word.chars() {
        if starts && c.is_alphabetic() {
            written.extend(c.to_uppercase());
        } else {
            written.extend(c.to_lowercase());
        }
        starts = matches!(c, '-' | '\'' | '’' | '.') || (starts && !c.is_alphabetic());
    }
    written
}

fn is_one_of(word: &str, known: &[&str]) -> bool {
    let bare = word.trim_end_matches('.').replace('.', "");
    known.iter().any(|title| title.eq_ignore_ascii_case(&bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spoken_in_order_and_in_usual_case() {
        for (written, whole, given) in [
            ("Ada Lovelace", "Ada Lovelace", "Ada"),
            ("Dr. Ada Lovelace", "Dr. Ada Lovelace", "Ada"),
            ("LOVELACE, Ada", "Ada Lovelace", "Ada"),
            ("LOVELACE, DR ADA", "Dr Ada Lovelace", "Ada"),
            ("ada lovelace", "Ada Lovelace", "Ada"),
            ("ANNE-MARIE O'NEIL", "Anne-Marie O'Neil", "Anne-Marie"),
            ("Ronald McDonald", "Ronald McDonald", "Ronald"),
            ("Ada", "Ada", "Ada"),
            ("Mr Smith", "Mr Smith", "there"),
            ("A. Smith", "A. Smith", "there"),
            ("Ada Lovelace (Countess)", "Ada Lovelace", "Ada"),
            ("Martin King, Jr.", "Martin King Jr.", "Martin"),
            ("  Ada   Lovelace ", "Ada Lovelace", "Ada"),
            ("José Müller", "José Müller", "José"),
            ("ÉMILE ZOLA", "Émile Zola", "Émile"),
            ("山田 太郎", "山田 太郎", "山田"),
            ("", "there", "there"),
            ("  ", "there", "there"),
            ("12345", "there", "there"),
            ("ada@example.com", "there", "there"),
            ("Ada {{secret}}", "Ada Secret", "Ada"),
            ("Mrs", "Mrs", "there"),
            (",", "there", "there"),
        ] {
            assert_eq!(
                (full(written).as_str(), first(written).as_str()),
                (whole, given),
                "{written:?}"
            );
        }
    }
}
