use std::{fs, os::unix::fs::PermissionsExt};

use domain::event::Priority;

use super::*;

#[test]
fn what_was_appended_comes_back_in_order_and_whole() {
    let folder = TempDir::new().unwrap();
    let spool = open(&folder);
    let bare = SpooledEvent {
        source: None,
        call: None,
        provider_call_id: None,
        priority: Priority::Critical,
        request_id: None,
        body: vec![0, 255, 10],
        headers: json!({}),
        ..event(2, 0)
    };
    let events = vec![event(1, 2_000), bare, event(3, 0)];
    spool.append(&events[..1]).unwrap();
    spool.append(&events[1..]).unwrap();
    let holds_them = |spool: &Spool| {
        let (positions, found): (Vec<_>, Vec<_>) = spool.next(10).unwrap().into_iter().unzip();
        assert_eq!(found, events);
        assert!(positions.is_sorted());
        assert_eq!(spool.len(), 3);
    };
    holds_them(&spool);
    drop(spool);
    holds_them(&open(&folder));
}

#[test]
fn an_event_becomes_what_it_was_before() {
    let before = event(1, 10).into_event("retell");
    let after = SpooledEvent::new(before.clone(), now()).into_event("retell");
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
}

#[test]
fn the_oldest_are_drained_first_and_a_place_is_never_used_again() {
    let folder = TempDir::new().unwrap();
    let spool = open(&folder);
    spool
        .append(&(0..5).map(|n| event(n, 10)).collect::<Vec<_>>())
        .unwrap();
    let first = spool.next(2).unwrap();
    assert_eq!(
        first.iter().map(|(_, e)| number(e)).collect::<Vec<_>>(),
        [0, 1]
    );
    let done: Vec<_> = first.iter().map(|(position, _)| *position).collect();
    spool.forget(&done).unwrap();
    spool.forget(&done).unwrap();
    assert_eq!(waiting(&spool), [2, 3, 4]);
    let last = *positions(&spool).last().unwrap();
    spool.forget(&positions(&spool)).unwrap();
    assert!(spool.is_empty());
    assert_eq!(spool.bytes(), 0);
    drop(spool);

    let spool = open(&folder);
    spool.append(&[event(9, 10)]).unwrap();
    assert!(positions(&spool)[0] > last);
}

#[test]
fn a_batch_ends_at_so_many_bytes_but_holds_at_least_one_event() {
    let folder = TempDir::new().unwrap();
    let spool = open(&folder);
    for (number, bytes) in [(0, 20_000), (1, 4_000), (2, 4_000), (3, 10)] {
        spool.append(&[event(number, bytes)]).unwrap();
    }
    let mut batches = Vec::new();
    while !spool.is_empty() {
        let batch = spool.batch(10, 8_000).unwrap();
        batches.push(
            batch
                .iter()
                .map(|(_, event)| number(event))
                .collect::<Vec<_>>(),
        );
        let done: Vec<_> = batch.iter().map(|(position, _)| *position).collect();
        spool.forget(&done).unwrap();
    }
    assert_eq!(batches, [vec![0], vec![1], vec![2, 3]]);
}

#[test]
fn a_full_spool_takes_none_of_a_batch_and_keeps_what_it_has() {
    let folder = TempDir::new().unwrap();
    let one = record::seal(&event(0, 1_000), &keys()).unwrap().len() as u64;
    let table = [
        (
            SpoolLimits {
                max_events: 3,
                max_bytes: u64::MAX,
            },
            3,
        ),
        (
            SpoolLimits {
                max_events: u64::MAX,
                max_bytes: 3 * one,
            },
            3,
        ),
        (
            SpoolLimits {
                max_events: u64::MAX,
                max_bytes: 3 * one - 1,
            },
            2,
        ),
    ];
    for (row, (limits, fits)) in table.into_iter().enumerate() {
        let spool = Spool::open(&folder.path().join(row.to_string()), keys(), limits).unwrap();
        spool.append(&vec![event(0, 1_000); fits - 1]).unwrap();
        let too_many = vec![event(0, 1_000); 2];
        assert!(matches!(
            spool.append(&too_many),
            Err(SpoolError::Full { .. })
        ));
        assert_eq!(spool.len(), fits as u64 - 1);
        spool.append(&[event(0, 1_000)]).unwrap();
        assert!(matches!(
            spool.append(&[event(0, 1_000)]),
            Err(SpoolError::Full { .. })
        ));
        // Room again once something is drained; what is set aside still takes its place.
        spool
            .set_aside(positions(&spool)[0], "refused", now())
            .unwrap();
        assert!(matches!(
            spool.append(&[event(0, 1_000)]),
            Err(SpoolError::Full { .. })
        ));
        spool.forget(&positions(&spool)).unwrap();
        spool.append(&[event(0, 500)]).unwrap();
    }
}

