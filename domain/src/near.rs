//! "Did you mean …": the known word nearest to one that is not known.

/// The candidate that `word` is most likely a slip of, or `None` when nothing is near.
///
/// Case, spaces, `_` and `-` do not count as differences.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // Long input is no slip of the keyboard, and the comparison costs the product of both lengths.
    if word.len() > 64 {
        return None;
    }
    let word = squeezed(word);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&word, &squeezed(candidate)),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= permitted_distance(&word, candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Lower case without the signs that people vary: `Appointment At` and `appointment_at` become one word.
pub(crate) fn squeezed(word: &str) -> String {
    word.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// One slip in a short word, up to four in a long one.
fn permitted_distance(word: &str, candidate: &str) -> usize {
    let shorter = word.chars().count().min(candidate.chars().count());
    (shorter / 3).min(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_word_and_another_word_finds_nothing() {
        let words = ["external_id", "name", "appointment_at"];
        assert_eq!(nearest("externl id", words), Some("external_id"));
        assert_eq!(nearest("Appointmnet-At", words), Some("appointment_at"));
        assert_eq!(nearest("colour", words), None);
        assert_eq!(nearest("", words), None);
    }
}
