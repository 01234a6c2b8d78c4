//! Notes and call records. Zoho makes a second one of a request that comes twice, so each carries a mark by which it is
//! looked for when the answer to it was lost.

use std::fmt;

use domain::{
    crm::RecordId,
    ids::{CallId, EntryId},
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Client, CrmError, ProblemKind, read::list, wire::time};
use crate::{channel::cut, json::Json};

/// Pages of notes after which a search gives up.
const MAX_PAGES: u32 = 10;

/// What one note or call is known by: our own id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(String);

impl Mark {
    /// `None` for what is no id of ours.
    pub fn new(id: &str) -> Option<Self> {
        let fits = (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        fits.then(|| Self(format!("[ref {id}]")))
    }

    /// The text, cut so that it ends with the mark and has `most` characters.
    fn on(&self, text: &str, most: usize) -> String {
        let left = most.saturating_sub(self.0.len() + 1);
        format!("{} {}", cut(text, left), self.0)
            .trim_start()
            .to_owned()
    }

    fn is_on(&self, text: &Option<String>) -> bool {
        text.as_deref().is_some_and(|text| text.contains(&self.0))
    }
}

impl From<CallId> for Mark {
    fn from(call: CallId) -> Self {
        Self(format!("[ref {call}]"))
    }
}

impl From<EntryId> for Mark {
    fn from(entry: EntryId) -> Self {
        Self(format!("[ref {entry}]"))
    }
}

/// A note about a person.
#[derive(Clone)]
pub struct NewNote {
    pub person: RecordId,
    pub title: String,
    pub text: String,
    pub mark: Mark,
}

/// A phone call with a person.
#[derive(Clone)]
pub struct NewCall {
    pub person: RecordId,
    pub subject: String,
    pub kind: CallKind,
    pub started_at: Timestamp,
    pub seconds: u32,
    pub text: String,
    pub mark: Mark,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    Inbound,
    Outbound,
    Missed,
}

impl fmt::Debug for NewNote {
    /// Without the words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewNote")
            .field("person", &self.person)
            .field("mark", &self.mark)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for NewCall {
    /// Without the words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCall")
            .field("person", &self.person)
            .field("kind", &self.kind)
            .field("mark", &self.mark)
            .finish_non_exhaustive()
    }
}

/// The names of the fields of a call, which differ between accounts. An empty one is not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFields {
    pub module: String,
    pub subject: String,
    pub kind: String,
    pub started_at: String,
    /// Minutes and seconds, `01:00`.
    pub duration: String,
    pub person: String,
    pub text: String,
    /// Only of calls that we made.
    pub status: String,
}

impl Default for CallFields {
    fn default() -> Self {
        let name = str::to_owned;
        Self {
            module: name("Calls"),
            subject: name("Subject"),
            kind: name("Call_Type"),
            started_at: name("Call_Start_Time"),
            duration: name("Call_Duration"),
            person: name("Who_Id"),
            text: name("Description"),
            status: name("Outgoing_Call_Status"),
        }
    }
}

impl Client {
    /// Adds a note to a person of the module. After [`CrmError::Uncertain`] look with [`Client::find_note`].
    pub async fn add_note(&self, module: &str, note: &NewNote) -> Result<RecordId, CrmError> {
        let data = json!({
            "Note_Title": cut(&note.title, self.options.max_title),
            "Note_Content": note.mark.on(&note.text, self.options.max_note),
            "Parent_Id": {"module": {"api_name": module}, "id": note.person.as_str()},
        });
        self.add("Notes", data).await
    }

    /// The note with this mark, among the newest of a person. `None` says that it is not there *now*.
    pub async fn find_note(
        &self,
        module: &str,
        person: &RecordId,
        mark: &Mark,
    ) -> Result<Option<RecordId>, CrmError> {
        for page in 1..=MAX_PAGES {
            let request = self.asked(
                Method::GET,
                &[module, person.as_str(), "Notes"],
                &[
                    ("fields", "Note_Content"),
                    ("sort_by", "id"),
                    ("sort_order", "desc"),
                    ("per_page", "200"),
                    ("page", &page.to_string()),
                ],
            );
            let answer = match self.read(request).await {
                // With the person their notes went.
                Err(CrmError::Refused(problem)) if problem.kind == ProblemKind::NotFound => {
                    return Ok(None);
                }
                answer => answer?,
            };
            if let Some(found) = marked(answer.as_ref(), "Note_Content", mark)? {
                return Ok(Some(found));
            }
            let more = answer
                .as_ref()
                .and_then(|answer| answer["info"]["more_records"].as_bool());
            if more != Some(true) {
                break;
            }
        }
        Ok(None)
    }