#[test]
fn only_one_holds_a_spool_at_a_time() {
    let folder = TempDir::new().unwrap();
    let spool = open(&folder);
    let second = Spool::open(folder.path(), keys(), SpoolLimits::default());
    let error = second.unwrap_err();
    assert!(matches!(&error, SpoolError::Busy { folder: busy } if busy == folder.path()));
    assert!(
        error
            .to_string()
            .starts_with("another process holds the spool")
    );
    drop(spool);
    open(&folder);
}

#[test]
fn nobody_else_may_read_the_files_and_they_show_nothing_of_an_event() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("a/spool");
    let spool = Spool::open(&folder, keys(), SpoolLimits::default()).unwrap();
    spool.append(&[event(1, 5_000)]).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_owned());
        let bytes = fs::read(&path).unwrap();
        for word in [
            &b"AAAA"[..],
            b"call_4f8d",
            b"call_ended",
            b"content-type",
            b"req-1",
        ] {
            assert!(!bytes.windows(word.len()).any(|window| window == word));
        }
    }
    names.sort();
    assert_eq!(names, ["events.redb", "lock"]);
    let printed = format!("{spool:?} {:?}", event(1, 5));
    assert!(
        !printed.contains("AAAA") && !printed.contains("65, 65"),
        "{printed}"
    );
}

#[test]
fn a_file_that_was_drained_gives_its_space_back_when_it_is_opened_again() {
    let folder = TempDir::new().unwrap();
    let size = || {
        fs::metadata(folder.path().join("events.redb"))
            .unwrap()
            .len()
    };
    let spool = open(&folder);
    spool
        .change(|change| (0..20).try_for_each(|_| change.append(&vec![7; 1 << 20])))
        .unwrap();
    assert!(size() > 20 << 20);
    drop(spool);
    let spool = open(&folder);
    assert_eq!(spool.len(), 20);
    let all: Vec<_> = (0..20).map(Position).collect();
    spool.forget(&all).unwrap();
    drop(spool);
    open(&folder);
    assert!(size() < 4 << 20, "{}", size());
}

#[test]
fn the_oldest_arrival_is_known() {
    let folder = TempDir::new().unwrap();
    let spool = open(&folder);
    assert_eq!(spool.oldest_at().unwrap(), None);
    let later = SpooledEvent {
        arrived_at: "2027-03-26T10:00:00Z".parse().unwrap(),
        ..event(2, 10)
    };
    spool.append(&[event(1, 10), later.clone()]).unwrap();
    assert_eq!(spool.oldest_at().unwrap(), Some(now()));
    spool.forget(&positions(&spool)[..1]).unwrap();
    assert_eq!(spool.oldest_at().unwrap(), Some(later.arrived_at));
}

#[test]
fn a_retired_key_still_opens_and_a_wrong_one_says_which_event() {
    let folder = TempDir::new().unwrap();
    let spool = open(&folder);
    spool.append(&[event(1, 10), event(2, 10)]).unwrap();
    let oldest = positions(&spool)[0];
    drop(spool);
    let newer = KeyRing::generate();
    let newer = secrecy::ExposeSecret::expose_secret(&newer).replace("k1:", "k2:");
    let old = "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let both = KeyRing::parse(&SecretString::from(format!("{newer},{old}"))).unwrap();
    let spool = Spool::open(folder.path(), both, SpoolLimits::default()).unwrap();
    spool.append(&[event(3, 10)]).unwrap();
    assert_eq!(waiting(&spool), [1, 2, 3]);
    drop(spool);

    let only_new = KeyRing::parse(&SecretString::from(newer)).unwrap();
    let spool = Spool::open(folder.path(), only_new, SpoolLimits::default()).unwrap();
    let error = spool.next(10).unwrap_err();
    assert!(matches!(error, SpoolError::Unreadable { position } if position == oldest));
    assert_eq!(spool.len(), 3, "nothing is lost by it");
    assert_eq!(spool.oldest_at().unwrap(), Some(now()));
}
