//! Appointments from a file: CSV or JSON in, one checked row after another out.
//!
//! Reading is lazy: a file of any length costs the memory of one row, plus the external ids seen so far. A row is
//! either taken whole or refused with everything that is wrong with it; a broken row never spoils its neighbours.

mod csv_rows;
mod header;
mod json_rows;
mod mapping;
mod rejects;
mod row;
mod text;
pub(crate) mod when;

#[cfg(test)]
mod tests;

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    appointment::AppointmentStatus, country::Country, phone::ParsedNumber, zone::LocalChoice,
};

pub use header::{Column, HeaderProblem, MissingColumn};
pub use mapping::{HeaderMapping, MappingProblem};
pub use rejects::RejectsWriter;

coded_enum! {
    /// How the file is written.
    Format {
        /// With a header line; `,` `;` tab or `|` between cells. Excel's variants are understood.
        Csv = "csv",
        /// An array of objects.
        Json = "json",
    }
}

/// What an empty cell means.
#[derive(Debug, Clone)]
pub struct ImportDefaults {
    pub time_zone: TimeZone,
    pub country: Country,
}

/// How a file is read.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    pub defaults: ImportDefaults,
    /// Names the headers of a file whose own are not recognised.
    pub mapping: Option<HeaderMapping>,
}

/// One appointment, checked and complete.
#[derive(Clone, PartialEq)]
pub struct AppointmentRow {
    /// The line of the file on which the row starts, counted from 1.
    pub line: u64,
    pub external_id: String,
    /// As written; may be empty.
    pub name: String,
    /// `None` when the cell is empty: nobody can be called.
    pub number: Option<ParsedNumber>,
    pub email: Option<String>,
    pub starts_at: Timestamp,
    /// Whether the local time named its instant by itself.
    pub local_choice: LocalChoice,
    /// The IANA name of the appointment's zone.
    pub time_zone: String,
    pub country: Country,
    pub status: AppointmentStatus,
    pub kind: Option<String>,
    pub provider: Option<String>,
    pub location: Option<String>,
    pub instructions: Option<String>,
    pub duration_minutes: Option<u16>,
    /// Overrides the tenant's default; 1 to 168.
    pub call_before_hours: Option<u16>,
    /// The zones in which the contact may be, when the file says so; empty means the appointment's.
    pub contact_zones: Vec<String>,
    pub consent_source: Option<String>,
    pub consent_at: Option<Timestamp>,
    /// How the person always wants to be dealt with.
    pub preferences: Option<String>,
    /// What a person may want to look at, although the row was taken.
    pub warnings: Vec<Problem>,
}

impl fmt::Debug for AppointmentRow {
    /// Without names, addresses and texts, so that a row cannot reach a log by accident.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppointmentRow")
            .field("line", &self.line)
            .field("external_id", &self.external_id)
            .field("number", &self.number)
            .field("starts_at", &self.starts_at)
            .field("time_zone", &self.time_zone)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

/// A row that cannot be taken, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    pub line: u64,
    /// Never empty.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong in one cell.
#[derive(Clone, PartialEq, Eq)]
pub struct Problem {
    pub line: u64,
    /// The header as the file has it; empty when the whole row is meant.
    pub column: String,
    /// The cell as the file has it. Personal data: for the rejects file, not for logs.
    pub value: String,
    /// Plain words, without the value.
    pub reason: String,
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, {}: {}", self.line, self.column, self.reason)
    }
}

/// Looks at the header of the file and returns its rows, to be read one by one.
///
/// # Errors
/// When the file as a whole cannot be read: not this format, or a column is missing that every row needs.
pub fn read_appointments<'a>(
    bytes: &'a [u8],
    format: Format,
    options: &ImportOptions,
) -> Result<Import<'a>, HeaderProblem> {
    let rows = match format {
        Format::Csv => Rows::Csv(csv_rows::CsvRows::open(bytes, options.mapping.as_ref())?),
        Format::Json => Rows::Json(json_rows::JsonRows::open(bytes, options.mapping.as_ref())?),
    };
    Ok(Import {
        rows,
        reader: row::RowReader::new(options.defaults.clone()),
    })
}

/// The rows of one file, in its order.
pub struct Import<'a> {
    rows: Rows<'a>,
    reader: row::RowReader,
}

enum Rows<'a> {
    Csv(csv_rows::CsvRows<'a>),
    Json(json_rows::JsonRows<'a>),
}

impl Import<'_> {
    /// What a person should know about the file as a whole. Complete only after the last row.
    pub fn notes(&self) -> Vec<String> {
        match &self.rows {
            Rows::Csv(rows) => rows.notes(),
            Rows::Json(rows) => rows.notes(),
        }
    }

    /// How much of the file has been read, from 0 to 1: for a progress bar.
    pub fn progress(&self) -> f64 {
        let (read, total) = match &self.rows {
            Rows::Csv(rows) => rows.position(),
            Rows::Json(rows) => rows.position(),
        };
        if total == 0 {
            1.0
        } else {
            read as f64 / total as f64
        }
    }
}

impl Iterator for Import<'_> {
    type Item = Result<AppointmentRow, BadRow>;

    fn next(&mut self) -> Option<Self::Item> {
        let raw = match &mut self.rows {
            Rows::Csv(rows) => rows.next_row()?,
            Rows::Json(rows) => rows.next_row()?,
        };
        Some(raw.and_then(|raw| self.reader.read(&raw)))
    }
}

/// A row as the file has it: for each column the header's text and the cell's.
struct RawRow<'r> {
    line: u64,
    cells: [Cell<'r>; Column::COUNT],
}

#[derive(Clone, Default)]
struct Cell<'r> {
    header: &'r str,
    text: std::borrow::Cow<'r, str>,
}

/// A row that is bad as a whole.
fn bad_row(line: u64, value: &str, reason: impl Into<String>) -> BadRow {
    let problem = Problem {
        line,
        column: String::new(),
        value: value.to_owned(),
        reason: reason.into(),
    };
    BadRow {
        line,
        problems: vec![problem],
    }
}