    /// Adds a call. After [`CrmError::Uncertain`] look with [`Client::find_call`].
    pub async fn add_call(&self, call: &NewCall) -> Result<RecordId, CrmError> {
        let names = &self.options.call_fields;
        let mut data = self.told_of(call);
        let fixed = [
            (&names.started_at, time(call.started_at).into()),
            (&names.person, json!({"id": call.person.as_str()})),
        ];
        data.extend(named(fixed));
        self.add(&names.module, data.into()).await
    }

    /// Writes a call that is there as it is known by now. When it began and with whom stays.
    pub async fn change_call(&self, record: &RecordId, call: &NewCall) -> Result<(), CrmError> {
        let module = &self.options.call_fields.module;
        let body = self.body(vec![self.told_of(call)]);
        let request = self.request(Method::PUT, &[module, record.as_str()]);
        match self.bulk(request.json(&body), 1).await?.pop() {
            Some(Ok(_)) => Ok(()),
            Some(Err(problem)) => Err(problem.into()),
            None => Err(CrmError::Uncertain),
        }
    }

    /// What may become known of a call only after it was written.
    fn told_of(&self, call: &NewCall) -> Map<String, Value> {
        let names = &self.options.call_fields;
        let (kind, status) = match call.kind {
            CallKind::Inbound => ("Inbound", None),
            CallKind::Outbound => ("Outbound", Some("Completed")),
            CallKind::Missed => ("Missed", None),
        };
        let duration = format!("{:02}:{:02}", call.seconds / 60, call.seconds % 60);
        let text = call.mark.on(&call.text, self.options.max_note);
        let subject = cut(&call.subject, self.options.max_title);
        let fields: [(&String, Value); 5] = [
            (&names.subject, subject.into()),
            (&names.kind, kind.into()),
            (&names.duration, duration.into()),
            (&names.text, text.into()),
            (&names.status, status.into()),
        ];
        named(fields).collect()
    }

    /// The record of this call. `None` says that it is not there *now*.
    pub async fn find_call(&self, call: &NewCall) -> Result<Option<RecordId>, CrmError> {
        let names = &self.options.call_fields;
        let query = format!(
            "select id, {} from {} where {} = '{}' and {} = '{}' limit 200",
            names.text,
            names.module,
            names.person,
            call.person,
            names.started_at,
            time(call.started_at)
        );
        let answer = self.coql(&query).await?;
        marked(answer.as_ref(), &names.text, &call.mark)
    }

    async fn add(&self, module: &str, data: Value) -> Result<RecordId, CrmError> {
        let data = data.as_object().cloned().unwrap_or_default();
        let body = self.body(vec![data]);
        let request = self.request(Method::POST, &[module]).json(&body);
        match self.bulk(request, 1).await?.pop() {
            Some(Ok(written)) => Ok(written.id),
            Some(Err(problem)) => match problem.duplicate_of {
                Some(there) => Ok(there),
                None => Err(problem.into()),
            },
            None => Err(CrmError::Uncertain),
        }
    }
}

/// Without the fields that the account does not have, and those that say nothing.
fn named<'a, const N: usize>(
    fields: [(&'a String, Value); N],
) -> impl Iterator<Item = (String, Value)> + use<'a, N> {
    fields
        .into_iter()
        .filter(|(name, value)| !name.is_empty() && !value.is_null())
        .map(|(name, value)| (name.clone(), value))
}

fn marked(answer: Option<&Value>, text: &str, mark: &Mark) -> Result<Option<RecordId>, CrmError> {
    let item = |value: &Value| {
        let json = Json::from(value);
        let id: RecordId = json.at("id").text()?.parse().ok()?;
        Some((id, json.at(text).text()))
    };
    let found = list(answer, item)?;
    let mut marked = found.into_iter().filter(|(_, text)| mark.is_on(text));
    Ok(marked.next().map(|(id, _)| id))
}
