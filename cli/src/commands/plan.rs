//! `bellhop plan`: who would be called when, who not, and why, before anything dials (REM-11).
//!
//! It needs no server: rows of a file go through the import's own checks, and each appointment through the
//! very rules by which its reminder will run.

mod bad_rows;
mod compare;
mod forecast;
mod output;
mod table;
mod tally;

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use clap::Args;
use domain::settings::Settings;
use jiff::{SignedDuration, Timestamp};

use self::{bad_rows::BadRows, compare::Change, forecast::Forecast, output::Output, tally::Tally};
use crate::{
    appointment_file::{AppointmentFile, Progress, check_rejects, options_for},
    commands::tenant,
};

#[derive(Args)]
pub struct Options {
    /// A CSV file, or JSON (an array of objects)
    #[arg(long)]
    file: PathBuf,
    /// The tenant's settings [default: every default]
    #[arg(long)]
    settings: Option<PathBuf>,
    /// Other settings: show only the appointments whose calls they would change
    ///
    /// With --json, each element is {"external_id", "old", "new"}; `old` and `new` hold what --json shows without
    /// --compare, or null where these settings refuse the row.
    #[arg(long, value_name = "SETTINGS")]
    compare: Option<PathBuf>,
    /// TOML that names the headers of an unusual file: external_id = "Booking Ref"
    #[arg(long)]
    mapping: Option<PathBuf>,
    /// Plan as if it were this instant, such as 2027-03-26T09:00:00Z [default: the clock]
    #[arg(long, value_name = "INSTANT")]
    now: Option<Timestamp>,
    /// Leave out appointments whose call lies more than so many days (of 24 hours) ahead
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u16).range(1..=3660))]
    days: u16,
    /// Also write bad rows to this file: line, column, value, reason
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Print a JSON array, one appointment a line
    ///
    /// Each has external_id, appointment_at, ideal_at, planned_at, planned_local, adjustment (none, forward, backward,
    /// late), refused (null or a reason code), reasons (plain words) and retries_if_unanswered (the calls that would
    /// follow if nobody ever answers). Instants are RFC 3339 in UTC. planned_at is null when the call is refused.
    /// planned_local is the same instant in RFC 3339 with the offset of the zone the person is called in: the contact's
    /// when the file names it, else the appointment's.
    #[arg(long)]
    json: bool,
}

/// Exit code 1 when rows were rejected, so that a script notices.
pub fn run(options: &Options) -> Result<ExitCode> {
    let settings = match &options.settings {
        Some(path) => tenant::read_settings(path)?,
        None => Settings::default(),
    };
    let file = AppointmentFile::read(&options.file)?;
    let period = Period::of(options);
    let mut bad = BadRows::new(rejects_path(options)?);
    match &options.compare {
        None => plan(options, &settings, &file, period, &mut bad)?,
        Some(path) => {
            let other = tenant::read_settings(path)?;
            compare(options, [&settings, &other], &file, period, &mut bad)?;
        }
    }
    for note in notes(options, &settings) {
        eprintln!("note: {note}");
    }
    bad.finish()
}

/// The rejects file is written anew: it must not be one that is read.
fn rejects_path(options: &Options) -> Result<Option<&Path>> {
    let Some(rejects) = options.rejects.as_deref() else {
        return Ok(None);
    };
    let read = [
        Some(&options.file),
        options.settings.as_ref(),
        options.compare.as_ref(),
        options.mapping.as_ref(),
    ];
    check_rejects(rejects, read.into_iter().flatten().map(PathBuf::as_path))?;
    Ok(Some(rejects))
}

/// From when to when calls are shown.
#[derive(Clone, Copy)]
struct Period {
    now: Timestamp,
    until: Timestamp,
}

impl Period {
    fn of(options: &Options) -> Period {
        // Fractions of a second would only make the plan hard to read.
        let clock = || Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
        let now = options.now.unwrap_or_else(clock);
        let length = SignedDuration::from_hours(24 * i64::from(options.days));
        Period {
            now,
            until: now.checked_add(length).unwrap_or(Timestamp::MAX),
        }
    }
}

