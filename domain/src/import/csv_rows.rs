//! The rows of a CSV file.
//!
//! Cells are split here rather than by a library, for two things that matter when the file is somebody's export. The line
//! numbers are those of the file, whatever line ends and blank lines it has. And a forgotten quotation mark spoils one line
//! only: where text follows a closing mark, or none closes, the row is refused and reading goes on at the next line; lenient
//! readers would put the rows in between, with other people's data, into one cell.

use std::borrow::Cow;

use super::{
    BadRow, Cell, Column, HeaderMapping, HeaderProblem, RawRow, bad_row,
    header::Layout,
    text::{self, RowEncoding},
};

/// The longest row, in bytes.
pub(super) const LONGEST_ROW: usize = 64 * 1024;
/// The most cells in a row.
const MOST_CELLS: usize = 1000;

pub(super) struct CsvRows<'a> {
    bytes: Cow<'a, [u8]>,
    place: Place,
    separator: u8,
    layout: Layout,
    file_note: Option<String>,
    short_rows: Counted,
    windows_1252_rows: Counted,
}

/// How far a file was read.
struct Place {
    at: usize,
    /// The line, counted from 1, on which `at` lies.
    line: u64,
}

/// How often something was met, and on which line first.
#[derive(Default)]
struct Counted {
    times: u64,
    first_line: u64,
}

impl Counted {
    fn count(&mut self, line: u64) {
        if self.times == 0 {
            self.first_line = line;
        }
        self.times += 1;
    }
}

impl<'a> CsvRows<'a> {
    pub(super) fn open(
        bytes: &'a [u8],
        mapping: Option<&HeaderMapping>,
    ) -> Result<CsvRows<'a>, HeaderProblem> {
        let (bytes, file_note) = text::without_utf16(bytes)?;
        let mut place = Place { at: 0, line: 1 };
        let declared = place.skip_separator_declaration(&bytes);
        place.skip_blank_lines(&bytes);
        let (separator, headers, length) = header(from(&bytes, place.at), declared)?;
        let layout = Layout::recognise(headers, mapping)?;
        place.advance(&bytes, length);
        let (short_rows, windows_1252_rows) = Default::default();
        Ok(CsvRows {
            bytes,
            place,
            separator,
            layout,
            file_note,
            short_rows,
            windows_1252_rows,
        })
    }

    pub(super) fn next_row(&mut self) -> Option<Result<RawRow<'_>, BadRow>> {
        let CsvRows { bytes, place, .. } = self;
        loop {
            place.skip_blank_lines(bytes);
            let (rest, line) = (from(bytes, place.at), place.line);
            if rest.is_empty() {
                return None;
            }
            let record = match split(rest, self.separator) {
                Ok(record) => record,
                Err(fault) => {
                    let spoiled = first_line(rest);
                    place.advance(bytes, spoiled.len());
                    return Some(Err(bad_row(
                        line,
                        &text::windows_1252(spoiled),
                        fault.words(),
                    )));
                }
            };
            place.advance(bytes, record.raw.len());
            if record
                .cells
                .iter()
                .any(|cell| !cell.trim_ascii().is_empty())
            {
                let encoding = text::row_encoding(record.raw);
                if encoding == RowEncoding::Windows1252 {
                    self.windows_1252_rows.count(line);
                }
                if record.cells.len() < self.layout.headers.len() {
                    self.short_rows.count(line);
                }
                return Some(raw_row(line, record, encoding, &self.layout));
            }
        }
    }

    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self
            .file_note
            .iter()
            .chain(self.layout.notes())
            .cloned()
            .collect();
        if let Counted {
            times: times @ 1..,
            first_line,
        } = self.windows_1252_rows
        {
            notes.push(format!("rows that are not UTF-8 and were read as Windows-1252: {times}, the first on line {first_line}"));
        }
        if let Counted {
            times: times @ 1..,
            first_line,
        } = self.short_rows
        {
            notes.push(format!(
                "rows with fewer cells than the header: {times}, the first on line {first_line}"
            ));
        }
        notes
    }

    pub(super) fn position(&self) -> (usize, usize) {
        (self.place.at, self.bytes.len())
    }
}

