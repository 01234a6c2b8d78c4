//! What was said in a call, as both vendors write it: a line for each turn, which begins with who speaks.

use domain::text::{Speaker, Transcript, TranscriptLine};

use crate::redact::REMOVED;

const BUSINESS: &[&str] = &["Agent", "AI", "Assistant", "Bot"];
const PERSON: &[&str] = &["User", "Customer"];

/// `None` when nobody said anything, or it was taken out. A line without a speaker goes on with the words of the line before.
pub(crate) fn transcript(text: &str) -> Option<Transcript> {
    if text == REMOVED {
        return None;
    }
    let mut lines: Vec<TranscriptLine> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match (turn(line), lines.last_mut()) {
            (Some((_, words)), _) if words.trim().is_empty() => {}
            (Some((speaker, words)), _) => lines.push(spoken(speaker, words)),
            (None, Some(before)) => {
                before.words.0.push(' ');
                before.words.0.push_str(line.trim());
            }
            (None, None) => lines.push(spoken(Speaker::Unknown, line)),
        }
    }
    (!lines.is_empty()).then_some(Transcript {
        complete: true,
        lines,
    })
}

fn turn(line: &str) -> Option<(Speaker, &str)> {
    let (name, words) = line.trim_start().split_once(':')?;
    let is = |names: &[&str]| names.iter().any(|each| each.eq_ignore_ascii_case(name));
    let speaker = match () {
        () if is(BUSINESS) => Speaker::Business,
        () if is(PERSON) => Speaker::Person,
        () => return None,
    };
    Some((speaker, words))
}

fn spoken(speaker: Speaker, words: &str) -> TranscriptLine {
    TranscriptLine {
        speaker,
        words: words.trim().into(),
        start_ms: None,
        end_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_turn_is_told_by_who_spoke() {
        use Speaker::{Business, Person, Unknown};
        for (text, said) in [
            (
                "Agent: Hello\nUser: I moved.\n",
                vec![(Business, "Hello"), (Person, "I moved.")],
            ),
            (
                "AI: Hello\nUser: It is\n12: Mill Lane\nAI: Thanks",
                vec![
                    (Business, "Hello"),
                    (Person, "It is 12: Mill Lane"),
                    (Business, "Thanks"),
                ],
            ),
            (
                "Hello?\n\nuser:Yes",
                vec![(Unknown, "Hello?"), (Person, "Yes")],
            ),
        ] {
            let read = transcript(text).unwrap();
            let read: Vec<_> = read
                .lines
                .iter()
                .map(|line| (line.speaker, line.words.0.as_str()))
                .collect();
            assert_eq!(read, said, "{text:?}");
        }
        for nothing in ["", " \n\t\n", "Agent: \nUser:", REMOVED] {
            assert_eq!(transcript(nothing), None);
        }
    }
}
