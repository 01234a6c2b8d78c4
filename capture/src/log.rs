//! `capture.log`: one line for each thing that happened to an event. Ids and reasons, never contents.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{config::Config, queue::is_ours_alone};

pub(crate) const NAME: &str = "capture.log";
/// A longer log is set aside.
const LIMIT: u64 = 10 << 20;
/// How many of those are kept.
const KEPT: u32 = 5;

#[derive(Debug, Clone)]
pub(crate) struct Log {
    home: PathBuf,
    /// For when the home cannot be written.
    fallback: PathBuf,
}

impl Log {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            home: config.home.clone(),
            fallback: config.fallback.clone(),
        }
    }

    #[cfg(test)]
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self {
            home: folder.to_owned(),
            fallback: folder.to_owned(),
        }
    }

    /// Writes a line; where that is not possible, nothing is said.
    pub(crate) fn line(&self, what: &str, id: Option<Uuid>, detail: &str) {
        let id = id.map_or_else(|| "-".to_owned(), |id| id.to_string());
        let now = Timestamp::now();
        let process = std::process::id();
        let line = format!("{now:.3} {process} {what} {id} {detail}");
        let line = format!("{}\n", line.trim_end());
        let written = append(&self.home.join(NAME), line.as_bytes());
        if written.is_err() && is_ours_alone(&self.fallback) {
            let _ = append(&self.fallback.join(NAME), line.as_bytes());
        }
    }
}

/// In one write, so that lines of many processes do not mix.
fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    let mut file = open(path)?;
    if file.metadata()?.len() + line.len() as u64 > LIMIT {
        rotate(path)?;
        file = open(path)?;
    }
    file.write_all(line)
}

fn open(path: &Path) -> io::Result<File> {
    File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

/// One process at a time; the others go on writing to where they are.
fn rotate(path: &Path) -> io::Result<()> {
    let turn = open(&path.with_extension("log.lock"))?;
    // Whoever had the turn before may have done it.
    if turn.try_lock().is_err() || !is_long(path) {
        return Ok(());
    }
    let aside = |number: u32| path.with_extension(format!("log.{number}"));
    for number in (1..KEPT).rev() {
        let _ = fs::rename(aside(number), aside(number + 1));
    }
    fs::rename(path, aside(1))
}

fn is_long(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|log| log.len() > LIMIT / 2)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::queue::tests::Scratch;

    #[test]
    fn a_long_log_is_set_aside_and_five_are_kept() {
        let folder = Scratch::new();
        let path = folder.path().join("capture.log");
        for round in 0..8 {
            fs::write(&path, vec![b'0' + round; LIMIT as usize]).unwrap();
            append(&path, b"new\n").unwrap();
        }
        assert_eq!(fs::read(&path).unwrap(), b"new\n");
        let first = |number: u32| {
            let file = path.with_extension(format!("log.{number}"));
            fs::read(file).ok().map(|bytes| bytes[0])
        };
        let kept = [Some(b'7'), Some(b'6'), Some(b'5'), Some(b'4'), Some(b'3')];
        assert_eq!([1, 2, 3, 4, 5].map(first), kept);
        assert_eq!(first(6), None);
    }

    #[test]
    fn no_line_is_lost_when_many_write_while_the_log_is_set_aside() {
        let folder = Scratch::new();
        let path = folder.path().join("capture.log");
        let filler = [vec![b'-'; LIMIT as usize - 1000], b"\n".to_vec()].concat();
        fs::write(&path, filler).unwrap();
        thread::scope(|scope| {
            for writer in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    for line in 0..100 {
                        append(path, format!("w{writer} l{line}\n").as_bytes()).unwrap();
                    }
                });
            }
        });
        let text = [path.with_extension("log.1"), path]
            .map(|file| fs::read_to_string(file).unwrap())
            .concat();
        let whole = text.lines().filter(|line| line.starts_with('w')).count();
        assert_eq!(whole, 800);
    }
}
