//! A file that was changed behind the spool's back: refused, or whole; never emptied, never a panic.

use std::{fs, path::PathBuf, sync::LazyLock};

use proptest::prelude::*;

use super::*;

/// The file of a spool with some events, drained a little, and the numbers that wait.
fn a_file(folder: &TempDir, count: u64) -> (PathBuf, Vec<u64>) {
    let spool = open(folder);
    for number in 0..count {
        spool.append(vec![event(number, 700)]).unwrap();
    }
    spool.forget(&positions(&spool)[..2]).unwrap();
    let left = waiting(&spool);
    drop(spool);
    (folder.path().join("events.redb"), left)
}

/// Opens a file with these bytes: all that was there is there, or it is refused and left as it is.
fn whole_or_refused(bytes: &[u8], left: &[u64]) -> Result<(), SpoolError> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("events.redb");
    fs::write(&file, bytes).unwrap();
    let opened = Spool::open(folder.path(), keys(), SpoolLimits::default());
    match opened {
        Ok(spool) => {
            assert_eq!(waiting(&spool), left);
            spool.append(vec![event(99, 10)]).unwrap();
            Ok(())
        }
        Err(error) => {
            assert_eq!(fs::metadata(&file).unwrap().len(), bytes.len() as u64);
            Err(error)
        }
    }
}

#[test]
fn a_file_that_was_cut_short_is_refused_in_plain_words() {
    let folder = TempDir::new().unwrap();
    let (file, left) = a_file(&folder, 20);
    let bytes = fs::read(file).unwrap();
    whole_or_refused(&bytes, &left).unwrap();
    let lengths = [
        0,
        1,
        64,
        320,
        4_095,
        4_096,
        8_192,
        bytes.len() / 2,
        bytes.len() - 4_096,
        bytes.len() - 1,
    ];
    for length in lengths {
        let error = whole_or_refused(&bytes[..length], &left).unwrap_err();
        assert!(
            matches!(error, SpoolError::Damaged { .. }),
            "{length}: {error:?}"
        );
        assert!(
            error.to_string().contains("was left as it is"),
            "{length}: {error}"
        );
    }
}

#[test]
fn a_file_of_something_else_is_refused() {
    let table = [
        vec![0; 100_000],
        b"hello".repeat(10_000),
        b"redb\x1a\x0a\xa9\x0d\x0a".repeat(9_000),
    ];
    for bytes in table {
        let error = whole_or_refused(&bytes, &[]).unwrap_err();
        assert!(matches!(error, SpoolError::Damaged { .. }), "{error:?}");
    }
}

#[test]
fn a_database_of_somebody_elses_is_refused() {
    let folder = TempDir::new().unwrap();
    let database = Database::create(folder.path().join("events.redb")).unwrap();
    drop(database);
    let error = Spool::open(folder.path(), keys(), SpoolLimits::default()).unwrap_err();
    assert!(matches!(&error, SpoolError::Damaged { why } if why == "it is not a spool's"));
}

#[test]
fn a_file_that_was_never_finished_is_made_anew() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("events.new"), "half a file").unwrap();
    open(&folder).append(vec![event(1, 10)]).unwrap();
    assert_eq!(waiting(&open(&folder)), [1]);
}

#[test]
fn a_format_of_the_future_is_refused_and_kept() {
    let folder = TempDir::new().unwrap();
    let (file, _) = a_file(&folder, 3);
    let database = Database::open(&file).unwrap();
    let transaction = database.begin_write().unwrap();
    let about: redb::TableDefinition<'_, &str, u64> = redb::TableDefinition::new("about");
    transaction
        .open_table(about)
        .unwrap()
        .insert("format", 2)
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    for _ in 0..2 {
        let error = Spool::open(folder.path(), keys(), SpoolLimits::default()).unwrap_err();
        assert!(matches!(error, SpoolError::UnknownFormat { format: 2 }));
    }
}

static A_FILE: LazyLock<(Vec<u8>, Vec<u64>)> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    let (file, left) = a_file(&folder, 12);
    (fs::read(file).unwrap(), left)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn changed_bytes_lose_nothing_in_silence(
        cut in prop::option::weighted(0.3, 0.0..1.0f64),
        changes in prop::collection::vec((0.0..1.0f64, 1..=255u8), 0..4),
    ) {
        let (bytes, left) = &*A_FILE;
        let mut bytes = bytes.clone();
        let place = |share: f64, of: usize| (share * of as f64) as usize;
        for (share, flip) in changes {
            let at = place(share, bytes.len());
            bytes[at] ^= flip;
        }
        if let Some(share) = cut {
            bytes.truncate(place(share, bytes.len()));
        }
        let result = whole_or_refused(&bytes, left);
        prop_assert!(matches!(result, Ok(()) | Err(SpoolError::Damaged { .. } | SpoolError::UnknownFormat { .. })), "{result:?}");
    }
}
