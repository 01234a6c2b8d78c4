//! What the scenarios of all fakes have in common: how they are read, and when they make sense.

use serde::{Serialize, de::DeserializeOwned};

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error("the scenario cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    #[error("the scenario cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("`{field}` {problem}")]
    Invalid { field: String, problem: String },
}

/// A scenario that can be checked before it is used.
pub(crate) trait Checked: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Names the first field that does not make sense.
    fn check(&self) -> Result<(), ScenarioError>;
}

/// Reads and checks a scenario file.
pub(crate) fn from_toml<S: Checked>(text: &str) -> Result<S, ScenarioError> {
    let scenario: S = toml::from_str(text)?;
    scenario.check()?;
    Ok(scenario)
}

/// Reads and checks a scenario in JSON, of the same shape.
pub(crate) fn from_json<S: Checked>(text: &str) -> Result<S, ScenarioError> {
    let scenario: S = serde_json::from_str(text)?;
    scenario.check()?;
    Ok(scenario)
}

pub(crate) fn invalid(field: &str, problem: &str) -> ScenarioError {
    ScenarioError::Invalid {
        field: field.to_owned(),
        problem: problem.to_owned(),
    }
}

pub(crate) fn positive(field: &str, value: f64) -> Result<(), ScenarioError> {
    match value.is_finite() && value > 0.0 {
        true => Ok(()),
        false => Err(invalid(field, "must be above zero")),
    }
}

/// Longest time in a scenario, in seconds.
const MAX_SECONDS: f64 = 7.0 * 24.0 * 3600.0;

pub(crate) fn range(field: &str, [from, to]: [f64; 2]) -> Result<(), ScenarioError> {
    match from >= 0.0 && from <= to && to <= MAX_SECONDS {
        true => Ok(()),
        false => Err(invalid(
            field,
            "must go from a smaller to a greater number of seconds, within a week",
        )),
    }
}

/// Weights of which at least one is above zero.
pub(crate) fn weights(
    field: &str,
    weights: impl IntoIterator<Item = f64>,
) -> Result<(), ScenarioError> {
    let mut sum = 0.0;
    for weight in weights {
        if !weight.is_finite() || weight < 0.0 {
            return Err(invalid(field, "has a weight that is negative or no number"));
        }
        sum += weight;
    }
    match sum > 0.0 {
        true => Ok(()),
        false => Err(invalid(field, "needs at least one weight above zero")),
    }
}

/// Chances of which at most one comes true.
pub(crate) fn probabilities(
    field: &str,
    chances: impl IntoIterator<Item = f64>,
) -> Result<(), ScenarioError> {
    let mut sum = 0.0;
    for chance in chances {
        if !(0.0..=1.0).contains(&chance) {
            return Err(invalid(field, "has a probability outside 0 to 1"));
        }
        sum += chance;
    }
    // A little more than 1 is a rounding error of somebody's tenths.
    match sum <= 1.000_001 {
        true => Ok(()),
        false => Err(invalid(
            field,
            "has probabilities that come to more than 1 together",
        )),
    }
}
