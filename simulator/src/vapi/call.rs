//! One call: how far it has come, and what the outside sees of it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Direction, Outcome, plan::Plan, scenario::Analysis};
use crate::{chance::dice, retell::words};

/// A call that was created.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) direction: Direction,
    /// Missing until one was named.
    pub(super) assistant_id: Option<String>,
    pub(super) phone_number_id: String,
    /// Known of calls that came in.
    pub(super) our_number: Option<String>,
    /// Missing when it is withheld.
    pub(super) person: Option<String>,
    pub(super) name: Option<String>,
    pub(super) overrides: Value,
    pub(super) plan: Plan,
    pub(super) seed: u64,
    pub(super) shows: Shows,
    pub(super) status: &'static str,
    pub(super) created_ms: i64,
    pub(super) updated_ms: i64,
    pub(super) started_ms: Option<i64>,
    pub(super) ended: Option<Ended>,
    pub(super) analyzed: bool,
    /// Whether messages are still to come.
    pub(super) in_progress: bool,
}

/// What the account is set up to show.
#[derive(Debug, Clone)]
pub(super) struct Shows {
    pub(super) outcome_field: String,
    pub(super) overrides: bool,
    pub(super) analysis: Analysis,
}

/// How a call ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) reason: String,
    pub(super) at_ms: i64,
}

impl Call {
    /// The text under one of our keys in the metadata.
    pub(super) fn metadata_text(&self, key: &str) -> Option<String> {
        let text = self.overrides.get("metadata")?.get(key)?.as_str()?;
        Some(text.to_owned())
    }

    pub(super) fn on_the_line(&self) -> bool {
        self.ended.is_none()
    }

    /// The call as reads show it at this moment. Unknown fields are absent, as at Vapi.
    pub(super) fn object(&self) -> Value {
        let mut call = self.head();
        if self.ended.is_some() {
            call.insert("artifact".into(), self.artifact().into());
        }
        if self.analyzed {
            call.insert("analysis".into(), self.analysis());
        }
        call.into()
    }

    /// The call as messages show it.
    pub(super) fn head(&self) -> Map<String, Value> {
        let mut call = Map::new();
        let mut set = |key: &str, value: Value| {
            if !value.is_null() {
                call.insert(key.to_owned(), value);
            }
        };
        let kind = match self.direction {
            Direction::Outbound => "outboundPhoneCall",
            Direction::Inbound => "inboundPhoneCall",
        };
        set("id", self.id.as_str().into());
        set("orgId", "b3b80000-0000-4000-a000-000000000001".into());
        set("type", kind.into());
        set("status", self.status.into());
        set("createdAt", iso(self.created_ms).into());
        set("updatedAt", iso(self.updated_ms).into());
        set("startedAt", self.started_ms.map(iso).into());
        set("phoneCallProvider", "twilio".into());
        set("phoneNumberId", self.phone_number_id.as_str().into());
        set("assistantId", self.assistant_id.clone().into());
        set("customer", self.customer());
        set("name", self.name.clone().into());
        if self.shows.overrides {
            set("assistantOverrides", self.overrides.clone());
        }
        if let Some(ended) = &self.ended {
            set("endedAt", iso(ended.at_ms).into());
            set("endedReason", ended.reason.as_str().into());
            set("cost", 0.14.into());
        }
        call
    }

    pub(super) fn customer(&self) -> Value {
        match &self.person {
            Some(number) => json!({ "number": number }),
            None => json!({}),
        }
    }

    /// What was recorded. Its addresses are signed when they are sent.
    pub(super) fn artifact(&self) -> Map<String, Value> {
        let mut artifact = Map::new();
        let variables = self.overrides.get("variableValues");
        artifact.extend(variables.map(|values| ("variableValues".to_owned(), values.clone())));
        if self.started_ms.is_none() {
            return artifact;
        }
        let talk = words::conversation(
            self.plan.outcome,
            &self.plan.says,
            &mut dice(self.seed, &["words", &self.id]),
        );
        let name = |role: &str| if role == "agent" { "AI" } else { "User" };
        let said = talk.iter();
        let transcript: String = said
            .map(|(role, words)| format!("{}: {words}\n", name(role)))
            .collect();
        artifact.insert("transcript".into(), transcript.into());
        let url = format!(
            "https://recordings.example.net/{}.wav?signature={UNSIGNED}",
            self.id
        );
        artifact.insert("recordingUrl".into(), url.into());
        if self.analyzed && self.shows.analysis == Analysis::StructuredOutputs {
            artifact.insert("structuredOutputs".into(), self.outputs());
        }
        artifact
    }

    /// What the analysis found: nothing when it is not set up or was not made.
    pub(super) fn analysis(&self) -> Value {
        if self.plan.no_analysis || self.started_ms.is_none() {
            return json!({});
        }
        let mut analysis =
            json!({"summary": words::summary(self.plan.outcome), "successEvaluation": "true"});
        if let (Analysis::StructuredData, Some(analysis)) =
            (self.shows.analysis, analysis.as_object_mut())
        {
            analysis.insert("structuredData".into(), self.data().into());
        }
        analysis
    }

    fn data(&self) -> Map<String, Value> {
        let outcome = self.plan.outcome;
        let opted_out = matches!(outcome, Outcome::DoNotCall | Outcome::CancelledAndDoNotCall);
        Map::from_iter([
            (
                self.shows.outcome_field.clone(),
                words::action(outcome).into(),
            ),
            ("opt_out".to_owned(), opted_out.into()),
            (
                "voicemail".to_owned(),
                (outcome == Outcome::Voicemail).into(),
            ),
            ("sentiment".to_owned(), words::sentiment(outcome).into()),
        ])
    }

    fn outputs(&self) -> Value {
        let data = if self.plan.no_analysis {
            Map::new()
        } else {
            self.data()
        };
        let named = data.into_iter().enumerate();
        named
            .map(|(nth, (name, result))| {
                let id = format!("550e8400-e29b-41d4-a716-{nth:012}");
                (id, json!({"name": name, "result": result}))
            })
            .collect()
    }
}

/// What stands for the signature of an address until it is sent.
pub(super) const UNSIGNED: &str = "0000unsigned0000";

pub(super) fn iso(at_ms: i64) -> String {
    format!(
        "{:.3}",
        Timestamp::from_millisecond(at_ms).unwrap_or_default()
    )
}
