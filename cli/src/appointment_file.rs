//! A file of appointments as a command reads it: how, how far, and where its bad rows are written.

use std::{
    fs::{self, File},
    io::BufWriter,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use domain::{
    country::Country,
    import::{
        Format, HeaderMapping, Import, ImportDefaults, ImportOptions, Problem, RejectsWriter,
        read_appointments,
    },
    settings::Settings,
};
use indicatif::{ProgressBar, ProgressStyle};

/// CSV, or JSON when the file's name ends so.
pub struct AppointmentFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl AppointmentFile {
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let path = path.to_owned();
        Ok(Self { path, bytes })
    }

    pub fn rows(&self, options: &ImportOptions) -> Result<Import<'_>> {
        let extension = self.path.extension().and_then(|each| each.to_str());
        let format = match extension {
            Some(extension) if extension.eq_ignore_ascii_case("json") => Format::Json,
            _ => Format::Csv,
        };
        read_appointments(&self.bytes, format, options)
            .with_context(|| self.path.display().to_string())
    }
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

/// How far the file has been read, on standard error when that is a terminal.
pub struct Progress(ProgressBar);

impl Progress {
    pub fn start(shown: bool) -> Self {
        if !shown {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(1000);
        let template = "{bar:40} {percent} %  {elapsed} of about {duration}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub fn at(&self, rows: &Import<'_>) {
        self.0.set_position((rows.progress() * 1000.0) as u64);
    }

    pub fn done(&self) {
        self.0.finish_and_clear();
    }
}

/// Fails when `--rejects` names one of `others`: [`ProblemFile::at`] removes what is there, and with it a file
/// that has yet to be read.
pub fn check_rejects<'a>(rejects: &Path, others: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    let place = place_of(rejects);
    if others.into_iter().any(|other| place_of(other) == place) {
        bail!(
            "--rejects names {}, which is read, or written with something else; give another file",
            rejects.display()
        );
    }
    Ok(())
}

/// Where a path leads, so that two spellings of it are equal. The file itself need not be there yet.
fn place_of(path: &Path) -> PathBuf {
    if let Ok(place) = path.canonicalize() {
        return place;
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// A file of problems, made when there is one to write; that of an earlier run is removed.
pub struct ProblemFile {
    path: PathBuf,
    writer: Option<RejectsWriter<BufWriter<File>>>,
}

impl ProblemFile {
    pub fn at(path: &Path) -> Self {
        // Not there, most of the time.
        let _ = fs::remove_file(path);
        let path = path.to_owned();
        Self { path, writer: None }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn write(&mut self, problem: &Problem) -> Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let file = crate::private_file(&self.path)
                    .with_context(|| format!("cannot write {}", self.path.display()))?;
                none.insert(RejectsWriter::new(BufWriter::new(file))?)
            }
        };
        Ok(writer.write(problem)?)
    }

    /// To be called at the end: what was not written by then might be lost without an error.
    pub fn finish(&mut self) -> Result<()> {
        Ok(self.writer.as_mut().map_or(Ok(()), RejectsWriter::flush)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_go_to_no_file_that_serves_something_else() {
        let unique = format!("bellhop-rejects-{}", std::process::id());
        let folder = std::env::temp_dir().join(&unique);
        // The same folder, spelled in another way.
        let again = folder.join("..").join(&unique);
        fs::create_dir_all(&folder).unwrap();
        let there = folder.join("appointments.csv");
        fs::write(&there, "").unwrap();
        let not_yet = folder.join("appointments.warnings.csv");
        let check = |rejects: PathBuf| {
            check_rejects(&rejects, [there.as_path(), not_yet.as_path()]).is_ok()
        };
        let refused = [
            there.clone(),
            again.join("appointments.csv"),
            not_yet.clone(),
            again.join("appointments.warnings.csv"),
        ]
        .map(check);
        let taken =
            ["rejects.csv", "no-such-folder/appointments.csv"].map(|name| check(folder.join(name)));
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(refused, [false; 4]);
        assert_eq!(taken, [true; 2]);
    }
}
