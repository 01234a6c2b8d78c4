//! The lines of a feed: unfolded, and taken apart into name, parameters and value.

/// One property, such as `DTSTART;TZID=Europe/London:20270329T090000`. Names are in upper case.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    params: Vec<(String, String)>,
    pub(super) value: String,
}

impl Line {
    /// The value of a parameter, by its name in upper case.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        let mut params = self.params.iter();
        let found = params.find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    /// The value with the escapes of a text undone.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.value.len());
        let mut chars = self.value.chars();
        while let Some(char) = chars.next() {
            let escaped = if char == '\\' {
                chars.next()
            } else {
                Some(char)
            };
            text.extend(match (char, escaped) {
                ('\\', Some('n' | 'N')) => Some('\n'),
                (_, other) => other,
            });
        }
        text
    }

    fn parse(text: &str) -> Option<Line> {
        let mut parts = split_outside_quotes(text, ':');
        let head = parts.next()?;
        let value = text.get(head.len() + 1..)?;
        let mut parts = split_outside_quotes(head, ';');
        let name = parts.next()?.trim().to_ascii_uppercase();
        let params = parts
            .filter_map(|part| part.split_once('='))
            .map(|(key, value)| {
                let value = value.trim().trim_matches('"');
                (key.trim().to_ascii_uppercase(), value.to_owned())
            })
            .collect();
        let value = value.to_owned();
        (!name.is_empty()).then_some(Line {
            name,
            params,
            value,
        })
    }
}

/// The lines of a feed that are properties. Folding may cut a character in two, so bytes are joined first.
pub(super) fn lines(feed: &[u8]) -> impl Iterator<Item = Line> {
    let feed = feed.strip_prefix("\u{feff}".as_bytes()).unwrap_or(feed);
    let mut rest = feed.split(|byte| *byte == b'\n').peekable();
    std::iter::from_fn(move || {
        let mut whole = without_return(rest.next()?).to_vec();
        while let Some(folded) = rest.next_if(|next| matches!(next.first(), Some(b' ' | b'\t'))) {
            whole.extend_from_slice(without_return(folded.get(1..).unwrap_or_default()));
        }
        Some(whole)
    })
    .filter_map(|line| Line::parse(&String::from_utf8_lossy(&line)))
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The parts of a text between the separators that are not in double quotes.
fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |char| {
        quoted ^= char == '"';
        char == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_lines_are_joined_also_inside_a_character() {
        let feed = b"SUMMARY:caf\xc3\r\n \xa9 at\r\n\t noon\r\nUID:1\n\nNOTHING\n";
        let found: Vec<_> = lines(feed).map(|line| (line.name, line.value)).collect();
        let expected = [("SUMMARY", "café at noon"), ("UID", "1")];
        assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn parameters_may_be_quoted() {
        let line = Line::parse("dtstart;TZID=\"A: zone; of mine\";value=DATE-TIME:20270329T090000")
            .unwrap();
        assert_eq!(line.name, "DTSTART");
        assert_eq!(line.param("TZID"), Some("A: zone; of mine"));
        assert_eq!(line.param("VALUE"), Some("DATE-TIME"));
        assert_eq!(line.param("RANGE"), None);
        assert_eq!(line.value, "20270329T090000");
    }

    #[test]
    fn escapes_of_texts_are_undone() {
        let line = Line::parse(r"UID:a\,b\;c\\d\ne\").unwrap();
        assert_eq!(line.text(), "a,b;c\\d\ne");
    }
}
