//! Which of the events that the database does not take together are at fault themselves.

use store::NewEvent;

use super::{Drain, declined, pace::Trouble};
use crate::{spool::Position, telemetry::reason};

/// The events that were last tried in vain.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Failed {
    /// The latest of them. All that wait up to here were tried.
    until: Option<Position>,
    /// What the database had taken of others by then.
    others: u64,
}

impl Failed {
    /// Whether another event was taken between two tries of the one at this position, both in vain.
    fn is_at_fault(self, position: Position, others: u64) -> bool {
        others != self.others && Some(position) <= self.until
    }
}

/// An event that was not taken.
type Refused<'e> = (Position, &'e NewEvent, store::Error);

impl Drain {
    /// One event that the database does not take must not hold up the others. It is set aside when the fault is
    /// surely its own: its data is refused, or another event was taken where it was not.
    pub(super) async fn one_by_one(
        &self,
        positions: Vec<Position>,
        events: Vec<NewEvent>,
        before: &mut Failed,
    ) -> Result<(), Trouble> {
        let others = self.outage.taken();
        let (mut taken, mut refused, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        let mut trouble = None;
        for (position, event) in positions.into_iter().zip(&events) {
            match self.append(std::slice::from_ref(event)).await {
                Ok(Ok(())) => taken.push(position),
                Ok(Err(error)) if error.is_refusal() => refused.push((position, event, error)),
                Ok(Err(error)) => failed.push((position, event, error)),
                Err(away) => {
                    trouble = Some(away);
                    break;
                }
            }
        }
        let is_at_fault = |(position, ..): &mut Refused<'_>| {
            !taken.is_empty() || before.is_at_fault(*position, others)
        };
        refused.extend(failed.extract_if(.., is_at_fault));
        *before = Failed {
            until: failed.last().map(|(position, ..)| *position),
            others: self.outage.taken(),
        };
        if !taken.is_empty() {
            self.forget(taken).await?;
        }
        for (position, event, error) in refused {
            let name = Some((event.id, event.tenant));
            self.set_aside(position, name, &reason(&error)).await?;
        }
        match (trouble, failed.first()) {
            (Some(trouble), _) => Err(trouble),
            (None, Some((_, _, error))) => Err(declined(error)),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_at_fault_when_another_was_taken_between_its_tries() {
        let position = |number: u64| number.to_string().parse().unwrap();
        let failed = Failed {
            until: Some(position(5)),
            others: 7,
        };
        for (number, others, is_at_fault) in [
            (5, 8, true),
            (3, 8, true),
            // Nothing was taken meanwhile.
            (5, 7, false),
            // It was not tried before.
            (6, 8, false),
        ] {
            let found = failed.is_at_fault(position(number), others);
            assert_eq!(found, is_at_fault, "{number} {others}");
        }
        assert!(!Failed::default().is_at_fault(position(0), 8));
    }
}
