//! What has to be there: a value at a path, or a problem that names what is missing or odd.

use serde_json::Value;

use super::Json;
use crate::outline::ParseProblem;

impl<'a> Json<'a> {
    /// What `kind` takes at the first of the paths (at least one) that has it. Else the problem of the path that
    /// leads farthest: the others are those of other versions.
    pub(crate) fn needed<T>(
        self,
        paths: &[&'static str],
        kind: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, ParseProblem> {
        let mut farthest = ParseProblem::Missing("");
        for path in paths {
            match self.followed(path, &kind) {
                Ok(found) => return Ok(found),
                Err(problem) if reach(&problem) > reach(&farthest) => farthest = problem,
                Err(_) => {}
            }
        }
        Err(farthest)
    }

    fn followed<T>(
        self,
        path: &'static str,
        kind: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, ParseProblem> {
        let parts = path
            .match_indices('.')
            .filter_map(|(end, _)| path.get(..end));
        for part in parts {
            self.one(part, Value::as_object)?;
        }
        self.one(path, kind)
    }

    fn one<T>(
        self,
        path: &'static str,
        kind: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<T, ParseProblem> {
        let value = self.at(path).value().ok_or(ParseProblem::Missing(path))?;
        kind(value).ok_or(ParseProblem::Unexpected(path))
    }
}

/// How far a path could be followed. What is there and odd tells more than what is not there.
fn reach(problem: &ParseProblem) -> (usize, bool) {
    let keys = |path: &str| path.split('.').filter(|key| !key.is_empty()).count();
    match problem {
        ParseProblem::Unexpected(path) => (keys(path), true),
        ParseProblem::Missing(path) => (keys(path), false),
        _ => (0, false),
    }
}

/// A text that is not empty.
pub(crate) fn text(value: &Value) -> Option<String> {
    words(value).filter(|text| !text.is_empty())
}

/// A text, which may be empty.
pub(crate) fn words(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A text that is not empty, or a whole number as text.
pub(crate) fn id(value: &Value) -> Option<String> {
    match value.is_i64() || value.is_u64() {
        true => Some(value.to_string()),
        false => text(value),
    }
}

/// A list, which may be empty, with entries of one kind only.
pub(crate) fn list_of<T>(value: &Value, kind: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(kind).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PATHS: &[&str] = &["a.new.id", "a.old.id", "id"];

    #[test]
    fn a_value_is_found_at_whichever_of_the_paths_has_it() {
        for value in [
            json!({"a": {"new": {"id": "x"}}}),
            json!({"a": {"new": 5, "old": {"id": "x"}}}),
            json!({"a": 5, "id": "x"}),
        ] {
            assert_eq!(Json::from(&value).needed(PATHS, text), Ok("x".to_owned()));
        }
    }

    #[test]
    fn the_problem_is_that_of_the_path_that_leads_farthest() {
        use ParseProblem::{Missing, Unexpected};
        for (value, problem) in [
            (json!({}), Missing("a")),
            (json!([1]), Missing("a")),
            (json!({"a": null}), Missing("a")),
            (json!({"a": 5}), Unexpected("a")),
            (json!({"id": 5}), Unexpected("id")),
            (json!({"a": {}}), Missing("a.new")),
            (json!({"a": {"old": "no"}}), Unexpected("a.old")),
            (json!({"a": {"old": {}}}), Missing("a.old.id")),
            (json!({"a": {"old": {"id": {}}}}), Unexpected("a.old.id")),
            (json!({"a": {"new": {"id": ""}}}), Unexpected("a.new.id")),
        ] {
            let found = Json::from(&value).needed(PATHS, text);
            assert_eq!(found, Err(problem), "{value}");
        }
    }

    #[test]
    fn a_value_is_of_its_kind_or_nothing() {
        assert_eq!(words(&json!("")), Some(String::new()));
        assert_eq!(id(&json!("7")), id(&json!(7)));
        for odd in [
            json!(1.5),
            json!(true),
            json!({}),
            json!([]),
            json!(""),
            json!(null),
        ] {
            assert_eq!(id(&odd), None, "{odd}");
        }
        assert_eq!(list_of(&json!([]), id), Some(Vec::new()));
        assert_eq!(list_of(&json!([1, {}]), id), None);
        assert_eq!(list_of(&json!("1"), id), None);
    }
}
