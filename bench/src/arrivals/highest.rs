//! The highest rate that is held, found by trying.

/// Where the search begins.
const FIRST: u32 = 1000;
/// Nearer than one in so many it does not look.
const FINE: u32 = 16;

/// What was held and what was not, so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Search {
    held: Option<u32>,
    missed: Option<u32>,
}

impl Search {
    /// The next rate to try; `None` when it is found.
    pub(super) fn next(&self) -> Option<u32> {
        match (self.held, self.missed) {
            (None, None) => Some(FIRST),
            (Some(held), None) => held.checked_mul(2),
            (None, Some(missed)) => Some(missed / 2).filter(|rate| *rate > 0),
            (Some(held), Some(missed)) => {
                let middle = held + missed.saturating_sub(held) / 2;
                (middle - held > held / FINE).then_some(middle)
            }
        }
    }

    pub(super) fn tell(&mut self, rate: u32, held: bool) {
        match held {
            true => self.held = Some(rate),
            false => self.missed = Some(rate),
        }
    }

    /// The highest rate that was held; zero when none was.
    pub(super) fn held(&self) -> u32 {
        self.held.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_rate_is_found_from_below_in_few_steps() {
        for highest in [1, 37, 500, 999, 1000, 1001, 4321, 60_000] {
            let mut search = Search::default();
            let mut steps = 0;
            while let Some(rate) = search.next() {
                search.tell(rate, rate <= highest);
                steps += 1;
            }
            let found = search.held();
            assert!(found <= highest, "{found} of {highest}");
            assert!(highest - found <= highest / 8 + 1, "{found} of {highest}");
            assert!(steps < 20, "{steps} for {highest}");
        }
    }

    #[test]
    fn nothing_held_is_zero() {
        let mut search = Search::default();
        while let Some(rate) = search.next() {
            search.tell(rate, false);
        }
        assert_eq!(search.held(), 0);
    }
}
