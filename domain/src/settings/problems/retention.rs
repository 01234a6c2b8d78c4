//! What is wrong with the settings of how long things are kept.

use super::Found;
use crate::settings::{DataClass, Retention, retention::MOST_DAYS};

pub(super) fn problems(retention: &Retention, found: &mut Found) {
    for class in DataClass::ALL {
        let Some(days) = retention.days(*class) else {
            continue;
        };
        let fewest = class.fewest_days();
        if !(fewest..=MOST_DAYS).contains(&days) {
            found.add(
                format!("retention.{class}_days"),
                days,
                format!("must be {fewest} to {MOST_DAYS}, or 0 to keep them for ever"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::{DataClass, Settings};

    #[test]
    fn zero_keeps_for_ever_and_nothing_else_is_kept_for_less_than_is_needed() {
        let settings = Settings::from_toml(
            "[retention]\nevents_days = 0\ncontacts_days = 90\nalerts_days = 3660",
        )
        .unwrap();
        let days = |class| settings.retention.days(class);
        assert_eq!(days(DataClass::Events), None);
        assert_eq!(days(DataClass::Contacts), Some(90));
        assert_eq!(days(DataClass::Kept), None);

        let wrong = "[retention]\nevents_days = 6\ncalls_days = 29\nalerts_days = 3661";
        let problems = Settings::from_toml(wrong).unwrap_err();
        let fields: Vec<_> = problems
            .iter()
            .map(|problem| problem.field.as_str())
            .collect();
        assert_eq!(
            fields,
            [
                "retention.events_days",
                "retention.calls_days",
                "retention.alerts_days"
            ]
        );
    }

    #[test]
    fn what_is_not_set_is_kept_for_a_time_that_is_permitted() {
        let settings = Settings::default();
        for class in DataClass::ALL {
            let days = settings.retention.days(*class);
            assert_eq!(days.is_none(), *class == DataClass::Kept, "{class}");
        }
        assert!(
            settings
                .problems()
                .iter()
                .all(|problem| !problem.field.starts_with("retention"))
        );
    }
}
