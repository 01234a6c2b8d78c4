use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::*;

/// A folder of the test's own.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("bellhop-test-{}", Uuid::now_v7()));
        DirBuilder::new().mode(0o700).create(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn queue(folder: &Scratch) -> Queue {
    queue_in(&folder.path().join("home"), false)
}

fn queue_in(folder: &Path, is_fallback: bool) -> Queue {
    Queue {
        folder: folder.to_owned(),
        is_fallback,
        log: Log::in_folder(folder),
    }
}

fn entry(event: &str, bytes: u64) -> Entry {
    Entry {
        id: Uuid::now_v7(),
        event: event.to_owned(),
        bytes,
        tries: 0,
        due: Timestamp::now(),
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn an_added_event_is_there_for_nobody_else_to_read() {
    let folder = Scratch::new();
    let queue = queue(&folder);
    let mut entry = entry("Stop", 2);
    entry.due = Timestamp::from_millisecond(entry.due.as_millisecond()).unwrap();
    drop(queue.add(entry.clone(), b"{}").unwrap());
    assert_eq!(queue.waiting(), [entry.clone()]);
    let file = queue.path("pending").join(entry.file_name());
    assert_eq!(fs::read(&file).unwrap(), b"{}");
    assert_eq!([mode(&file), mode(&queue.path("pending"))], [0o600, 0o700]);
    assert_eq!(names(&queue.path("tmp")).count(), 0);
}

#[test]
fn an_event_in_somebodys_hands_is_not_claimed() {
    let folder = Scratch::new();
    let queue = queue(&folder);
    let entry = entry("Stop", 2);
    let claim = queue.add(entry.clone(), b"{}").unwrap();
    assert!(queue.claim(&entry).is_none());
    drop(claim);
    assert_eq!(queue.claim(&entry).unwrap().body().unwrap(), b"{}");
}

#[test]
fn an_event_that_was_sent_postponed_or_given_up_meanwhile_is_not_claimed() {
    let folder = Scratch::new();
    let queue = queue(&folder);
    let ends: [fn(Claim) -> io::Result<()>; 3] = [
        Claim::delete,
        |claim| claim.later(1, Timestamp::now()),
        |claim| claim.fail("http-400"),
    ];
    for end in ends {
        let entry = entry("Stop", 2);
        let claim = queue.add(entry.clone(), b"{}").unwrap();
        end(claim).unwrap();
        assert!(queue.claim(&entry).is_none());
    }
    assert_eq!(queue.waiting().len(), 1);
    assert_eq!(queue.failed().len(), 1);
}

#[test]
fn a_given_up_event_can_be_put_back() {
    let folder = Scratch::new();
    let queue = queue(&folder);
    let entry = entry("Stop", 2);
    queue
        .add(entry.clone(), b"{}")
        .unwrap()
        .fail("away-name")
        .unwrap();
    let failed = queue.failed().pop().unwrap();
    queue.restore(&failed, Timestamp::now()).unwrap();
    assert_eq!(queue.waiting().pop().unwrap().id, entry.id);
    assert!(queue.failed().is_empty());
}

#[test]
fn only_one_has_the_turn() {
    let folder = Scratch::new();
    let queue = queue(&folder);
    queue.prepare().unwrap();
    let turn = queue.turn();
    assert!(turn.is_some() && queue.turn().is_none());
    drop(turn);
    assert!(queue.turn().is_some());
}

#[test]
fn files_of_others_are_neither_listed_nor_touched() {
    let folder = Scratch::new();
    let queue = queue(&folder);
    queue.prepare().unwrap();
    for place in ["pending", "tmp", "failed"] {
        fs::write(queue.path(place).join("notes.txt"), "x").unwrap();
        fs::create_dir(queue.path(place).join("folder")).unwrap();
    }
    queue.tidy();
    assert!(queue.waiting().is_empty() && queue.failed().is_empty());
    for place in ["pending", "tmp", "failed"] {
        assert_eq!(names(&queue.path(place)).count(), 2, "{place}");
    }
}

#[test]
fn what_a_killed_writer_left_is_recovered_or_set_aside() {
    let folder = Scratch::new();
    let queue = queue(&folder);
    queue.prepare().unwrap();
    let [whole, half, young, held] = [2, 1, 2, 2].map(|bytes| entry("Stop", bytes));
    let leave = |entry: &Entry, body: &str, is_old: bool| {
        let file = create(&queue.path("tmp").join(entry.file_name())).unwrap();
        (&file).write_all(body.as_bytes()).unwrap();
        if is_old {
            let old = SystemTime::now() - Duration::from_secs(3600);
            file.set_modified(old).unwrap();
        }
        file
    };
    drop(leave(&whole, "{}", true));
    drop(leave(&half, "{", true));
    drop(leave(&young, "{}", false));
    let lock = leave(&held, "{}", true);
    lock.try_lock().unwrap();
    queue.tidy();
    let ids = |entries: Vec<Entry>| entries.iter().map(|entry| entry.id).collect::<Vec<_>>();
    assert_eq!(ids(queue.waiting()), [whole.id]);
    let failed = queue.failed().pop().unwrap();
    assert_eq!(
        (failed.id, failed.reason.as_str()),
        (half.id, "half-written")
    );
    assert_eq!(names(&queue.path("tmp")).count(), 2);
}

#[test]
fn a_full_queue_drops_the_oldest_tool_events_and_nothing_else() {
    let folder = Scratch::new();
    let queue = queue(&folder);
    let kinds = [
        "SessionStart",
        "PreToolUse",
        "PostToolUse",
        "PostToolUseFailure",
        "Stop",
    ];
    for kind in kinds {
        drop(queue.add(entry(kind, 10), b"{}").unwrap());
    }
    let limits = |files, bytes| Limits { files, bytes };
    let left = |queue: &Queue| -> Vec<String> {
        queue
            .waiting()
            .into_iter()
            .map(|entry| entry.event)
            .collect()
    };
    assert!(queue.make_room(limits(6, 60), &queue.waiting(), 10));
    assert_eq!(left(&queue), kinds);
    assert!(queue.make_room(limits(5, 60), &queue.waiting(), 10));
    assert_eq!(
        left(&queue),
        ["SessionStart", "PostToolUse", "PostToolUseFailure", "Stop"]
    );
    assert!(queue.make_room(limits(6, 30), &queue.waiting(), 10));
    assert_eq!(left(&queue), ["SessionStart", "Stop"]);
    assert!(!queue.make_room(limits(2, 60), &queue.waiting(), 10));
    assert_eq!(left(&queue), ["SessionStart", "Stop"]);
    assert_eq!(queue.dropped(), 3);
    let log = fs::read_to_string(queue.path("capture.log")).unwrap();
    assert_eq!(log.matches(" dropped ").count(), 3);
}

#[test]
fn a_fallback_that_somebody_else_may_have_made_is_refused() {
    let folder = Scratch::new();
    let open = folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    for place in [&open, &link] {
        assert!(queue_in(place, true).add(entry("Stop", 2), b"{}").is_err());
        assert!(!place.join("pending").exists());
    }
    let fresh = folder.path().join("fresh");
    assert!(queue_in(&fresh, true).add(entry("Stop", 2), b"{}").is_ok());
}

#[test]
fn numbers_are_given_once() {
    let folder = Scratch::new();
    let queue = queue(&folder);
    queue.prepare().unwrap();
    let mut numbers: Vec<u64> = std::thread::scope(|scope| {
        let taking: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    (0..50)
                        .filter_map(|_| queue.next_number())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        taking
            .into_iter()
            .flat_map(|taken| taken.join().unwrap())
            .collect()
    });
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=400).collect::<Vec<u64>>());
}
