//! The token for the CRM: one refresh at a time across all processes, and never more than the CRM permits.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::SKEW;
use crate::hours::shift;

/// Stored for each tenant beside the encrypted token; changed only by the functions below, in a transaction that
/// holds the row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFacts {
    pub expires_at: Option<Timestamp>,
    /// The CRM did not take the token that expires then.
    pub rejected: bool,
    /// A process is refreshing; it is thought lost after this.
    pub refreshing_until: Option<Timestamp>,
    /// The refreshes of the last minutes, oldest first.
    pub refreshed: Vec<Timestamp>,
    pub not_before: Option<Timestamp>,
    pub failures: u32,
    pub problem: Option<TokenProblem>,
}

coded_enum! {
    /// What only an operator can mend.
    TokenProblem {
        /// The refresh token is not valid any more: somebody has to connect the CRM again.
        Revoked = "revoked",
        /// The client's id or secret is wrong.
        WrongClient = "wrong_client",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStep {
    Use,
    /// Note [`TokenFacts::start`], commit, then ask.
    Refresh,
    /// Another process is at it, or the CRM permits no more for now.
    Wait {
        until: Timestamp,
    },
    Broken(TokenProblem),
}

/// A token is refreshed so long before it ends.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// A refresh that has said nothing for so long is lost. Longer than any request may take.
const PATIENCE: SignedDuration = SignedDuration::from_mins(1);
/// The CRM permits ten in ten minutes; some are left for others who use the same token.
const MOST: usize = 8;
const WINDOW: SignedDuration = SignedDuration::from_mins(10);
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(10);

impl TokenFacts {
    pub fn next_step(&self, now: Timestamp) -> TokenStep {
        if let Some(problem) = self.problem {
            return TokenStep::Broken(problem);
        }
        let fresh =
            |margin| !self.rejected && self.expires_at.is_some_and(|end| end > shift(now, margin));
        if fresh(MARGIN) {
            return TokenStep::Use;
        }
        match self.busy_until(now) {
            // The old one still works while the new one is fetched.
            Some(_) if fresh(SignedDuration::from_secs(30)) => TokenStep::Use,
            Some(until) => TokenStep::Wait { until },
            None => TokenStep::Refresh,
        }
    }

    /// This process refreshes now.
    pub fn start(&mut self, now: Timestamp) {
        self.refreshed.retain(|at| shift(*at, WINDOW) > now);
        self.refreshed.push(now);
        self.refreshing_until = Some(shift(now, PATIENCE));
    }

    pub fn refreshed(&mut self, expires_at: Timestamp) {
        *self = TokenFacts {
            expires_at: Some(expires_at),
            refreshed: std::mem::take(&mut self.refreshed),
            ..TokenFacts::default()
        };
    }

    /// The CRM did not take the token that expires then. A newer one is not touched.
    pub fn reject(&mut self, expires_at: Timestamp) {
        self.rejected |= self.expires_at == Some(expires_at);
    }

    /// It came to nothing, and may pass. `wait`: for how long the CRM asked to be left alone, if it did.
    pub fn fail(&mut self, now: Timestamp, wait: Option<SignedDuration>) {
        let doublings = 2_i32.saturating_pow(self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        let pause = wait.unwrap_or(FIRST_PAUSE.saturating_mul(doublings));
        self.not_before = Some(shift(now, pause.min(WINDOW)));
        self.refreshing_until = None;
    }

    pub fn break_down(&mut self, problem: TokenProblem) {
        self.problem = Some(problem);
        self.refreshing_until = None;
    }

    /// An operator gave new secrets.
    pub fn mended(&mut self) {
        *self = TokenFacts::default();
    }

    fn busy_until(&self, now: Timestamp) -> Option<Timestamp> {
        let recent: Vec<_> = self
            .refreshed
            .iter()
            .filter(|at| shift(**at, WINDOW) > now)
            .collect();
        let full = (recent.len() >= MOST).then(|| recent.first().map(|at| shift(**at, WINDOW)));
        let ahead = |until: Option<Timestamp>, furthest: SignedDuration| {
            until
                .filter(|until| *until > now && *until <= shift(now, furthest.saturating_add(SKEW)))
        };
        [
            ahead(self.refreshing_until, PATIENCE),
            ahead(self.not_before, WINDOW),
            ahead(full.flatten(), WINDOW),
        ]
        .into_iter()
        .flatten()
        .max()
    }
}
