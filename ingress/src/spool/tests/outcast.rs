use super::*;

#[test]
fn an_event_that_was_set_aside_holds_up_no_other_and_can_be_exported() {
    let folder = TempDir::new().unwrap();
    let spool = open(&folder);
    let events = vec![event(1, 100), event(2, 100), event(3, 100)];
    spool.append(&events).unwrap();
    let poisonous = positions(&spool)[0];
    spool
        .set_aside(poisonous, "refused by the database", now())
        .unwrap();
    assert_eq!(waiting(&spool), [2, 3]);
    assert_eq!((spool.len(), spool.aside_len()), (2, 1));
    drop(spool);

    let spool = open(&folder);
    assert_eq!((spool.len(), spool.aside_len()), (2, 1));
    assert_eq!(
        spool.aside(Position::FIRST, 10).unwrap(),
        [Aside {
            position: poisonous,
            event: Some((events[0].tenant, now())),
            set_aside_at: now(),
            reason: "refused by the database".into(),
        }]
    );
    assert_eq!(spool.read_aside(poisonous).unwrap(), events[0]);
}

#[test]
fn an_event_that_is_put_back_is_drained_in_its_old_place() {
    let folder = TempDir::new().unwrap();
    let spool = open(&folder);
    spool
        .append(&(1..=3).map(|n| event(n, 100)).collect::<Vec<_>>())
        .unwrap();
    let bytes = spool.bytes();
    let second = positions(&spool)[1];
    spool.set_aside(second, "refused", now()).unwrap();
    assert_eq!(waiting(&spool), [1, 3]);
    spool.put_back(second).unwrap();
    assert_eq!(waiting(&spool), [1, 2, 3]);
    assert_eq!((spool.aside_len(), spool.bytes()), (0, bytes));
}

#[test]
fn an_event_can_be_discarded_once_it_was_set_aside() {
    let folder = TempDir::new().unwrap();
    let spool = open(&folder);
    spool.append(&[event(1, 100)]).unwrap();
    let only = positions(&spool)[0];
    assert!(matches!(
        spool.discard_aside(only),
        Err(SpoolError::NotFound { .. })
    ));
    spool.set_aside(only, "refused", now()).unwrap();
    spool.discard_aside(only).unwrap();
    assert_eq!((spool.len(), spool.aside_len(), spool.bytes()), (0, 0, 0));
}

#[test]
fn what_is_not_there_is_not_found() {
    let folder = TempDir::new().unwrap();
    let spool = open(&folder);
    let nowhere: Position = "7".parse().unwrap();
    let results = [
        spool.set_aside(nowhere, "refused", now()),
        spool.put_back(nowhere),
        spool.discard_aside(nowhere),
        spool.read_aside(nowhere).map(drop),
    ];
    for result in results {
        assert!(matches!(result, Err(SpoolError::NotFound { position }) if position == nowhere));
    }
    assert_eq!((spool.len(), spool.aside_len(), spool.bytes()), (0, 0, 0));
}

#[test]
fn the_list_is_read_a_page_at_a_time() {
    let folder = TempDir::new().unwrap();
    let spool = open(&folder);
    spool
        .append(&(0..5).map(|n| event(n, 10)).collect::<Vec<_>>())
        .unwrap();
    for position in positions(&spool) {
        spool
            .set_aside(position, &"long ".repeat(1_000), now())
            .unwrap();
    }
    let first = spool.aside(Position::FIRST, 3).unwrap();
    assert_eq!(first.len(), 3);
    assert_eq!(first[0].reason.chars().count(), 300);
    let rest = spool.aside(first[2].position, 10).unwrap();
    assert_eq!(rest.len(), 3, "the page begins where it is told to");
}

#[test]
fn an_event_of_a_lost_key_can_be_set_aside_and_is_opened_when_the_key_is_found() {
    let folder = TempDir::new().unwrap();
    let spool = open(&folder);
    spool.append(&[event(1, 100)]).unwrap();
    drop(spool);
    let other = KeyRing::parse(&KeyRing::generate()).unwrap();
    let spool = Spool::open(folder.path(), other, SpoolLimits::default()).unwrap();
    let Err(SpoolError::Unreadable { position }) = spool.next(1) else {
        panic!("another key opens nothing");
    };
    spool.set_aside(position, "no key", now()).unwrap();
    assert!(matches!(
        spool.read_aside(position),
        Err(SpoolError::Unreadable { .. })
    ));
    spool.append(&[event(2, 100)]).unwrap();
    assert_eq!(waiting(&spool), [2]);
    drop(spool);
    assert_eq!(number(&open(&folder).read_aside(position).unwrap()), 1);
}