fn raw_row<'r>(
    line: u64,
    record: Record<'r>,
    encoding: RowEncoding,
    layout: &'r Layout,
) -> Result<RawRow<'r>, BadRow> {
    let width = layout.headers.len();
    let start = first_line(record.raw);
    if encoding == RowEncoding::Mixed {
        return Err(bad_row(
            line,
            &String::from_utf8_lossy(start),
            "the row mixes UTF-8 with another encoding",
        ));
    }
    if record
        .cells
        .iter()
        .skip(width)
        .any(|cell| !cell.trim_ascii().is_empty())
    {
        let found = record.cells.len();
        let reason = format!(
            "the row has {found} cells, the header {width}; is a cell with a separator in it not quoted?"
        );
        return Err(bad_row(
            line,
            &cell_text(Cow::Borrowed(start), encoding),
            reason,
        ));
    }
    let mut texts: Vec<Cow<'r, str>> = record
        .cells
        .into_iter()
        .map(|cell| cell_text(cell, encoding))
        .collect();
    let cells = std::array::from_fn(|column| {
        let sources = Column::ALL
            .get(column)
            .map_or(&[][..], |column| layout.sources(*column));
        let filled = |at: &&usize| texts.get(**at).is_some_and(|text| !text.trim().is_empty());
        let chosen = sources.iter().find(filled).or(sources.first()).copied();
        let header = chosen
            .and_then(|at| layout.headers.get(at))
            .map_or("", String::as_str);
        let text = chosen
            .and_then(|at| texts.get_mut(at))
            .map(std::mem::take)
            .unwrap_or_default();
        Cell { header, text }
    });
    Ok(RawRow { line, cells })
}

fn cell_text(cell: Cow<'_, [u8]>, encoding: RowEncoding) -> Cow<'_, str> {
    match cell {
        Cow::Borrowed(bytes) if encoding == RowEncoding::Utf8 => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) if encoding == RowEncoding::Utf8 => String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
            .into(),
        Cow::Borrowed(bytes) => text::windows_1252(bytes),
        Cow::Owned(bytes) => text::windows_1252(&bytes).into_owned().into(),
    }
}

impl Place {
    fn advance(&mut self, bytes: &[u8], by: usize) {
        let to = (self.at + by).min(bytes.len());
        self.line += line_ends(bytes, self.at, to);
        self.at = to;
    }

    fn skip_blank_lines(&mut self, bytes: &[u8]) {
        let blank = from(bytes, self.at)
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        self.advance(bytes, blank);
    }

    /// Excel's own first line `sep=;`.
    fn skip_separator_declaration(&mut self, bytes: &[u8]) -> Option<u8> {
        let line = first_line(from(bytes, self.at));
        let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] = line else {
            return None;
        };
        self.advance(bytes, line.len());
        Some(*separator)
    }
}

/// The separator, the header cells, and the length of the header line.
fn header(bytes: &[u8], declared: Option<u8>) -> Result<(u8, Vec<String>, usize), HeaderProblem> {
    if bytes.trim_ascii().is_empty() {
        return Err(HeaderProblem::Empty);
    }
    let candidates = declared.map_or(b",;\t|".to_vec(), |separator| vec![separator]);
    let readings = candidates.into_iter().filter_map(|separator| {
        let record = split(bytes, separator).ok()?;
        let headers = header_texts(&record);
        let rank = (Layout::known_headers(&headers), headers.len());
        Some((rank, separator, headers, record.raw.len()))
    });
    // The comma comes first and wins a tie.
    let best = readings.reduce(|best, other| if other.0 > best.0 { other } else { best });
    best.map(|(_, separator, headers, length)| (separator, headers, length))
        .ok_or_else(|| {
            HeaderProblem::NotThisFormat(
                "the header line cannot be read: a quotation mark is not closed".to_owned(),
            )
        })
}

fn header_texts(record: &Record<'_>) -> Vec<String> {
    let text = |cell: &Cow<'_, [u8]>| match std::str::from_utf8(cell) {
        Ok(text) => text.trim().to_owned(),
        Err(_) => text::windows_1252(cell).trim().to_owned(),
    };
    record.cells.iter().map(text).collect()
}

/// One row, split.
struct Record<'r> {
    cells: Vec<Cow<'r, [u8]>>,
    /// The whole row as it stands in the file, without its line end.
    raw: &'r [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// A quotation mark is opened and never closed, or much too late.
    Unclosed,
    /// Text stands between a closing quotation mark and the next separator.
    TextAfterQuote,
    TooManyCells,
    TooLong,
}

