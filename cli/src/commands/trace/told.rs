//! What the agent of a call was sent, without names and numbers unless they are asked for (MEM-7).

use anyhow::Result;
use domain::ids::CallId;
use serde_json::{Value, json};
use store::{TenantTx, ToldEntry};

use super::mask::Mask;

/// All that was sent in one call. It holds personal data, masked or not, and so has no `Debug`.
pub(super) struct Told {
    call: CallId,
    entries: Vec<ToldEntry>,
}

impl Told {
    pub(super) async fn of(tx: &mut TenantTx, call: CallId, reveal: bool) -> Result<Self> {
        let mut entries = tx.told_in_call(call).await?;
        if !reveal {
            let mut mask = Mask::default();
            for name in tx.known_as_in_call(call).await? {
                mask.add_name(&name);
            }
            for entry in &entries {
                mask.learn(&entry.answer);
                entry
                    .arguments
                    .iter()
                    .for_each(|arguments| mask.learn(arguments));
            }
            for entry in &mut entries {
                entry.answer = mask.value(&entry.answer);
                entry.arguments = entry.arguments.as_ref().map(|given| mask.value(given));
            }
        }
        Ok(Self { call, entries })
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{}: what its agent was sent", self.call)];
        if self.entries.is_empty() {
            lines.push("  nothing is recorded".to_owned());
        }
        for entry in &self.entries {
            lines.push(head(entry));
            lines.extend(
                entry
                    .arguments
                    .iter()
                    .map(|given| format!("    asked     {given}")),
            );
            lines.push(format!("    answered  {}", entry.answer));
        }
        lines
    }

    pub(super) fn as_json(&self) -> Value {
        let entries = self.entries.iter().map(|entry| {
            json!({
                "at": entry.at, "function": entry.function, "arguments": entry.arguments,
                "answer": entry.answer, "failure": entry.failure, "took_ms": entry.took_ms,
            })
        });
        json!({ "call": self.call, "sent": entries.collect::<Vec<_>>() })
    }
}

fn head(entry: &ToldEntry) -> String {
    let told = match entry.answer.get("variables") {
        Some(_) => "with the request to dial",
        None => "who calls",
    };
    let what = entry.function.as_deref().unwrap_or(told);
    let failure = entry.failure.as_ref().map(|why| format!(", {why}"));
    format!(
        "  {:.3}  {what}, {} ms{}",
        entry.at,
        entry.took_ms,
        failure.unwrap_or_default()
    )
}
