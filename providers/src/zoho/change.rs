//! A notification in the domain's words: which records to read again.

use domain::crm::{ChannelId, RecordId};
use jiff::Timestamp;

use super::webhook::{self, Notification, Operation};
use crate::outline::ParseProblem;

/// What a notification says. It proves nothing but that somebody knows the channel's token, so it is only a reason to
/// look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// One that was replaced may still be heard of.
    pub channel: ChannelId,
    pub module: String,
    pub kind: ChangeKind,
    /// Never empty, none twice.
    pub records: Vec<RecordId>,
    pub at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Inserted,
    Updated,
    Deleted,
    /// Something else: the records are read as after an update.
    Other,
}

impl Change {
    /// Reads a notification whose token was checked.
    pub fn read(body: &[u8]) -> Result<Self, ParseProblem> {
        let Notification {
            channel_id,
            module,
            operation,
            ids,
            affected_fields: _,
            at,
        } = webhook::read(body)?;
        let records: Option<Vec<RecordId>> = ids.iter().map(|id| id.parse().ok()).collect();
        let mut records = records.ok_or(ParseProblem::Unexpected("ids"))?;
        if records.is_empty() {
            return Err(ParseProblem::Missing("ids"));
        }
        records.sort_unstable();
        records.dedup();
        Ok(Self {
            channel: channel_id
                .parse()
                .map_err(|_| ParseProblem::Unexpected("channel_id"))?,
            module,
            kind: match operation {
                Operation::Insert => ChangeKind::Inserted,
                Operation::Update => ChangeKind::Updated,
                Operation::Delete => ChangeKind::Deleted,
                Operation::Other(_) => ChangeKind::Other,
            },
            records,
            at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"server_time":1767225600123,"module":"Contacts","ids":["4876876000000124",4876876000000123,"4876876000000124"],
        "operation":"update","channel_id":1000000068001,"token":"9f3c1a7e5d2b48c6"}"#;

    #[test]
    fn a_change_names_its_records_once() {
        let change = Change::read(BODY.as_bytes()).unwrap();
        let ids: Vec<&str> = change.records.iter().map(RecordId::as_str).collect();
        assert_eq!(ids, ["4876876000000123", "4876876000000124"]);
        assert_eq!(change.channel.as_str(), "1000000068001");
        assert_eq!(
            (change.module.as_str(), change.kind),
            ("Contacts", ChangeKind::Updated)
        );
        assert_eq!(change.at.unwrap().as_millisecond(), 1_767_225_600_123);
    }

    #[test]
    fn each_operation_is_of_its_kind() {
        for (word, kind) in [
            ("insert", ChangeKind::Inserted),
            ("create", ChangeKind::Inserted),
            ("edit", ChangeKind::Updated),
            ("delete", ChangeKind::Deleted),
            ("restore", ChangeKind::Other),
        ] {
            let body = BODY.replace("update", word);
            assert_eq!(Change::read(body.as_bytes()).unwrap().kind, kind, "{word}");
        }
    }

    #[test]
    fn what_names_no_record_or_no_channel_is_no_change() {
        let list = r#"["4876876000000124",4876876000000123,"4876876000000124"]"#;
        for (from, to, problem) in [
            (list, "[]", ParseProblem::Missing("ids")),
            (list, r#"["a b"]"#, ParseProblem::Unexpected("ids")),
            (
                "1000000068001",
                r#""x""#,
                ParseProblem::Unexpected("channel_id"),
            ),
        ] {
            let body = BODY.replace(from, to);
            assert_eq!(Change::read(body.as_bytes()), Err(problem), "{to}");
        }
    }
}
