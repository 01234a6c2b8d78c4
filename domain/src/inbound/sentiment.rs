//! How the mood of somebody's calls develops.

use crate::call::Sentiment;

coded_enum! {
    /// Where the mood of the last calls is going.
    Trend {
        Improving = "improving",
        Steady = "steady",
        Worsening = "worsening",
    }
}

/// Fewer calls say nothing.
const FEWEST: usize = 3;
/// Older calls say nothing any more.
const MOST: usize = 6;

/// The newer half of the last calls against the older half; a middle one belongs to neither. `None` for fewer than three.
pub fn trend(newest_first: &[Sentiment]) -> Option<Trend> {
    let last = newest_first.get(..newest_first.len().min(MOST))?;
    if last.len() < FEWEST {
        return None;
    }
    let half = last.len() / 2;
    let newer: i32 = last.iter().take(half).map(|each| score(*each)).sum();
    let older: i32 = last.iter().rev().take(half).map(|each| score(*each)).sum();
    // At least half a step for each call.
    let least = half.div_ceil(2) as i32;
    Some(match newer - older {
        change if change >= least => Trend::Improving,
        change if change <= -least => Trend::Worsening,
        _ => Trend::Steady,
    })
}

fn score(sentiment: Sentiment) -> i32 {
    match sentiment {
        Sentiment::Positive => 1,
        Sentiment::Neutral => 0,
        Sentiment::Negative => -1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One letter for each call, the newest first.
    fn of(calls: &str) -> Option<Trend> {
        let read = |c| match c {
            '+' => Sentiment::Positive,
            '-' => Sentiment::Negative,
            _ => Sentiment::Neutral,
        };
        trend(&calls.chars().map(read).collect::<Vec<_>>())
    }

    #[test]
    fn fewer_than_three_calls_have_no_trend() {
        for calls in ["", "+", "+-"] {
            assert_eq!(of(calls), None, "{calls}");
        }
    }

    #[test]
    fn the_newer_half_is_compared_with_the_older() {
        for (calls, expected) in [
            ("000", Trend::Steady),
            ("+++", Trend::Steady),
            ("0-0", Trend::Steady),
            ("+0-", Trend::Improving),
            ("0+-", Trend::Improving),
            ("-0+", Trend::Worsening),
            ("+000", Trend::Improving),
            ("+0+0", Trend::Steady),
            ("-000", Trend::Worsening),
            ("++0--", Trend::Improving),
            ("--+++", Trend::Worsening),
            ("+00000", Trend::Steady),
            ("++0000", Trend::Improving),
            ("000-00", Trend::Steady),
        ] {
            assert_eq!(of(calls), Some(expected), "{calls}");
        }
    }

    #[test]
    fn only_the_last_six_calls_count() {
        assert_eq!(of("++++++------"), Some(Trend::Steady));
        assert_eq!(of("+++---++++++"), Some(Trend::Improving));
    }

    #[test]
    fn the_opposite_calls_have_the_opposite_trend() {
        let flipped = |calls: &str| calls.replace('+', "x").replace('-', "+").replace('x', "-");
        for calls in ["+0-", "+000", "++--", "0+0-0-", "000"] {
            let opposite = match of(calls).unwrap() {
                Trend::Improving => Trend::Worsening,
                Trend::Steady => Trend::Steady,
                Trend::Worsening => Trend::Improving,
            };
            assert_eq!(of(&flipped(calls)), Some(opposite), "{calls}");
        }
    }
}
