//! What stands before each request to the CRM: a token that one process refreshes for all, the pace, the breaker.

use std::time::Duration;

use domain::{
    alert::AlertCause,
    breaker::AskedOutcome,
    crm::{Budget, Spend, TokenProblem, TokenStep},
};
use jiff::{SignedDuration, Timestamp};
use providers::{
    channel::HttpOptions,
    zoho::{AccessToken, Accounts, Client, CrmError, Grant, Hosts, Options, TokenError},
};
use secrecy::SecretString;
use store::{KeptToken, Seen, TenantTx};

use super::{Desk, Halt, Work};
use crate::{
    alarm,
    circuit::{self, Asked},
};

/// The provider's code, of its breaker and of its notifications.
pub(super) const ZOHO: &str = "zoho";

/// Between two looks whether another process has refreshed the token, and how many there are.
const LOOK: Duration = Duration::from_millis(250);
const LOOKS: u32 = 60;
/// Without secrets, or with wrong ones, there is nothing to try until somebody stores others, which is told at once.
const BROKEN: SignedDuration = SignedDuration::from_hours(1);

/// After so many failures one after the other Zoho is away, and is asked so seldom.
const MANY: u32 = 8;
const AWAY: SignedDuration = SignedDuration::from_mins(30);

/// One request, or a few, that may leave.
pub(super) struct Permit {
    generation: u64,
    token_expires_at: Timestamp,
}

