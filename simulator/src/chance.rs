//! Seeded chance. Each decision has dice of its own, made of the seed and what is decided, so that a run is
//! repeatable however its requests interleave.

use rand::{Rng, SeedableRng, rngs::StdRng};
use sha2::{Digest, Sha256};

/// Dice for one decision: the same seed and subject always fall alike.
pub(crate) fn dice(seed: u64, subject: &[&str]) -> StdRng {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    for part in subject {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    StdRng::from_seed(hash.finalize().into())
}

/// One of the choices, each with its probability; `None` with what is left to 1.
pub(crate) fn happens<T: Copy>(dice: &mut StdRng, choices: &[(T, f64)]) -> Option<T> {
    let mut left: f64 = dice.random();
    for (choice, probability) in choices {
        if left < *probability {
            return Some(*choice);
        }
        left -= probability;
    }
    None
}

/// One of the choices by weight; `None` when there is nothing to choose from.
pub(crate) fn weighted<T: Copy>(dice: &mut StdRng, choices: &[(T, f64)]) -> Option<T> {
    let total: f64 = choices.iter().map(|(_, weight)| weight).sum();
    let mut left = dice.random::<f64>() * total;
    for (choice, weight) in choices {
        if left < *weight {
            return Some(*choice);
        }
        left -= weight;
    }
    choices
        .iter()
        .rev()
        .find(|(_, weight)| *weight > 0.0)
        .map(|(choice, _)| *choice)
}

/// A number of the range, ends included.
pub(crate) fn within(dice: &mut StdRng, [from, to]: [f64; 2]) -> f64 {
    from + dice.random::<f64>() * (to - from)
}

/// One of the items.
pub(crate) fn pick<'a, T: ?Sized>(dice: &mut StdRng, items: &[&'a T]) -> Option<&'a T> {
    items.get(dice.random_range(0..items.len().max(1))).copied()
}
