//! One name here, first and last name at the CRM.

use super::{Field, Link, Values};

/// First and last name of a name. As both sides had them when they were last in step, where the name is still made of
/// them; else the last word is the last name.
pub fn name_parts(name: &str, link: &Link) -> (Option<String>, Option<String>) {
    let words: Vec<&str> = name.split_whitespace().collect();
    let name = words.join(" ");
    let known = |field| {
        let pair = link.synced.get(&field)?;
        let words: Vec<&str> = pair.ours.as_deref()?.split_whitespace().collect();
        Some(words.join(" "))
    };
    let (first, last) = (known(Field::FirstName), known(Field::LastName));
    if let Some(first) = &first
        && let Some(rest) = name.strip_prefix(&format!("{first} "))
    {
        return (Some(first.clone()), Some(rest.to_owned()));
    }
    if let Some(last) = &last {
        if *last == name {
            return (None, Some(name));
        }
        if let Some(rest) = name.strip_suffix(&format!(" {last}")) {
            return (Some(rest.to_owned()), Some(last.clone()));
        }
    }
    match words.split_last() {
        None => (None, None),
        Some((last, [])) => (None, Some((*last).to_owned())),
        Some((last, first)) => (Some(first.join(" ")), Some((*last).to_owned())),
    }
}

/// Ours divided as the record divides it, where both make the same name: how a name is divided is the CRM's business.
#[must_use]
pub fn divided_as(mut ours: Values, theirs: &Values) -> Values {
    let whole =
        |values: &Values| joined_name(values.get(Field::FirstName), values.get(Field::LastName));
    if whole(&ours) == whole(theirs) {
        for field in [Field::FirstName, Field::LastName] {
            ours.set(field, theirs.get(field));
        }
    }
    ours
}

/// The name that first and last name make; `None` when there is neither.
pub fn joined_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let parts = [first, last].into_iter().flatten();
    let words: Vec<&str> = parts.flat_map(str::split_whitespace).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::Pair;

    fn parts(name: &str, link: &Link) -> (String, String) {
        let (first, last) = name_parts(name, link);
        (first.unwrap_or_default(), last.unwrap_or_default())
    }

    #[test]
    fn the_last_word_is_the_last_name_and_a_single_word_is_one_too() {
        let link = Link::default();
        for (name, first, last) in [
            ("Ada Byron", "Ada", "Byron"),
            ("  Mary   Ann  Evans ", "Mary Ann", "Evans"),
            ("Cher", "", "Cher"),
            ("", "", ""),
        ] {
            assert_eq!(parts(name, &link), (first.to_owned(), last.to_owned()));
        }
    }

    #[test]
    fn a_name_that_the_crm_divided_stays_divided_so() {
        let mut link = Link::default();
        let said = |text| Pair::new(Some(text), Some(text));
        link.synced.insert(Field::FirstName, said("Vincent"));
        link.synced.insert(Field::LastName, said("van Gogh"));
        for (name, first, last) in [
            ("Vincent van Gogh", "Vincent", "van Gogh"),
            ("Theo van Gogh", "Theo", "van Gogh"),
            ("Vincent de Boer", "Vincent", "de Boer"),
            ("van Gogh", "", "van Gogh"),
            ("Paul Gauguin", "Paul", "Gauguin"),
        ] {
            assert_eq!(parts(name, &link), (first.to_owned(), last.to_owned()));
        }
    }

    #[test]
    fn parts_make_the_name_that_they_are_of() {
        for name in ["Ada Byron", "Mary Ann Evans", "Cher"] {
            let (first, last) = name_parts(name, &Link::default());
            let joined = joined_name(first.as_deref(), last.as_deref());
            assert_eq!(joined.as_deref(), Some(name));
        }
        assert_eq!(joined_name(Some(" "), None), None);
    }

    #[test]
    fn a_name_that_both_sides_have_is_divided_as_the_crm_divides_it() {
        let values = |first: &str, last: &str| {
            let mut values = Values::default();
            values.set(Field::FirstName, Some(first));
            values.set(Field::LastName, Some(last));
            values
        };
        for (ours, theirs, divided) in [
            (
                ("Acme Dental", "Ltd"),
                ("", "Acme Dental Ltd"),
                ("", "Acme Dental Ltd"),
            ),
            (
                ("Vincent van", "Gogh"),
                ("Vincent", "van  Gogh"),
                ("Vincent", "van  Gogh"),
            ),
            (("Ada", "Byron"), ("Ada", "King"), ("Ada", "Byron")),
            (("", ""), ("", ""), ("", "")),
        ] {
            let theirs = values(theirs.0, theirs.1);
            let result = divided_as(values(ours.0, ours.1), &theirs);
            assert_eq!(result, values(divided.0, divided.1));
        }
    }
}
