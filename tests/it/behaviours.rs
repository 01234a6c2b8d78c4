//! What the business sees: who is called, when, and what comes of it.

mod appointments;
mod hours;
mod limits;
mod outcomes;
mod switches;

use crate::harness::OPEN_CLINIC;

/// The open clinic with one line of its settings replaced.
fn open_clinic_with(line: &str, instead: &str) -> String {
    assert!(
        OPEN_CLINIC.contains(line),
        "{line} is no line of the settings"
    );
    OPEN_CLINIC.replacen(line, instead, 1)
}

/// The open clinic with further settings.
fn open_clinic_and(further: &str) -> String {
    format!("{OPEN_CLINIC}\n{further}\n")
}
