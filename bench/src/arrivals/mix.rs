//! What comes in a real day: most webhooks for the first time, some again, a few forged.

use anyhow::{Result, ensure};
use hyper::StatusCode;

use crate::{
    load::Sender,
    stage::APART,
    webhooks::{SignedBy, Webhooks},
};

/// A duplicate is of the webhook that was due so many before it.
const BEFORE: u64 = 99;

/// What the webhook of a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    First,
    /// Once more the webhook of that number.
    Again(u64),
    /// Signed with a wrong key.
    Forged,
}

/// Of a hundred numbers, five are duplicates and one is forged.
pub(super) fn kind(number: u64) -> Kind {
    match number % 100 {
        42 => Kind::Forged,
        last if last % 20 == 7 && number >= BEFORE => Kind::Again(number - BEFORE),
        _ => Kind::First,
    }
}

/// One connection that sends all kinds. Numbers are counted from their load's first one.
pub(super) struct Mixed(pub(super) Webhooks);

impl Sender for Mixed {
    async fn send(&mut self, number: u64) -> Result<()> {
        let (load, number) = (number - number % APART, number % APART);
        let (number, by, expected) = match kind(number) {
            Kind::First => (number, SignedBy::Retell, StatusCode::NO_CONTENT),
            Kind::Again(first) => (first, SignedBy::Retell, StatusCode::NO_CONTENT),
            Kind::Forged => (number, SignedBy::Nobody, StatusCode::UNAUTHORIZED),
        };
        let status = self.0.post(load + number, by).await?;
        ensure!(
            status == expected,
            "a webhook was answered {status}, not {expected}"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_hundred_five_come_again_and_one_is_forged() {
        for hundred in 1..20 {
            let kinds: Vec<_> = (hundred * 100..(hundred + 1) * 100).map(kind).collect();
            let count =
                |wanted: fn(&Kind) -> bool| kinds.iter().filter(|each| wanted(each)).count();
            assert_eq!(count(|kind| matches!(kind, Kind::Again(_))), 5);
            assert_eq!(count(|kind| *kind == Kind::Forged), 1);
        }
    }

    #[test]
    fn what_comes_again_came_before() {
        for number in 0..10_000 {
            if let Kind::Again(first) = kind(number) {
                assert!(first < number);
                assert_eq!(kind(first), Kind::First);
            }
        }
    }
}
