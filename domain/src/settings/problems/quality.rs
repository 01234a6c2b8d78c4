//! What is wrong with the settings of poor calls.

use super::Found;
use crate::settings::{MOST_COUNTED, Quality};

const LONGEST_CALL_SECONDS: u32 = 24 * 60 * 60;

pub(super) fn problems(quality: &Quality, found: &mut Found) {
    let (short, long) = (quality.short_seconds, quality.long_seconds);
    found.within("quality.short_seconds", short, 0, LONGEST_CALL_SECONDS);
    found.within("quality.long_seconds", long, 1, LONGEST_CALL_SECONDS);
    if long < short {
        let reason = "must not be less than short_seconds: a call would be both";
        found.add("quality.long_seconds", long, reason);
    }
    let very_long = quality.very_long_seconds;
    if very_long < long {
        let reason = "must not be less than long_seconds";
        found.add("quality.very_long_seconds", very_long, reason);
    }
    for (field, percent) in [
        ("quality.short_percent", quality.short_percent),
        ("quality.failure_percent", quality.failure_percent),
    ] {
        found.within(field, percent.into(), 1, 100);
    }
    found.within("quality.window_hours", quality.window_hours.into(), 1, 168);
    found.within(
        "quality.least_calls",
        quality.least_calls.into(),
        1,
        MOST_COUNTED.into(),
    );
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;

    #[test]
    fn limits_that_contradict_each_other_or_never_count_are_named() {
        let text = "[quality]\nshort_seconds = 200\nvery_long_seconds = 100\nshort_percent = 0\n\
                    failure_percent = 101\nwindow_hours = 0\nleast_calls = 501";
        let problems = Settings::from_toml(text).unwrap_err();
        let fields: Vec<_> = problems.iter().map(|each| each.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "quality.long_seconds",
                "quality.very_long_seconds",
                "quality.short_percent",
                "quality.failure_percent",
                "quality.window_hours",
                "quality.least_calls"
            ]
        );
    }

    #[test]
    fn the_section_may_be_left_out_or_partly_filled() {
        let settings = Settings::from_toml("[quality]\npause_dialing = true").unwrap();
        assert!(settings.quality.pause_dialing);
        assert_eq!(settings.quality.short_percent, 60);
        let standard = Settings::from_toml("").unwrap().quality;
        assert!(!standard.pause_dialing);
    }
}
