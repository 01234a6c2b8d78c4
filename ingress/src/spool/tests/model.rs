//! Any sequence of steps, against a list in memory.

use proptest::prelude::*;

use super::{disk::Disk, *};

#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    Forget(usize),
    SetAside(usize),
    PutBack(usize),
    Discard(usize),
    OpenAgain,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..4usize).prop_map(Step::Append),
        2 => (0..4usize).prop_map(Step::Forget),
        2 => (0..8usize).prop_map(Step::SetAside),
        1 => (0..8usize).prop_map(Step::PutBack),
        1 => (0..8usize).prop_map(Step::Discard),
        1 => Just(Step::OpenAgain),
    ];
    prop::collection::vec(step, 1..40)
}

const LIMITS: SpoolLimits = SpoolLimits {
    max_bytes: u64::MAX,
    max_events: 12,
};

/// What a spool should hold: positions and numbers.
#[derive(Default)]
struct Model {
    waiting: Vec<(Position, u64)>,
    aside: Vec<(Position, u64)>,
    appended: u64,
}

impl Model {
    fn append(&mut self, spool: &Spool, count: usize) {
        let numbers: Vec<u64> = (self.appended..).take(count).collect();
        let result = spool.append(&numbers.iter().map(|n| event(*n, 50)).collect::<Vec<_>>());
        if self.waiting.len() + self.aside.len() + count > 12 {
            assert!(matches!(result, Err(SpoolError::Full { .. })));
            return;
        }
        result.unwrap();
        let found = spool.next(usize::MAX).unwrap();
        let new = &found[found.len() - count..];
        for ((position, event), expected) in new.iter().zip(&numbers) {
            assert_eq!(number(event), *expected);
            self.waiting.push((*position, *expected));
        }
        self.appended += count as u64;
    }

    fn take_step(&mut self, spool: &Spool, step: &Step) {
        match step {
            Step::Append(count) => self.append(spool, *count),
            Step::Forget(count) => {
                let count = (*count).min(self.waiting.len());
                let gone: Vec<_> = self.waiting.drain(..count).map(|row| row.0).collect();
                spool.forget(&gone).unwrap();
            }
            Step::SetAside(at) if *at < self.waiting.len() => {
                let row = self.waiting.remove(*at);
                spool.set_aside(row.0, "refused", now()).unwrap();
                self.aside.push(row);
                self.aside.sort_unstable();
            }
            Step::PutBack(at) if *at < self.aside.len() => {
                let row = self.aside.remove(*at);
                spool.put_back(row.0).unwrap();
                self.waiting.push(row);
                self.waiting.sort_unstable();
            }
            Step::Discard(at) if *at < self.aside.len() => {
                spool.discard_aside(self.aside.remove(*at).0).unwrap();
            }
            _ => {}
        }
    }

    fn agrees_with(&self, spool: &Spool) {
        let rows = |rows: &[(Position, SpooledEvent)]| {
            rows.iter()
                .map(|(position, event)| (*position, number(event)))
                .collect::<Vec<_>>()
        };
        assert_eq!(rows(&spool.next(usize::MAX).unwrap()), self.waiting);
        assert_eq!(
            rows(&spool.next(2).unwrap()),
            self.waiting[..self.waiting.len().min(2)]
        );
        let aside = spool.aside(Position::FIRST, usize::MAX).unwrap();
        let aside = aside.iter().map(|aside| {
            (
                aside.position,
                number(&spool.read_aside(aside.position).unwrap()),
            )
        });
        assert_eq!(aside.collect::<Vec<_>>(), self.aside);
        assert_eq!(spool.len(), self.waiting.len() as u64);
        assert_eq!(spool.aside_len(), self.aside.len() as u64);
        assert_eq!(
            spool.bytes() == 0,
            self.waiting.is_empty() && self.aside.is_empty()
        );
        assert_eq!(
            spool.oldest_at().unwrap().is_none(),
            self.waiting.is_empty()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_spool_is_a_list_that_lasts(steps in steps()) {
        let disk = Disk::default();
        let mut spool = disk.spool(LIMITS).unwrap();
        let mut model = Model::default();
        for step in &steps {
            if matches!(step, Step::OpenAgain) {
                drop(spool);
                spool = disk.spool(LIMITS).unwrap();
            }
            model.take_step(&spool, step);
            model.agrees_with(&spool);
        }
    }
}
