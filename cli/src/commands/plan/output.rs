//! Where what was planned goes: as JSON at once, or kept for a table.

use std::io::{self, BufWriter, Stdout, Write};

use anyhow::Result;
use serde::Serialize;

pub(super) struct Output<T> {
    json: Option<JsonArray<BufWriter<Stdout>>>,
    kept: Vec<T>,
}

impl<T: Serialize> Output<T> {
    pub(super) fn new(json: bool) -> Output<T> {
        let json = json.then(|| JsonArray {
            out: BufWriter::new(io::stdout()),
            separator: "[\n",
        });
        Output {
            json,
            kept: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, element: T) -> Result<()> {
        match &mut self.json {
            Some(json) => json.push(&element)?,
            None => self.kept.push(element),
        }
        Ok(())
    }

    /// What is still to be printed.
    pub(super) fn finish(self) -> Result<Vec<T>> {
        if let Some(json) = self.json {
            json.finish()?;
        }
        Ok(self.kept)
    }
}

/// A JSON array written element by element, each on its line.
struct JsonArray<W> {
    out: W,
    separator: &'static str,
}

impl<W: Write> JsonArray<W> {
    fn push(&mut self, element: &impl Serialize) -> io::Result<()> {
        self.out.write_all(self.separator.as_bytes())?;
        self.separator = ",\n";
        serde_json::to_writer(&mut self.out, element)?;
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        let is_empty = self.separator == "[\n";
        self.out
            .write_all(if is_empty { b"[]\n" } else { b"\n]\n" })?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(elements: &[u8]) -> String {
        let mut out = Vec::new();
        let mut array = JsonArray {
            out: &mut out,
            separator: "[\n",
        };
        elements
            .iter()
            .for_each(|element| array.push(element).unwrap());
        array.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_array_has_an_element_a_line() {
        assert_eq!(written(&[]), "[]\n");
        assert_eq!(written(&[1]), "[\n1\n]\n");
        assert_eq!(written(&[1, 2]), "[\n1,\n2\n]\n");
    }
}
