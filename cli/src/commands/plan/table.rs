//! The plan for people, in the order of the calls.

use std::io::{self, BufWriter, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets::NOTHING};
use domain::plan::Adjustment;
use jiff::{Timestamp, tz::TimeZone};

use super::forecast::Forecast;

/// Rows laid out together: a long plan comes in several tables, so that its first rows need not wait for the last.
const ROWS: usize = 500;
/// Characters in a line where no terminal says how many it has.
const WIDTH: u16 = 160;

pub(super) fn print(mut forecasts: Vec<Forecast>, summary: &[String]) -> io::Result<()> {
    forecasts.sort_by_key(Forecast::call_at);
    let header = [
        "appointment",
        "takes place",
        "ideal call",
        "planned call",
        "adjustment",
        "why",
    ];
    let rows = forecasts.iter().map(|forecast| {
        [
            forecast.external_id.clone(),
            local(forecast.appointment_at, &forecast.appointment_zone),
            local(forecast.ideal_at, &forecast.call_zone),
            call(forecast),
            forecast.adjustment.code().to_owned(),
            why(forecast),
        ]
    });
    print_table(header, rows, summary)
}

/// Tables with the lines of the summary below.
pub(super) fn print_table<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl Iterator<Item = [String; COLUMNS]>,
    summary: &[String],
) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout());
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let mut table = Table::new();
        table
            .load_preset(NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_header(header);
        if !io::stdout().is_terminal() {
            table.set_width(WIDTH);
        }
        table.add_rows(rows.by_ref().take(ROWS));
        writeln!(out, "{}\n", table.trim_fmt())?;
    }
    for line in summary {
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// Such as `Mon 2027-03-29 09:00 BST`.
pub(super) fn local(instant: Timestamp, zone: &TimeZone) -> String {
    instant
        .to_zoned(zone.clone())
        .strftime("%a %Y-%m-%d %H:%M %Z")
        .to_string()
}

pub(super) fn call(forecast: &Forecast) -> String {
    match (forecast.planned_at, forecast.refused) {
        (Some(at), _) => local(at, &forecast.call_zone),
        (None, Some(reason)) => reason.code().to_owned(),
        (None, None) => String::new(),
    }
}

/// The reasons, but for those that the other columns tell.
pub(super) fn why(forecast: &Forecast) -> String {
    let is_plain = forecast.planned_at.is_some() && forecast.adjustment == Adjustment::None;
    let told = |reason: &&String| {
        reason.contains(" before the appointment on ")
            || (is_plain && reason.starts_with("that is inside"))
    };
    let rest: Vec<&str> = forecast
        .reasons
        .iter()
        .filter(|reason| !told(reason))
        .map(String::as_str)
        .collect();
    rest.join("; ")
}
