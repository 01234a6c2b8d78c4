//! A mapping file: which header of a foreign export holds what.

use std::collections::BTreeMap;

use crate::near::nearest;

use super::Column;

/// For some columns, the header they are read from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderMapping(Vec<(Column, String)>);

/// Why a mapping file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingProblem {
    #[error("the mapping is not TOML of the form `external_id = \"Booking Ref\"`: {0}")]
    NotToml(String),
    #[error("the mapping names {field:?}, which is no column of an appointment{}", did_you_mean(.nearest))]
    UnknownField {
        field: String,
        nearest: Option<&'static str>,
    },
    #[error("the mapping names no header for {0}")]
    EmptyHeader(&'static str),
    #[error("the mapping names {0} twice")]
    Repeated(&'static str),
}

impl HeaderMapping {
    /// Reads lines such as `external_id = "Booking Ref"`.
    ///
    /// # Errors
    /// When it is not such a file, or names a column that does not exist.
    pub fn parse(toml: &str) -> Result<HeaderMapping, MappingProblem> {
        let entries: BTreeMap<String, String> = toml::from_str(toml)
            .map_err(|error| MappingProblem::NotToml(error.message().to_owned()))?;
        let mut mapping: Vec<(Column, String)> = Vec::new();
        for (field, header) in entries {
            let Some(column) = Column::from_code(&field) else {
                let nearest = nearest(&field, Column::ALL.iter().map(|column| column.code()));
                return Err(MappingProblem::UnknownField { field, nearest });
            };
            if header.trim().is_empty() {
                return Err(MappingProblem::EmptyHeader(column.code()));
            }
            if mapping.iter().any(|(known, _)| *known == column) {
                return Err(MappingProblem::Repeated(column.code()));
            }
            mapping.push((column, header));
        }
        Ok(HeaderMapping(mapping))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (Column, &str)> {
        self.0
            .iter()
            .map(|(column, header)| (*column, header.as_str()))
    }
}

fn did_you_mean(nearest: &Option<&'static str>) -> String {
    nearest
        .map(|field| format!("; did you mean {field}?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_that_names_no_such_column_is_refused_with_a_guess() {
        let problem = HeaderMapping::parse("extrnal_id = \"Booking Ref\"").unwrap_err();
        assert_eq!(
            problem.to_string(),
            "the mapping names \"extrnal_id\", which is no column of an appointment; did you mean external_id?"
        );
    }

    #[test]
    fn a_mapping_that_is_no_list_of_names_is_refused() {
        assert!(matches!(
            HeaderMapping::parse("external_id = 5"),
            Err(MappingProblem::NotToml(_))
        ));
        assert!(matches!(
            HeaderMapping::parse("external_id"),
            Err(MappingProblem::NotToml(_))
        ));
        assert_eq!(
            HeaderMapping::parse("phone = \" \""),
            Err(MappingProblem::EmptyHeader("phone"))
        );
        assert_eq!(
            HeaderMapping::parse("phone = \"A\"\nPhone = \"B\""),
            Err(MappingProblem::Repeated("phone"))
        );
    }
}
