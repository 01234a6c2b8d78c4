//! `bellhop import`: appointments from a file into the store, and bad rows into a rejects file.

use std::{
    fs::{self, File},
    io::BufWriter,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::Args;
use domain::{
    country::Country,
    ids::AppointmentId,
    import::{
        AppointmentRow, Format, HeaderMapping, ImportDefaults, ImportOptions, RejectsWriter,
        read_appointments,
    },
    settings::Settings,
    zone::LocalChoice,
};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde::Serialize;
use store::{NewAppointment, NewContact, TenantStore};

use crate::{commands::tenant, config, say};

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
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let reading = options_for(&tenant.settings, options.mapping.as_deref())?;
    let rejects = options
        .rejects
        .unwrap_or_else(|| options.file.with_extension("rejects.csv"));
    let target = (!options.dry_run).then(|| store.tenant(tenant.id));
    let started = Instant::now();
    let files = SideFiles {
        rejects,
        warnings: options.file.with_extension("warnings.csv"),
    };
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
        "{rows} rows {verb} in {:.1} s: {added} added, {changed} changed, {unchanged} unchanged",
        took.as_secs_f64()
    )?;
    if warnings > 0 {
        say!(
            "{warnings} warnings on rows that went in, listed in {}",
            files.warnings.display()
        )?;
    }
    if rejected > 0 {
        say!(
            "{rejected} rows rejected; each with its reason in {}",
            files.rejects.display()
        )?;
    }
    Ok(())
}

/// How a tenant's files are read.
pub fn options_for(settings: &Settings, mapping: Option<&Path>) -> Result<ImportOptions> {
    let mapping = mapping
        .map(|path| {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            HeaderMapping::parse(&text).with_context(|| path.display().to_string())
        })
        .transpose()?;
    let country: Country = settings.tenant.country.parse().context("tenant.country")?;
    Ok(ImportOptions {
        defaults: ImportDefaults {
            time_zone: settings.tenant.zone()?,
            country,
        },
        mapping,
    })
}

/// By the file's name: JSON when it ends so, else CSV.
pub fn format_of(file: &Path) -> Format {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some(extension) if extension.eq_ignore_ascii_case("json") => Format::Json,
        _ => Format::Csv,
    }
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
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut rows = read_appointments(&bytes, format_of(file), options)
        .with_context(|| file.display().to_string())?;
    let bar = progress_bar(show_progress);
    let mut rejects = SideFile::at(&files.rejects);
    let mut warnings = SideFile::at(&files.warnings);
    let mut outcome = Outcome::default();
    let mut chunk = Vec::with_capacity(CHUNK);
    while let Some(row) = rows.next() {
        outcome.rows += 1;
        match row {
            Ok(row) => {
                outcome.warnings += row.warnings.len() as u64;
                for warning in &row.warnings {
                    warnings.writer()?.write_problem(warning)?;
                }
                chunk.push(new_appointment(row));
            }
            Err(row) => {
                outcome.rejected += 1;
                rejects.writer()?.write(&row)?;
            }
        }
        if chunk.len() == CHUNK {
            flush(target, &mut chunk, &mut outcome).await?;
            bar.set_position((rows.progress() * 1000.0) as u64);
        }
    }
    flush(target, &mut chunk, &mut outcome).await?;
    bar.finish_and_clear();
    rejects.finish()?;
    warnings.finish()?;
    for note in rows.notes() {
        eprintln!("note: {note}");
    }
    Ok(outcome)
}

fn progress_bar(show: bool) -> ProgressBar {
    if !show {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(1000);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {percent} %  {elapsed} of about {duration}")
    {
        bar.set_style(style);
    }
    bar
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
pub fn new_appointment(row: AppointmentRow) -> NewAppointment {
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

/// A file made when there is something to write; one of an earlier run is removed.
struct SideFile<'a> {
    path: &'a Path,
    writer: Option<RejectsWriter<BufWriter<File>>>,
}

impl<'a> SideFile<'a> {
    fn at(path: &'a Path) -> Self {
        // Not there, most of the time.
        let _ = fs::remove_file(path);
        Self { path, writer: None }
    }

    fn writer(&mut self) -> Result<&mut RejectsWriter<BufWriter<File>>> {
        if self.writer.is_none() {
            let file = File::create(self.path)
                .with_context(|| format!("cannot write {}", self.path.display()))?;
            self.writer = Some(RejectsWriter::new(BufWriter::new(file))?);
        }
        self.writer.as_mut().context("the writer was just made")
    }

    fn finish(self) -> Result<()> {
        if let Some(mut writer) = self.writer {
            writer.flush()?;
        }
        Ok(())
    }
}
