//! A disk that loses its power, or has no room, at any write.

use std::{
    io,
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use redb::StorageBackend;

use super::{super::file::builder, *};

/// A disk in memory. What was written since the last sync may be lost with the power.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk(Arc<Parts>);

#[derive(Debug, Default)]
struct Parts {
    content: Mutex<Content>,
    full: AtomicBool,
    /// The power fails after so many further writes; negative: not at all.
    power: AtomicI64,
}

#[derive(Debug, Default)]
struct Content {
    made: bool,
    now: Vec<u8>,
    synced: Vec<u8>,
    /// Since the last sync, in order.
    writes: Vec<Write>,
}

#[derive(Debug, Clone)]
enum Write {
    Length(usize),
    Bytes(usize, Vec<u8>),
}

impl Write {
    fn onto(&self, content: &mut Vec<u8>) {
        match self {
            Self::Length(length) => content.resize(*length, 0),
            Self::Bytes(at, bytes) => {
                if content.len() < at + bytes.len() {
                    content.resize(at + bytes.len(), 0);
                }
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
        }
    }
}

impl Disk {
    pub(super) fn spool(&self, limits: SpoolLimits) -> Result<Spool, SpoolError> {
        let disk = self.clone();
        let opener = move || {
            let database = builder().create_with_backend(disk.clone())?;
            let new = !std::mem::replace(&mut disk.0.content.lock().unwrap().made, true);
            if new {
                table::make(&database)?;
            }
            Ok(database)
        };
        if !self.0.content.lock().unwrap().made {
            self.0.power.store(-1, Ordering::SeqCst);
        }
        Spool::with_opener(Box::new(opener), keys(), limits)
    }

    fn has_room(&self, room: bool) {
        self.0.full.store(!room, Ordering::SeqCst);
    }

    fn power_fails_after(&self, writes: i64) {
        self.0.power.store(writes, Ordering::SeqCst);
    }

    /// Comes back with any part of what was not synced, in any order of its own.
    fn power_returns(&self, random: &mut StdRng) {
        let mut content = self.0.content.lock().unwrap();
        let mut writes = std::mem::take(&mut content.writes);
        if random.random_bool(0.5) {
            writes.shuffle(random);
        }
        let mut now = content.synced.clone();
        for write in &mut writes {
            if let Write::Bytes(_, bytes) = write
                && random.random_bool(0.2)
            {
                bytes.truncate(random.random_range(0..=bytes.len()));
            }
            if random.random_bool(0.5) {
                write.onto(&mut now);
            }
        }
        content.synced = now.clone();
        content.now = now;
        self.power_fails_after(-1);
    }

    fn write_down(&self, write: Write) -> io::Result<()> {
        if self.0.full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.use_power()?;
        let mut content = self.0.content.lock().unwrap();
        write.onto(&mut content.now);
        content.writes.push(write);
        Ok(())
    }

    fn use_power(&self) -> io::Result<()> {
        match self.0.power.load(Ordering::SeqCst) {
            0 => Err(io::Error::other("no power")),
            left => {
                self.0
                    .power
                    .store(left.saturating_sub(1).max(-1), Ordering::SeqCst);
                Ok(())
            }
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.content.lock().unwrap().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let content = self.0.content.lock().unwrap();
        let from = offset as usize;
        let bytes = content.now.get(from..from + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.write_down(Write::Length(length as usize))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.use_power()?;
        let mut content = self.0.content.lock().unwrap();
        content.synced = content.now.clone();
        content.writes.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.write_down(Write::Bytes(offset as usize, data.to_vec()))
    }
}

/// Appends until the power fails, and answers how many events were acknowledged.
fn append_until_the_power_fails(spool: &Spool, random: &mut StdRng) -> u64 {
    let mut acknowledged = 0;
    loop {
        let batch = random.random_range(1..4);
        let events =
            (acknowledged..acknowledged + batch).map(|n| event(n, random.random_range(0..3_000)));
        match spool.append(&events.collect::<Vec<_>>()) {
            Ok(()) => acknowledged += batch,
            Err(SpoolError::Storage(_)) => return acknowledged,
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_loss_of_power_at_any_write_loses_nothing_that_was_acknowledged() {
    for seed in 0..100 {
        let mut random = StdRng::seed_from_u64(seed);
        let disk = Disk::default();
        let spool = disk.spool(SpoolLimits::default()).unwrap();
        disk.power_fails_after(random.random_range(1..200));
        let acknowledged = append_until_the_power_fails(&spool, &mut random);
        drop(spool);
        disk.power_returns(&mut random);

        let spool = disk
            .spool(SpoolLimits::default())
            .unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
        let found = waiting(&spool);
        let expected: Vec<u64> = (0..found.len() as u64).collect();
        assert_eq!(found, expected, "seed {seed}: in order, without a gap");
        assert!(
            found.len() as u64 >= acknowledged,
            "seed {seed}: {acknowledged} acknowledged"
        );
        assert!(
            found.len() as u64 <= acknowledged + 3,
            "seed {seed}: at most the last batch besides"
        );
    }
}

#[test]
fn a_disk_without_room_refuses_and_takes_again_once_it_has_some() {
    let disk = Disk::default();
    let spool = disk.spool(SpoolLimits::default()).unwrap();
    spool.append(&[event(0, 100)]).unwrap();
    disk.has_room(false);
    for _ in 0..3 {
        let refused = spool.append(&[event(9, 100_000)]);
        assert!(
            matches!(refused, Err(SpoolError::Storage(_))),
            "{refused:?}"
        );
    }
    disk.has_room(true);
    spool.append(&[event(1, 100)]).unwrap();
    assert_eq!(waiting(&spool), [0, 1]);
    assert_eq!(spool.len(), 2);
}