fn plan(
    options: &Options,
    settings: &Settings,
    file: &AppointmentFile,
    period: Period,
    bad: &mut BadRows,
) -> Result<()> {
    let mut rows = file.rows(&options_for(settings, options.mapping.as_deref())?)?;
    let progress = progress(options);
    let mut output = Output::new(options.json);
    let mut tally = Tally::default();
    while let Some(row) = rows.next() {
        progress.at(&rows);
        let Some(row) = bad.taken(row)? else { continue };
        let forecast = Forecast::of(&row, period.now, settings)?;
        if forecast.call_at() > period.until {
            tally.later += 1;
        } else {
            tally.count(&forecast);
            output.push(forecast)?;
        }
    }
    progress.done();
    let forecasts = output.finish()?;
    let summary = tally.words(period.until, settings);
    if options.json {
        summary.iter().for_each(|line| eprintln!("{line}"));
    } else {
        table::print(forecasts, &summary)?;
    }
    rows.notes()
        .iter()
        .for_each(|note| eprintln!("note: {note}"));
    Ok(())
}

fn compare(
    options: &Options,
    [old, new]: [&Settings; 2],
    file: &AppointmentFile,
    period: Period,
    bad: &mut BadRows,
) -> Result<()> {
    // Zone and country of the settings decide how a row is read, so that it is read by both.
    let mapping = options.mapping.as_deref();
    let mut old_rows = file.rows(&options_for(old, mapping)?)?;
    let mut new_rows = file.rows(&options_for(new, mapping)?)?;
    let progress = progress(options);
    let mut output = Output::new(options.json);
    let mut tally = compare::Tally::default();
    while let (Some(old_row), Some(new_row)) = (old_rows.next(), new_rows.next()) {
        progress.at(&new_rows);
        let (old_row, new_row) = bad.taken_by_both(old_row, new_row)?;
        let forecast = |row: Option<_>, settings| {
            row.map(|row| Forecast::of(&row, period.now, settings))
                .transpose()
        };
        let (old, new) = (forecast(old_row, old)?, forecast(new_row, new)?);
        if old.is_none() && new.is_none() {
            continue;
        }
        let Some(change) = Change::between(old, new) else {
            tally.same += 1;
            continue;
        };
        if change.first_call_at() > period.until {
            tally.later += 1;
        } else {
            tally.count(&change);
            output.push(change)?;
        }
    }
    progress.done();
    let changes = output.finish()?;
    let summary = tally.words(period.until, new);
    if options.json {
        eprintln!("{summary}");
    } else {
        compare::print(changes, &summary)?;
    }
    new_rows
        .notes()
        .iter()
        .for_each(|note| eprintln!("note: {note}"));
    Ok(())
}

fn progress(options: &Options) -> Progress {
    // JSON on the same terminal would be written through the bar.
    Progress::start(!(options.json && io::stdout().is_terminal()))
}

/// What the plan cannot know, and what stands between it and a call.
fn notes(options: &Options, settings: &Settings) -> Vec<String> {
    let mut notes = Vec::new();
    if options.settings.is_none() {
        notes.push("planned with the default settings; give yours with --settings".to_owned());
    }
    notes.extend(settings.advice().iter().map(|advice| format!("{advice}")));
    if !settings.tenant.live {
        notes.push("the tenant is not live: nobody is dialed until it is".to_owned());
    }
    let missing = settings.missing_for_dialing();
    if !missing.is_empty() {
        notes.push(format!(
            "needed before anybody can be dialed: {}",
            missing.join(", ")
        ));
    }
    notes.push(
        "opt-outs and earlier calls are in the database, which is not asked here; limits, pauses and the pause between \
         calls to one number are judged when the time comes"
            .to_owned(),
    );
    notes
}
