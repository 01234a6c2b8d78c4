//! Rows that cannot be taken: told on standard error, and written to a rejects file on request.

use std::{path::Path, process::ExitCode};

use anyhow::Result;
use domain::import::{AppointmentRow, BadRow, Problem};

use crate::{appointment_file::ProblemFile, counted};

/// More problems than these are only counted on standard error.
const MOST_TOLD: usize = 50;
/// The longest value told, in characters.
const LONGEST_VALUE: usize = 80;

type Row = Result<AppointmentRow, BadRow>;

pub(super) struct BadRows {
    file: Option<ProblemFile>,
    rows: u64,
    told: Vec<String>,
    untold: u64,
    warnings: u64,
    first_warning: Option<String>,
}

impl BadRows {
    /// Also written to a file, where one is given.
    pub(super) fn new(path: Option<&Path>) -> BadRows {
        BadRows {
            file: path.map(ProblemFile::at),
            rows: 0,
            told: Vec::new(),
            untold: 0,
            warnings: 0,
            first_warning: None,
        }
    }

    /// The row, unless it is bad.
    pub(super) fn taken(&mut self, row: Row) -> Result<Option<AppointmentRow>> {
        match row {
            Ok(row) => {
                for warning in &row.warnings {
                    self.warnings += 1;
                    self.first_warning.get_or_insert_with(|| words(warning, ""));
                    self.write(warning)?;
                }
                Ok(Some(row))
            }
            Err(row) => {
                self.reject(&row, "")?;
                Ok(None)
            }
        }
    }

    /// One row as read with the old and with the new settings. What is wrong by both is told once.
    pub(super) fn taken_by_both(
        &mut self,
        old: Row,
        new: Row,
    ) -> Result<(Option<AppointmentRow>, Option<AppointmentRow>)> {
        Ok(match (old, new) {
            (Ok(old), new) => {
                let new = match new {
                    Ok(new) => self.taken(Ok(new))?,
                    Err(new) => {
                        self.reject(&new, " (with the new settings)")?;
                        None
                    }
                };
                (Some(old), new)
            }
            (Err(old), Ok(new)) => {
                self.reject(&old, " (with the old settings)")?;
                (None, self.taken(Ok(new))?)
            }
            (Err(_), Err(new)) => {
                self.reject(&new, "")?;
                (None, None)
            }
        })
    }

    /// Tells what was found; the exit code is 1 when a row was bad.
    pub(super) fn finish(mut self) -> Result<ExitCode> {
        if let Some(file) = &mut self.file {
            file.finish()?;
        }
        if let Some(first) = &self.first_warning {
            eprintln!(
                "{} with warnings, planned all the same; the first: {first}",
                counted(self.warnings, "cell")
            );
        }
        if self.rows == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!("{} rejected, and not planned:", counted(self.rows, "row"));
        for told in &self.told {
            eprintln!("  {told}");
        }
        if self.untold > 0 {
            eprintln!("  and {} more", counted(self.untold, "problem"));
        }
        match &self.file {
            Some(file) => eprintln!("every problem is in {}", file.path().display()),
            None if self.untold > 0 => eprintln!("--rejects FILE writes every problem to a file"),
            None => {}
        }
        Ok(ExitCode::FAILURE)
    }

    fn reject(&mut self, row: &BadRow, by_which: &str) -> Result<()> {
        self.rows += 1;
        for problem in &row.problems {
            if self.told.len() < MOST_TOLD {
                self.told.push(words(problem, by_which));
            } else {
                self.untold += 1;
            }
            self.write(problem)?;
        }
        Ok(())
    }

    fn write(&mut self, problem: &Problem) -> Result<()> {
        self.file
            .as_mut()
            .map_or(Ok(()), |file| file.write(problem))
    }
}

fn words(problem: &Problem, by_which: &str) -> String {
    let Problem {
        line,
        column,
        value,
        reason,
    } = problem;
    let mut shown: String = value.chars().take(LONGEST_VALUE).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    // Quoted and escaped: a cell must not be able to steer the terminal.
    match column.as_str() {
        "" => format!("line {line}: {reason}{by_which}: {shown:?}"),
        column => format!(
            "line {line}, {}: {reason}{by_which}: {shown:?}",
            column.escape_debug()
        ),
    }
}
