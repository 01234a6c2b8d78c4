//! How fast the spool is drained.

use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Why draining pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The database cannot be asked, or takes too long.
    Away,
    /// The database takes nothing, or the disk fails.
    Failing,
}

impl Trouble {
    fn longest_pause(self) -> Duration {
        match self {
            // Webhooks are spooled until the next look.
            Self::Away => Duration::from_secs(2),
            Self::Failing => Duration::from_secs(10),
        }
    }
}

/// How much is drained at once, and how long a pause is.
pub(super) struct Pace {
    pub(super) size: usize,
    most: usize,
    pause: Duration,
}

impl Pace {
    pub(super) fn new(most: usize) -> Self {
        Self {
            size: most,
            most,
            pause: FIRST_PAUSE,
        }
    }

    pub(super) fn faster(&mut self) {
        self.size = (self.size * 2).min(self.most);
        self.pause = FIRST_PAUSE;
    }

    /// How long to wait now.
    pub(super) fn slower(&mut self, trouble: Trouble) -> Duration {
        self.size = match trouble {
            // The batch may have been too large, and a database that has just come back is not yet at its best.
            Trouble::Away => (self.size / 2).max(1),
            // Whether an event is at fault shows by the others.
            Trouble::Failing => self.most,
        };
        let pause = self.pause;
        self.pause = (pause * 2).min(trouble.longest_pause());
        pause
    }
}