impl Desk<'_> {
    /// Lets so many requests leave now. What becomes of them is to be told with [`Desk::told`].
    pub(super) async fn permit(&self, requests: u32) -> Work<(Client, Permit)> {
        let token = self.token().await?;
        let mut tx = self.tenant.begin().await?;
        let mut account = tx.lock_crm().await?;
        let budget = Budget::of(&self.settings.crm);
        if let Spend::Wait { until } = account.budget.may_spend(self.now, budget) {
            return Err(Halt::NotYet(until));
        }
        let generation = match circuit::ask(&mut tx, ZOHO, self.now).await? {
            Asked::Allowed { generation } => generation,
            Asked::Refused { until } => return Err(Halt::NotYet(until)),
        };
        account.budget.spend(self.now, requests);
        tx.save_crm(&account).await?;
        tx.commit().await?;
        let options = Options {
            http: self.http(),
            ..Options::default()
        };
        let permit = Permit {
            generation,
            token_expires_at: token.expires_at,
        };
        Ok((Client::new(&token, options)?, permit))
    }

    /// Notes what became of a request, and hands the answer on.
    pub(super) async fn told<T>(&self, permit: Permit, answer: Result<T, CrmError>) -> Work<T> {
        let mut tx = self.tenant.begin().await?;
        let mut account = tx.lock_crm().await?;
        let mut not_before = None;
        let outcome = match &answer {
            Err(CrmError::RateLimited { retry_after }) => {
                let wait = retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
                account.budget.told_to_wait(self.now, wait);
                not_before = account.budget.not_before;
                AskedOutcome::AskedToWait
            }
            Err(CrmError::Unavailable | CrmError::Uncertain | CrmError::Unreadable(_)) => {
                AskedOutcome::Failed
            }
            Err(CrmError::TokenInvalid) => {
                account.token.reject(permit.token_expires_at);
                AskedOutcome::Answered
            }
            _ => {
                account.budget.answered();
                AskedOutcome::Answered
            }
        };
        tx.save_crm(&account).await?;
        let generation = permit.generation;
        circuit::record(&mut tx, ZOHO, generation, outcome, not_before, self.now).await?;
        match &answer {
            Ok(_) => self.refused(&mut tx, "", Seen::Clears).await?,
            Err(CrmError::Denied { .. } | CrmError::Misconfigured { .. }) => {
                self.refused(&mut tx, "not permitted", Seen::Stands).await?;
            }
            Err(_) => {}
        }
        tx.commit().await?;
        Ok(answer?)
    }

    async fn token(&self) -> Work<AccessToken> {
        for _ in 0..LOOKS {
            let mut tx = self.tenant.begin().await?;
            let mut account = tx.lock_crm().await?;
            match account.token.next_step(self.now) {
                TokenStep::Use => {
                    let expires_at = account.token.expires_at.unwrap_or(self.now);
                    match tx.crm_token(self.store.keys()).await {
                        Ok(Some(kept)) => {
                            return Ok(AccessToken {
                                secret: kept.secret,
                                api_url: kept.api_url,
                                expires_at,
                                new_refresh_token: None,
                            });
                        }
                        // Encrypted with a key that is gone: as good as none.
                        Ok(None) | Err(store::Error::Undecryptable) => {
                            account.token.reject(expires_at);
                            tx.save_crm(&account).await?;
                            tx.commit().await?;
                        }
                        Err(error) => return Err(error.into()),
                    }
                }
                TokenStep::Refresh => {
                    let Some(grant) = self.grant(&mut tx).await? else {
                        self.refused(&mut tx, "its secrets are not stored", Seen::Stands)
                            .await?;
                        tx.commit().await?;
                        return Err(Halt::NotYet(self.now + BROKEN));
                    };
                    account.token.start(self.now);
                    tx.save_crm(&account).await?;
                    tx.commit().await?;
                    return self.refresh(&grant).await;
                }
                TokenStep::Wait { until } => {
                    if account.token.refreshing_until.is_none() {
                        return Err(Halt::NotYet(until));
                    }
                    drop(tx);
                    tokio::time::sleep(LOOK).await;
                }
                TokenStep::Broken(_) => return Err(Halt::NotYet(self.now + BROKEN)),
            }
        }
        Err(Halt::NotYet(self.now + SignedDuration::from_mins(1)))
    }

    async fn refresh(&self, grant: &Grant) -> Work<AccessToken> {
        let answer = match Accounts::new(&self.hosts(), self.http()) {
            Ok(accounts) => accounts.refresh(grant, self.now).await,
            Err(error) => Err(error),
        };
        let mut tx = self.tenant.begin().await?;
        let mut account = tx.lock_crm().await?;
        let until = match &answer {
            Ok(token) => {
                account.token.refreshed(token.expires_at);
                let kept = KeptToken {
                    secret: token.secret.clone(),
                    api_url: token.api_url.clone(),
                };
                tx.keep_crm_token(self.store.keys(), &kept).await?;
                if let Some(new) = &token.new_refresh_token {
                    tx.add_provider_secret(self.store.keys(), "zoho_refresh_token", new)
                        .await?;
                }
                self.now
            }
            Err(error) => {
                tracing::warn!(%error, "the CRM gave no token");
                match error.problem() {
                    Some(problem) => {
                        account.token.break_down(problem);
                        let what = words(problem);
                        self.refused(&mut tx, what, Seen::Stands).await?;
                        self.now + BROKEN
                    }
                    None => {
                        let wait = error.wait();
                        let wait = wait.and_then(|wait| SignedDuration::try_from(wait).ok());
                        account.token.fail(self.now, wait);
                        if let TokenError::Refused { .. } | TokenError::Misconfigured { .. } = error
                        {
                            self.refused(&mut tx, "no token is given", Seen::Stands)
                                .await?;
                        }
                        let until = account.token.not_before.unwrap_or(self.now + BROKEN);
                        match account.token.failures > MANY {
                            true => until.max(self.now + AWAY),
                            false => until,
                        }
                    }
                }
            }
        };
        tx.save_crm(&account).await?;
        tx.commit().await?;
        answer.map_err(|_| Halt::NotYet(until))
    }

    async fn grant(&self, tx: &mut TenantTx) -> Work<Option<Grant>> {
        let mut found = Vec::new();
        for name in domain::settings::CRM_SECRETS {
            match tx.provider_keys(self.store.keys(), name).await {
                Ok(keys) => found.extend(keys.into_iter().next().map(|key| key.secret)),
                Err(store::Error::Undecryptable) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let found: Result<[SecretString; 3], _> = found.try_into();
        Ok(found
            .ok()
            .map(|[client_id, client_secret, refresh_token]| Grant {
                client_id,
                client_secret,
                refresh_token,
            }))
    }

    fn hosts(&self) -> Hosts {
        match &self.options.base_url {
            Some(url) => Hosts {
                accounts: url.clone(),
                api: url.clone(),
            },
            None => Hosts::of(&self.settings.crm),
        }
    }

    fn http(&self) -> HttpOptions {
        HttpOptions {
            allow_private: self.options.base_url.is_some(),
            ..HttpOptions::default()
        }
    }

    /// Tells people that the CRM does not let us in, or does again.
    async fn refused(&self, tx: &mut TenantTx, about: &str, seen: Seen) -> Work {
        Ok(alarm::looked_at(tx, AlertCause::CrmRefused, &[], about, seen, self.now).await?)
    }
}

const fn words(problem: TokenProblem) -> &'static str {
    match problem {
        TokenProblem::Revoked => "the refresh token was revoked",
        TokenProblem::WrongClient => "the client's id or secret is wrong",
    }
}
