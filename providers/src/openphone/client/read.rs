//! Reads: lists of texts and calls, and what belongs to a call. They repair what webhooks missed.

use domain::phone::PhoneNumber;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::Value;

use super::{Accepted, Client, answer};
use crate::{
    channel::{SendError, http},
    error::ReadError,
    json::{Json, broken},
    openphone::event::{
        Direction, Event, Message, Says, listed_call, listed_material, listed_message,
    },
};

/// Entries on one page; the most that OpenPhone gives.
const PAGE_SIZE: &str = "100";
/// Pages after which a search gives up: more texts than that to one person are no search any more.
const MAX_PAGES: u32 = 10;
/// Largest answer that is read, in bytes: a page of the longest texts, or a long transcript.
const MAX_READ: usize = 8 * 1024 * 1024;
/// How far OpenPhone's clock may be behind ours.
const CLOCKS_APART: SignedDuration = SignedDuration::from_secs(60);

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// As events without an id or time of their own. [`crate::openphone::entry::entry`] takes them.
    pub events: Vec<Event>,
    /// What leads to the next page.
    pub next: Option<String>,
}

/// A phone line of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `PN…`
    pub id: String,
    pub number: PhoneNumber,
}

impl Client {
    /// The lines of the workspace: lists want a line's id, and settings name its number.
    pub async fn lines(&self) -> Result<Vec<Line>, ReadError> {
        let list = self.get(&["phone-numbers"], &[]).await?;
        let list = list.ok_or_else(|| unreadable("no lines"))?;
        let line = |line: Json<'_>| {
            let number = line.at("number").text()?;
            Some(Line {
                id: line.at("id").text()?,
                number: PhoneNumber::from_e164(&number).ok()?,
            })
        };
        Ok(Json::from(&list)
            .at("data")
            .items()
            .filter_map(line)
            .collect())
    }

    /// Texts between a line (`PN…`) and a person since a time, in OpenPhone's order. `page` is the last page's `next`.
    pub async fn messages(
        &self,
        line_id: &str,
        person: &PhoneNumber,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page, ReadError> {
        let list = self.list("messages", line_id, person, since, page).await?;
        Ok(paged(&list, listed_message))
    }

    /// Calls between a line (`PN…`) and a person since a time. There is no list of all calls of a line.
    pub async fn calls(
        &self,
        line_id: &str,
        person: &PhoneNumber,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page, ReadError> {
        let list = self.list("calls", line_id, person, since, page).await?;
        Ok(paged(&list, listed_call))
    }

    /// Reads one call; `None` when there is none of this id.
    pub async fn call(&self, call_id: &str) -> Result<Option<Event>, ReadError> {
        let call = self.get(&["calls", call_id], &[]).await?;
        Ok(call.map(|call| listed_call(&call["data"])))
    }

    /// The recordings of a call with fresh addresses, as of `asked_at`; `None` while there are none.
    pub async fn recordings(
        &self,
        call_id: &str,
        asked_at: Timestamp,
    ) -> Result<Option<Event>, ReadError> {
        let Some(answer) = self.get(&["call-recordings", call_id], &[]).await? else {
            return Ok(None);
        };
        let call = serde_json::json!({"id": call_id, "recordings": answer["data"]});
        let event = listed_material("call.recording.completed", &call);
        Ok(Some(event)
            .filter(|event| matches!(&event.says, Says::Recordings(call) if !call.recordings.is_empty()))
            .map(|event| asked(event, asked_at)))
    }

    /// The voicemail of a call with a fresh address, as of `asked_at`; `None` while there is none.
    pub async fn voicemail(
        &self,
        call_id: &str,
        asked_at: Timestamp,
    ) -> Result<Option<Event>, ReadError> {
        let kind = "call.voicemail.completed";
        let event = self.material("call-voicemails", kind, call_id).await?;
        Ok(event.map(|event| asked(event, asked_at)))
    }

    /// `None` while there is none.
    pub async fn summary(&self, call_id: &str) -> Result<Option<Event>, ReadError> {
        let kind = "call.summary.completed";
        self.material("call-summaries", kind, call_id).await
    }

    /// `None` while there is none.
    pub async fn transcript(&self, call_id: &str) -> Result<Option<Event>, ReadError> {
        let kind = "call.transcript.completed";
        self.material("call-transcripts", kind, call_id).await
    }

    /// Searches for a text that we sent to a person since a time, to learn what became of one in doubt. `sent_before`
    /// names the ones that are accounted for, since somebody may have been sent the same words twice on purpose.
    ///
    /// `Ok(None)` says that the list does not have it *now*. A text may be listed late, so only an answer from well
    /// after the request proves that there is none.
    pub async fn find_text(
        &self,
        line_id: &str,
        to: &PhoneNumber,
        since: Timestamp,
        text: &str,
        sent_before: &[String],
    ) -> Result<Option<Accepted>, ReadError> {
        let since = since.saturating_sub(CLOCKS_APART).unwrap_or(since);
        let mut page: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let list = self.messages(line_id, to, since, page.as_deref()).await?;
            let found = list
                .events
                .iter()
                .find_map(|event| ours(event, since, text, sent_before));
            match (found, list.next) {
                (Some(found), _) => return Ok(Some(found)),
                (None, None) => return Ok(None),
                (None, Some(next)) if page.as_ref() != Some(&next) => page = Some(next),
                _ => return Err(unreadable("more texts, and no way to the next page")),
            }
        }
        Err(ReadError::TooMany { pages: MAX_PAGES })
    }

    async fn list(
        &self,
        what: &str,
        line_id: &str,
        person: &PhoneNumber,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Value, ReadError> {
        let since = since.to_string();
        let mut query = vec![
            ("phoneNumberId", line_id),
            ("participants", person.e164()),
            ("maxResults", PAGE_SIZE),
            ("createdAfter", &since),
        ];
        query.extend(page.map(|page| ("pageToken", page)));
        let list = self.get(&[what], &query).await?;
        list.filter(|list| list["data"].is_array())
            .ok_or_else(|| unreadable("not a list"))
    }

    /// `None` while it is absent, or not ready: OpenPhone answers 404 or says so.
    async fn material(
        &self,
        path: &str,
        event_type: &str,
        call_id: &str,
    ) -> Result<Option<Event>, ReadError> {
        let Some(mut answer) = self.get(&[path, call_id], &[]).await? else {
            return Ok(None);
        };
        let data = &mut answer["data"];
        let ready = !matches!(
            data["status"].as_str(),
            Some("absent" | "in-progress" | "failed")
        );
        if !ready || !data.is_object() {
            return Ok(None);
        }
        data["callId"] = call_id.into();
        Ok(Some(listed_material(event_type, data)))
    }

    async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Option<Value>, ReadError> {
        let request = self.request(Method::GET, path);
        let mut request = request.build().map_err(|_| unreadable("no such address"))?;
        if !query.is_empty() {
            request.url_mut().query_pairs_mut().extend_pairs(query);
        }
        let request = reqwest::RequestBuilder::from_parts(self.http.clone(), request);
        let answer = http::send(request, MAX_READ).await.map_err(not_sent)?;
        match answer::read(answer) {
            Ok(body) => broken::read(&body)
                .map(Some)
                .map_err(|_| unreadable("not JSON")),
            Err(ReadError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn paged(list: &Value, read: impl Fn(&Value) -> Event) -> Page {
    let data = list["data"].as_array();
    Page {
        events: data.into_iter().flatten().map(read).collect(),
        next: Json::from(list).at("nextPageToken").text(),
    }
}

fn asked(event: Event, asked_at: Timestamp) -> Event {
    Event {
        at: Some(asked_at),
        ..event
    }
}

/// The text that was sent, when this is it. One without a time may be a new one.
fn ours(event: &Event, since: Timestamp, text: &str, sent_before: &[String]) -> Option<Accepted> {
    let Says::Message(message) = &event.says else {
        return None;
    };
    let Message {
        id: Some(id),
        direction,
        created_at,
        text: Some(body),
        ..
    } = message.as_ref()
    else {
        return None;
    };
    let is_ours = *direction == Some(Direction::Outgoing)
        && body.trim() == text.trim()
        && created_at.is_none_or(|created| created >= since)
        && !sent_before.contains(id);
    is_ours.then(|| Accepted {
        message_id: id.clone(),
        line_id: event.place.phone_number_id.clone(),
    })
}

fn not_sent(error: SendError) -> ReadError {
    match error {
        SendError::Misconfigured { detail } => ReadError::Refused {
            status: 0,
            message: detail,
            systemic: true,
        },
        other => ReadError::Failed(other.to_string()),
    }
}

fn unreadable(what: &str) -> ReadError {
    ReadError::Unreadable(what.to_owned())
}
