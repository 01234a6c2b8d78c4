//! A process that is killed in the middle of its work. The test is its own victim, told so by a variable.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdout, Command, Stdio},
};

use rustix::process::{Resource, getrlimit, setrlimit};

use super::*;

const VICTIM: &str = "BELLHOP_TEST_SPOOL";

/// This test once more, as a process of its own that works in the folder.
fn victim(test: &str, folder: &TempDir) -> (Child, BufReader<ChildStdout>) {
    // A write past the allowed size would end the process by a signal; it shall fail instead.
    let mut child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(VICTIM, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap());
    (child, said)
}

/// The number behind `acknowledged`, which the test's own words may come before.
fn acknowledged(line: &str) -> Option<u64> {
    let (_, number) = line.split_once("acknowledged ")?;
    number.trim().parse().ok()
}

fn say(number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "acknowledged {number}").unwrap();
    out.flush().unwrap();
}

/// Appends for ever, in batches of one to three, and says what is durable.
fn append_for_ever(folder: &str) {
    let spool = Spool::open(Path::new(folder), keys(), SpoolLimits::default()).unwrap();
    let first = waiting(&spool).last().map_or(0, |last| last + 1);
    for batch in 0.. {
        let from = first + 2 * batch;
        let events = vec![event(from, 20), event(from + 1, 3_000)];
        spool.append(&events).unwrap();
        say(from + 1);
    }
}

#[test]
fn a_killed_process_loses_nothing_that_it_acknowledged() {
    if let Ok(folder) = env::var(VICTIM) {
        return append_for_ever(&folder);
    }
    let folder = TempDir::new().unwrap();
    let test = "spool::tests::crash::a_killed_process_loses_nothing_that_it_acknowledged";
    let mut first = 0;
    for round in 0..12 {
        let (mut child, mut said) = victim(test, &folder);
        let mut last = None;
        let mut line = String::new();
        // Killed after another count of lines each time, somewhere within the next commit.
        for _ in 0..3 + 5 * (round % 4) {
            while {
                line.clear();
                assert_ne!(
                    said.read_line(&mut line).unwrap(),
                    0,
                    "the victim ended by itself"
                );
                acknowledged(&line).is_none()
            } {}
            last = acknowledged(&line);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        let last = rest
            .lines()
            .filter_map(acknowledged)
            .next_back()
            .or(last)
            .unwrap();

        let spool = open(&folder);
        let found = waiting(&spool);
        let expected: Vec<u64> = (first..first + found.len() as u64).collect();
        assert_eq!(found, expected, "in order, without a gap");
        let newest = *found.last().unwrap();
        assert!(
            newest == last || newest == last + 2,
            "{newest} after {last}: whole batches only"
        );
        let drained = &positions(&spool)[..found.len() / 2];
        spool.forget(drained).unwrap();
        first += drained.len() as u64;
    }
}

/// Appends until a file may not grow any more, then is allowed to let it.
fn append_until_full(folder: &str) {
    let spool = Spool::open(Path::new(folder), keys(), SpoolLimits::default()).unwrap();
    let mut limit = getrlimit(Resource::Fsize);
    limit.current = Some(4 << 20);
    setrlimit(Resource::Fsize, limit).unwrap();
    let mut number = 0;
    while spool.append(&[event(number, 100_000)]).is_ok() {
        number += 1;
    }
    assert!(number > 0 && spool.append(&[event(number, 100_000)]).is_err());
    limit.current = limit.maximum;
    setrlimit(Resource::Fsize, limit).unwrap();
    spool.append(&[event(number, 100_000)]).unwrap();
    say(number);
}

#[test]
fn a_full_file_system_refuses_and_loses_nothing() {
    if let Ok(folder) = env::var(VICTIM) {
        return append_until_full(&folder);
    }
    let folder = TempDir::new().unwrap();
    let test = "spool::tests::crash::a_full_file_system_refuses_and_loses_nothing";
    let (mut child, mut said) = victim(test, &folder);
    let mut lines = String::new();
    said.read_to_string(&mut lines).unwrap();
    assert!(child.wait().unwrap().success(), "{lines}");
    let last = lines.lines().find_map(acknowledged).unwrap();
    let spool = open(&folder);
    let mut found = Vec::new();
    while !spool.is_empty() {
        found.extend(waiting(&spool));
        spool.forget(&positions(&spool)).unwrap();
    }
    assert_eq!(found, (0..=last).collect::<Vec<_>>());
}
