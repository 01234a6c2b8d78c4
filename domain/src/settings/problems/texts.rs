//! What is wrong with the settings of texts, reading, follow-ups and the line check.

use super::{Found, NUMBER, Settings, is_e164};
use crate::settings::{Extraction, Followups, LineCheck, Texts};

const LONGEST_WORD: usize = 64;
const LONGEST_OWNER: usize = 80;
const DAY_MINUTES: u32 = 24 * 60;

pub(super) fn problems(settings: &Settings, found: &mut Found) {
    texts(&settings.texts, found);
    extraction(&settings.extraction, found);
    followups(&settings.followups, found);
    line_check(&settings.line_check, found);
}

fn texts(texts: &Texts, found: &mut Found) {
    for (index, number) in texts.numbers.iter().enumerate() {
        if !is_e164(number) {
            found.add(format!("texts.numbers[{index}]"), number, NUMBER);
        }
    }
    if let Some(from) = &texts.from
        && !is_e164(from)
        && !is_line_id(from)
    {
        let reason = "must be an E.164 number, or OpenPhone's id of the line, such as PN0a1b2c3d";
        found.add("texts.from", from, reason);
    }
    for (field, words) in [
        ("texts.opt_out_words", &texts.opt_out_words),
        ("texts.opt_in_words", &texts.opt_in_words),
    ] {
        for (index, word) in words.iter().enumerate() {
            let length = word.chars().count();
            if !word.chars().any(char::is_alphanumeric) || length > LONGEST_WORD {
                let reason =
                    format!("must be a word or a phrase of 1 to {LONGEST_WORD} characters");
                found.add(format!("{field}[{index}]"), word, reason);
            }
        }
    }
    found.within("texts.recording_days", texts.recording_days.into(), 1, 3650);
    let megabytes = texts.recording_megabytes.into();
    found.within("texts.recording_megabytes", megabytes, 1, 500);
}

fn is_line_id(text: &str) -> bool {
    text.strip_prefix("PN")
        .is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn extraction(extraction: &Extraction, found: &mut Found) {
    match extraction.model.as_deref() {
        None if extraction.enabled => {
            found.add("extraction.model", "", "needed by extraction.enabled");
        }
        Some(model) if !is_model(model) => {
            let reason = "must be the vendor's name of a model: letters, digits, - and .";
            found.add("extraction.model", model, reason);
        }
        _ => {}
    }
    found.within("extraction.batch_size", extraction.batch_size, 1, 100);
    let wait = extraction.batch_wait_minutes.into();
    found.within("extraction.batch_wait_minutes", wait, 1, 60);
    let days = extraction.approval_days.into();
    found.within("extraction.approval_days", days, 0, 3650);
}

/// It becomes a part of an address.
fn is_model(model: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    (1..=100).contains(&model.len()) && model.bytes().all(sign) && !model.starts_with('.')
}

fn followups(followups: &Followups, found: &mut Found) {
    owner("followups.owner", &followups.owner, found);
    for (field, minutes) in [
        ("followups.due_minutes", followups.due_minutes),
        (
            "followups.voicemail_due_minutes",
            followups.voicemail_due_minutes,
        ),
    ] {
        found.within(field, minutes.into(), 1, 7 * DAY_MINUTES);
    }
    for (index, line) in followups.lines.iter().enumerate() {
        let field = |key: &str| format!("followups.lines[{index}].{key}");
        if !is_e164(&line.number) {
            found.add(field("number"), &line.number, NUMBER);
        }
        owner(&field("owner"), &line.owner, found);
    }
}

fn owner(field: &str, owner: &str, found: &mut Found) {
    let length = owner.chars().count();
    if owner.trim().is_empty() || length > LONGEST_OWNER || owner.contains(char::is_control) {
        let reason = format!("must be a role or a name of 1 to {LONGEST_OWNER} characters");
        found.add(field, owner, reason);
    }
}

fn line_check(check: &LineCheck, found: &mut Found) {
    for (field, number) in [
        ("line_check.monitor_number", &check.monitor_number),
        ("line_check.main_number", &check.main_number),
    ] {
        match number {
            None if check.enabled => found.add(field, "", "needed by line_check.enabled"),
            Some(number) if !is_e164(number) => found.add(field, number, NUMBER),
            _ => {}
        }
    }
    if let (Some(monitor), Some(main)) = (&check.monitor_number, &check.main_number)
        && monitor == main
    {
        let reason = "must be another line than main_number, or nothing is checked";
        found.add("line_check.monitor_number", monitor, reason);
    }
    found.within("line_check.every_hours", check.every_hours.into(), 1, 24);
    let seconds = check.within_seconds.into();
    found.within("line_check.within_seconds", seconds, 10, 900);
}

#[cfg(test)]
mod tests;
