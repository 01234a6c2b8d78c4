//! Distributions and ratios, and how they are printed.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets::NOTHING};

use crate::machine;

/// Times, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time that `percent` of all are not above; zero when there are none.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        self.permille(percent * 10)
    }

    /// The same, of a thousand.
    pub(crate) fn permille(&self, permille: usize) -> Duration {
        let place = (self.0.len() * permille).div_ceil(1000).saturating_sub(1);
        self.0.get(place).copied().unwrap_or_default()
    }

    pub(crate) fn most(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }

    /// Of 100, how many are not above `limit`.
    pub(crate) fn percent_within(&self, limit: Duration) -> f64 {
        let within = self.0.partition_point(|time| *time <= limit);
        100.0 * within as f64 / self.0.len().max(1) as f64
    }
}

/// The middle one; of an even number, the lower of the two. `None` of nothing.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

/// Milliseconds, with a decimal where it counts.
pub(crate) fn milliseconds(time: Duration) -> String {
    let value = time.as_secs_f64() * 1000.0;
    match value {
        value if value < 10.0 => format!("{value:.2} ms"),
        value if value < 1000.0 => format!("{value:.0} ms"),
        value => format!("{:.2} s", value / 1000.0),
    }
}

pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// `a` as a multiple of `b`.
pub(crate) fn ratio(a: f64, b: f64) -> String {
    format!("{:.2}", a / b)
}

pub(crate) fn ratio_of_times(a: Duration, b: Duration) -> String {
    ratio(a.as_secs_f64(), b.as_secs_f64())
}

/// The title of a measurement, with the load it began under.
pub(crate) fn begin(title: &str) {
    println!("\n{title}   [load {}]", machine::load());
}

/// What is being done now: long measurements must show that they live.
pub(crate) fn progress(text: &str) {
    eprintln!("  … {text}");
}

/// A table whose first column is text and whose others are figures.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for line in table.to_string().lines() {
        println!("  {}", line.trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(milliseconds: impl IntoIterator<Item = u64>) -> Times {
        Times::new(
            milliseconds
                .into_iter()
                .map(Duration::from_millis)
                .collect(),
        )
    }

    #[test]
    fn a_percentile_is_a_time_that_was_measured() {
        let hundred = times((1..=100).rev());
        assert_eq!(hundred.percentile(50), Duration::from_millis(50));
        assert_eq!(hundred.percentile(99), Duration::from_millis(99));
        assert_eq!(hundred.percentile(100), hundred.most());
        assert_eq!(hundred.permille(999), hundred.most());
        assert_eq!(times(1..=2000).permille(999), Duration::from_millis(1998));
        assert_eq!(times([7]).percentile(1), Duration::from_millis(7));
        assert_eq!(times([]).percentile(99), Duration::ZERO);
    }

    #[test]
    fn the_limit_itself_is_within_it() {
        let share = times([1, 2, 3, 4]).percent_within(Duration::from_millis(3));
        assert!((share - 75.0).abs() < 1e-9);
    }

    #[test]
    fn the_median_does_not_depend_on_the_order() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![]), None);
    }
}
