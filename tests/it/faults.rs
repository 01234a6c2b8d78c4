//! Faults: real processes are killed, paused and cut off, webhooks are lost and forged, the provider fails.
//! After each, nobody was dialed twice, nothing acknowledged was lost, and every reminder ended right.

mod everything;
mod ingress;
mod outages;
mod postgres;
mod retell;
mod temporal;
mod webhooks;
mod worker;

use simulator::retell::{CreateFault, NumberScript, Scenario};

use crate::harness::number;

/// The scenario with requests to dial a number running into these faults, one after another.
fn with_creates(mut scenario: Scenario, of: u32, creates: &[CreateFault]) -> Scenario {
    scenario.numbers.push(NumberScript {
        to: number(of),
        calls: Vec::new(),
        creates: creates.to_vec(),
    });
    scenario
}

/// As [`crate::harness::World::ending`] answers for a reminder whose call was answered with a yes.
/// `count` numbers from 1 to `most`, growing; the same seed makes the same.
fn moments(seed: u64, count: usize, most: usize) -> Vec<usize> {
    use rand::{SeedableRng, rngs::StdRng, seq::index::sample};
    let mut moments: Vec<_> = sample(&mut StdRng::seed_from_u64(seed), most, count)
        .into_iter()
        .map(|n| n + 1)
        .collect();
    moments.sort_unstable();
    moments
}