impl Fault {
    const fn words(self) -> &'static str {
        match self {
            Fault::Unclosed => "a quotation mark is opened here and not closed",
            Fault::TextAfterQuote => {
                "text follows a closing quotation mark; a mark inside a cell is written twice, or one is missing"
            }
            Fault::TooManyCells => "the row has more than 1,000 cells",
            Fault::TooLong => "the row is longer than 64 KiB",
        }
    }
}

/// Splits the row at the start of `bytes`.
fn split(bytes: &[u8], separator: u8) -> Result<Record<'_>, Fault> {
    let bytes = bytes.get(..LONGEST_ROW).unwrap_or(bytes);
    let mut cells = Vec::with_capacity(16);
    let mut at = 0;
    loop {
        let (cell, end) = match quoted_start(bytes, at, separator) {
            Some(inside) => quoted_cell(bytes, inside, separator)?,
            None => plain_cell(bytes, at, separator),
        };
        cells.push(cell);
        if cells.len() > MOST_CELLS {
            return Err(Fault::TooManyCells);
        }
        if bytes.get(end) != Some(&separator) {
            let raw = bytes.get(..end).unwrap_or_default();
            return if end >= LONGEST_ROW {
                Err(Fault::TooLong)
            } else {
                Ok(Record { cells, raw })
            };
        }
        at = end + 1;
    }
}

/// Behind the opening mark, when the cell is a quoted one. Spaces before the mark are permitted.
fn quoted_start(bytes: &[u8], from: usize, separator: u8) -> Option<usize> {
    let padding = bytes
        .get(from..)?
        .iter()
        .take_while(|byte| **byte == b' ' && **byte != separator)
        .count();
    (bytes.get(from + padding) == Some(&b'"')).then_some(from + padding + 1)
}

fn plain_cell(bytes: &[u8], from: usize, separator: u8) -> (Cow<'_, [u8]>, usize) {
    let rest = bytes.get(from..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|byte| *byte == separator || matches!(byte, b'\r' | b'\n'));
    let length = length.unwrap_or(rest.len());
    (
        Cow::Borrowed(rest.get(..length).unwrap_or_default()),
        from + length,
    )
}

fn quoted_cell(bytes: &[u8], from: usize, separator: u8) -> Result<(Cow<'_, [u8]>, usize), Fault> {
    let mut cell: Cow<'_, [u8]> = Cow::Borrowed(&[]);
    let mut at = from;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| *byte == b'"')
            .ok_or(Fault::Unclosed)?;
        let piece = rest.get(..length).unwrap_or_default();
        if cell.is_empty() {
            cell = Cow::Borrowed(piece);
        } else {
            cell.to_mut().extend_from_slice(piece);
        }
        at += length + 1;
        if bytes.get(at) == Some(&b'"') {
            cell.to_mut().push(b'"');
            at += 1;
            continue;
        }
        let padding = bytes.get(at..).unwrap_or_default().iter();
        let end = at
            + padding
                .take_while(|byte| **byte == b' ' && **byte != separator)
                .count();
        return match bytes.get(end) {
            None | Some(b'\r' | b'\n') => Ok((cell, end)),
            Some(byte) if *byte == separator => Ok((cell, end)),
            Some(_) => Err(Fault::TextAfterQuote),
        };
    }
}

fn from(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at..).unwrap_or_default()
}

/// The bytes up to the first line end, without it.
fn first_line(bytes: &[u8]) -> &[u8] {
    let length = bytes
        .iter()
        .position(|byte| matches!(byte, b'\r' | b'\n'))
        .unwrap_or(bytes.len());
    bytes.get(..length).unwrap_or_default()
}

/// The line ends in `bytes[from..to]`: `\n`, `\r\n` (counted at its `\r`) or a lone `\r`.
fn line_ends(bytes: &[u8], from: usize, to: usize) -> u64 {
    let mut previous = from.checked_sub(1).and_then(|at| bytes.get(at)).copied();
    let mut count = 0;
    for byte in bytes.get(from..to).unwrap_or_default() {
        if *byte == b'\r' || (*byte == b'\n' && previous != Some(b'\r')) {
            count += 1;
        }
        previous = Some(*byte);
    }
    count
}
