//! The rejects file: what could not be taken, to be corrected and imported again.

use std::io;

use super::Problem;

/// The longest value written, in characters.
const LONGEST_VALUE: usize = 500;

/// Writes CSV with the columns `line,column,value,reason`, one line for each problem.
pub struct RejectsWriter<W: io::Write> {
    csv: csv::Writer<W>,
}

impl<W: io::Write> RejectsWriter<W> {
    pub fn new(target: W) -> io::Result<RejectsWriter<W>> {
        let mut csv = csv::WriterBuilder::new()
            .terminator(csv::Terminator::Any(b'\n'))
            .from_writer(target);
        csv.write_record(["line", "column", "value", "reason"])?;
        Ok(RejectsWriter { csv })
    }

    pub fn write(&mut self, problem: &Problem) -> io::Result<()> {
        let line = problem.line.to_string();
        self.csv.write_record([
            &line,
            &harmless(&problem.column),
            &harmless(&problem.value),
            &problem.reason,
        ])?;
        Ok(())
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.csv.flush()
    }
}

/// The text on one line, with control characters spelled out, and so that no spreadsheet runs it as a formula.
///
/// A phone number such as `+447700900123` stays as it is: plus and digits are no formula that could do harm.
fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 1);
    if text
        .trim_start()
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
        && !is_international_number(text)
    {
        safe.push('\'');
    }
    for c in text.chars().take(LONGEST_VALUE) {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if c.is_control() || is_direction_mark(c) => {
                safe.push_str(&format!("\\u{{{:04x}}}", u32::from(c)))
            }
            c => safe.push(c),
        }
    }
    if text.chars().nth(LONGEST_VALUE).is_some() {
        safe.push('…');
    }
    safe
}

fn is_international_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || c == ' ')
    })
}

/// Marks that make text read in another order than it is stored.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_runs_as_a_formula_and_numbers_stay_readable() {
        for (value, written) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2+3", "'-2+3"),
            ("+1-2", "'+1-2"),
            ("  =1", "'  =1"),
            ("\t=1", "'\\t=1"),
            ("+44 7700 900123", "+44 7700 900123"),
            ("07700 900123", "07700 900123"),
            ("a\nb\u{7}", "a\\nb\\u{0007}"),
            ("a\u{202e}b", "a\\u{202e}b"),
        ] {
            assert_eq!(harmless(value), written);
        }
        assert_eq!(harmless(&"x".repeat(600)).chars().count(), 501);
    }

    #[test]
    fn each_problem_is_one_line() {
        let problem = |column: &str, value: &str| Problem {
            line: 7,
            column: column.to_owned(),
            value: value.to_owned(),
            reason: "there is no such date".to_owned(),
        };
        let mut written = Vec::new();
        let mut rejects = RejectsWriter::new(&mut written).unwrap();
        rejects.write(&problem("when", "30, \"Feb\"")).unwrap();
        rejects.write(&problem("phone", "x\ny")).unwrap();
        rejects.flush().unwrap();
        drop(rejects);
        assert_eq!(
            String::from_utf8(written).unwrap(),
            "line,column,value,reason\n\
             7,when,\"30, \"\"Feb\"\"\",there is no such date\n\
             7,phone,x\\ny,there is no such date\n"
        );
    }
}
