//! A retry in plain words.

use jiff::SignedDuration;

use super::{RetryAt, RetryRequest, Rule};
use crate::{
    call::CallOutcome,
    plan::{local_words, wait_words},
};

pub(super) fn words(retry: &RetryAt, request: &RetryRequest<'_>) -> Vec<String> {
    let zone = request.hours.first_zone();
    let after = outcome_words(request.outcome);
    let mut words = vec![match retry.rule {
        Rule::Delay(SignedDuration::ZERO) => format!("{after}: call again"),
        Rule::Delay(delay) => format!("{after}: call again after {}", duration_words(delay)),
        Rule::BestHour(hour) => {
            format!("{after}: call again at {hour:02}:00, when this person answers best")
        }
    }];
    if retry.cooled_at > retry.wanted_at {
        let minutes = request.settings.limits.same_number_cooldown_minutes;
        words.push(format!(
            "at least {minutes} minutes pass between two calls to one number"
        ));
    }
    let earliest = retry.wanted_at.max(retry.cooled_at);
    if retry.at > earliest {
        words.extend(wait_words(request.hours, earliest, retry.at));
        words.push(format!(
            "moved forward to the first open time, {}",
            local_words(retry.at, zone)
        ));
    } else {
        words.push(format!("that is {}", local_words(retry.at, zone)));
    }
    words
}

fn outcome_words(outcome: CallOutcome) -> &'static str {
    match outcome {
        CallOutcome::NoAnswer => "nobody answered",
        CallOutcome::Busy => "the line was busy",
        CallOutcome::Voicemail => "a voicemail answered",
        CallOutcome::NotPlaced => "the call was not placed",
        _ => "the call failed",
    }
}

fn duration_words(delay: SignedDuration) -> String {
    let minutes = (delay.as_secs() + 30) / 60;
    match (minutes / 60, minutes % 60) {
        (1, 0) => "1 hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
