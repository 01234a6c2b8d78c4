//! The queue after an answer.

use std::{io, time::Duration};

use jiff::Timestamp;

use crate::{
    post::{Answer, is_over_with_success},
    queue::{Claim, Queue},
    retry::{Fate, fate},
};

/// After silence the server is left alone for this long.
const HOLD_AFTER_SILENCE: Duration = Duration::from_secs(30);

/// Deletes, postpones or gives up the event, and logs it. An error leaves the event where it is.
pub(crate) fn settle(queue: &Queue, claim: Claim, answer: &Answer) -> io::Result<Fate> {
    let hold = match answer {
        Answer::Slow => Some(HOLD_AFTER_SILENCE),
        other => other.retry_after(),
    };
    if let Some(hold) = hold {
        queue.hold().set_for(hold);
    }
    let id = Some(claim.entry.id);
    let reason = answer.reason();
    let fate = fate(answer, claim.entry.tries, Timestamp::now());
    match fate {
        Fate::Sent => claim.delete()?,
        Fate::Later { tries, due } => claim.later(tries, due)?,
        Fate::Failed => {
            // Before, so that the event is not forgotten if this process ends in between.
            if is_over_with_success(&reason) {
                queue.revival().set_for(Duration::ZERO);
            }
            claim.fail(&reason)?;
        }
    }
    let log = &queue.log;
    match fate {
        Fate::Sent => log.line("sent", id, ""),
        Fate::Later { due, .. } => log.line("later", id, &format!("{reason}, due {due:.0}")),
        Fate::Failed => log.line("failed", id, &reason),
    }
    if let Answer::Denied(status) = answer {
        let advice = format!("the server answers {status}: check the url and the token");
        log.line("attention", None, &advice);
    }
    Ok(fate)
}
