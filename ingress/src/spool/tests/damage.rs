//! A file that was changed behind the spool's back: refused, or whole; never emptied, never a panic.

use std::{fs, sync::LazyLock};

use proptest::prelude::*;

use super::*;

/// The file of a spool with some events, drained a little, and the numbers that wait.
struct Image {
    /// As a crash leaves it.
    crashed: Vec<u8>,
    closed: Vec<u8>,
    left: Vec<u64>,
}

fn image(count: u64) -> Image {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("events.redb");
    let spool = open(&folder);
    spool
        .append(&(0..3).map(|n| event(n, 700)).collect::<Vec<_>>())
        .unwrap();
    spool.forget(&positions(&spool)[..2]).unwrap();
    for number in 3..count {
        spool.append(&[event(number, 700)]).unwrap();
    }
    let (left, crashed) = (waiting(&spool), fs::read(&file).unwrap());
    drop(spool);
    Image {
        crashed,
        closed: fs::read(file).unwrap(),
        left,
    }
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
            spool.append(&[event(99, 10)]).unwrap();
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
    let Image {
        crashed,
        closed,
        left,
    } = image(20);
    for bytes in [crashed, closed] {
        whole_or_refused(&bytes, &left).unwrap();
        let (half, most) = (bytes.len() / 2, bytes.len() - 4_096);
        for length in [
            0,
            1,
            64,
            320,
            4_095,
            4_096,
            8_192,
            half,
            most,
            bytes.len() - 1,
        ] {
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
    open(&folder).append(&[event(1, 10)]).unwrap();
    assert_eq!(waiting(&open(&folder)), [1]);
}

#[test]
fn a_format_of_the_future_is_refused_and_kept() {
    let folder = TempDir::new().unwrap();
    open(&folder);
    let file = folder.path().join("events.redb");
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

/// Bytes at the start that nothing else repeats.
const HEADER: usize = 320;

/// Says which of the last two commits counts. The library has no checksum over it, so that a change of
/// just this bit is believed.
const WHICH_COMMIT: usize = 9;

static IMAGE: LazyLock<Image> = LazyLock::new(|| image(12));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn changed_bytes_lose_nothing_in_silence(
        crashed in any::<bool>(),
        cut in prop::option::weighted(0.2, 0.0..1.0f64),
        changes in prop::collection::vec((any::<bool>(), 0.0..1.0f64, 1..=255u8), 1..4),
    ) {
        let mut bytes = if crashed { &IMAGE.crashed } else { &IMAGE.closed }.clone();
        let place = |share: f64, of: usize| (share * of as f64) as usize;
        for (in_header, share, flip) in changes {
            let at = place(share, if in_header { HEADER } else { bytes.len() });
            if at != WHICH_COMMIT {
                bytes[at] ^= flip;
            }
        }
        if let Some(share) = cut {
            bytes.truncate(place(share, bytes.len()));
        }
        match whole_or_refused(&bytes, &IMAGE.left) {
            Ok(()) | Err(SpoolError::Damaged { .. } | SpoolError::UnknownFormat { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}
