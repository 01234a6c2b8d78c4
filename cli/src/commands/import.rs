//! `bellhop import`: appointments from a file into the store, and bad rows into a rejects file.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Result;
use clap::Args;
use domain::{
    ids::AppointmentId,
    import::{AppointmentRow, ImportOptions},
    zone::LocalChoice,
};
use jiff::Timestamp;
use serde::Serialize;
use store::{NewAppointment, NewContact, TenantStore};

use crate::{
    appointment_file::{AppointmentFile, ProblemFile, Progress, check_rejects, options_for},
    commands::tenant,
    config, counted, say,
};

#[derive(Args)]
pub struct Options {
    /// The tenant's name
    #[arg(long)]
    tenant: String,
    /// A CSV file, or JSON (an array of objects)
    #[arg(long)]
    file: PathBuf,
    /// TOML that names the headers of an unusual file: external_id = "Booking Ref"
    #[arg(long)]
    mapping: Option<PathBuf>,
    /// Where bad rows go [default: FILE with .rejects.csv]
    #[arg(long)]
    rejects: Option<PathBuf>,
    /// Check the file, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Options {
    fn side_files(&self) -> Result<SideFiles> {
        let mut files = SideFiles::beside(&self.file);
        if let Some(rejects) = &self.rejects {
            let others = [
                Some(&self.file),
                self.mapping.as_ref(),
                Some(&files.warnings),
            ];
            check_rejects(rejects, others.into_iter().flatten().map(PathBuf::as_path))?;
            files.rejects = rejects.clone();
        }
        Ok(files)
    }
}

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    pub rows: u64,
    pub added: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub rejected: u64,
    pub warnings: u64,
}

/// Exit code 1 when rows were rejected, so that a script notices.
pub async fn run(options: Options) -> Result<ExitCode> {
    let files = options.side_files()?;
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let reading = options_for(&tenant.settings, options.mapping.as_deref())?;
    let target = (!options.dry_run).then(|| store.tenant(tenant.id));
    let started = Instant::now();
    let outcome = import(&options.file, &reading, target.as_ref(), &files, true).await?;
    if options.json {
        say!("{}", serde_json::to_string(&outcome)?)?;
    } else {
        tell(&outcome, &files, started.elapsed(), options.dry_run)?;
    }
    Ok(if outcome.rejected == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell(outcome: &Outcome, files: &SideFiles, took: Duration, dry_run: bool) -> Result<()> {
    let Outcome {
        rows,
        added,
        changed,
        unchanged,
        rejected,
        warnings,
    } = *outcome;
    let verb = if dry_run { "checked" } else { "read" };
    say!(
        "{} {verb} in {:.1} s: {added} added, {changed} changed, {unchanged} unchanged",
        counted(rows, "row"),
        took.as_secs_f64()
    )?;
    if warnings > 0 {
        say!(
            "{} on rows that went in, listed in {}",
            counted(warnings, "warning"),
            files.warnings.display()
        )?;
    }
    if rejected > 0 {
        say!(
            "{} rejected; each with its reason in {}",
            counted(rejected, "row"),
            files.rejects.display()
        )?;
    }
    Ok(())
}

/// Rows in one transaction: large enough to be quick, small enough that an interruption loses little.
/// Running the same file again takes up where it stopped.
const CHUNK: usize = 1000;

/// Reads a file; without a target, only checks it.
pub async fn import(
    file: &Path,
    options: &ImportOptions,
    target: Option<&TenantStore>,
    files: &SideFiles,
    show_progress: bool,
) -> Result<Outcome> {
    let file = AppointmentFile::read(file)?;
    let mut rows = file.rows(options)?;
    let progress = Progress::start(show_progress);
    let mut rejects = ProblemFile::at(&files.rejects);
    let mut warnings = ProblemFile::at(&files.warnings);
    let mut outcome = Outcome::default();
    let mut chunk = Vec::with_capacity(CHUNK);
    while let Some(row) = rows.next() {
        outcome.rows += 1;
        match row {
            Ok(row) => {
                outcome.warnings += row.warnings.len() as u64;
                row.warnings
                    .iter()
                    .try_for_each(|warning| warnings.write(warning))?;
                chunk.push(new_appointment(row));
            }
            Err(row) => {
                outcome.rejected += 1;
                row.problems
                    .iter()
                    .try_for_each(|problem| rejects.write(problem))?;
            }
        }
        if chunk.len() == CHUNK {
            flush(target, &mut chunk, &mut outcome).await?;
            progress.at(&rows);
        }
    }
    flush(target, &mut chunk, &mut outcome).await?;
    progress.done();
    rejects.finish()?;
    warnings.finish()?;
    for note in rows.notes() {
        eprintln!("note: {note}");
    }
    Ok(outcome)
}

async fn flush(
    target: Option<&TenantStore>,
    chunk: &mut Vec<NewAppointment>,
    outcome: &mut Outcome,
) -> Result<()> {
    if let (Some(target), false) = (target, chunk.is_empty()) {
        let mut tx = target.begin().await?;
        let imported = tx.upsert_appointments(Timestamp::now(), chunk).await?;
        tx.commit().await?;
        outcome.added += imported.added;
        outcome.changed += imported.changed;
        outcome.unchanged += imported.unchanged;
    }
    chunk.clear();
    Ok(())
}

/// A checked row in the store's shape.
fn new_appointment(row: AppointmentRow) -> NewAppointment {
    NewAppointment {
        id: AppointmentId::generate(),
        external_id: row.external_id,
        contact: NewContact {
            name: row.name,
            email: row.email,
            e164: row.number.map(|parsed| parsed.number.e164().to_owned()),
            zones: row.contact_zones,
            consent_source: row.consent_source,
            consent_at: row.consent_at,
            preferences: row.preferences,
        },
        starts_at: row.starts_at,
        time_zone: row.time_zone,
        first_of_two: row.local_choice == LocalChoice::FirstOfTwo,
        kind: row.kind,
        practitioner: row.provider,
        duration_minutes: row.duration_minutes.map(i32::from),
        location: row.location,
        instructions: row.instructions,
        call_before_hours: row.call_before_hours.map(i32::from),
        status: Some(row.status),
    }
}

/// Where an import writes what a person should look at.
#[derive(Debug, Clone)]
pub struct SideFiles {
    /// Bad rows, which did not go in.
    pub rejects: PathBuf,
    /// Rows that went in and deserve a look.
    pub warnings: PathBuf,
}

impl SideFiles {
    /// With the name of the file that is imported, and endings of their own.
    pub fn beside(file: &Path) -> Self {
        Self {
            rejects: file.with_extension("rejects.csv"),
            warnings: file.with_extension("warnings.csv"),
        }
    }
}
