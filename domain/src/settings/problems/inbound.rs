//! What is wrong with the settings of inbound calls.

use super::{Found, NUMBER, is_e164};
use crate::settings::Inbound;

const AGENT: &str = "must be the provider's id of the agent, without spaces";

pub(super) fn problems(inbound: &Inbound, found: &mut Found) {
    for (field, numbers) in [
        ("inbound.numbers", &inbound.numbers),
        ("inbound.shared_numbers", &inbound.shared_numbers),
    ] {
        for (index, number) in numbers.iter().enumerate() {
            if !is_e164(number) {
                found.add(format!("{field}[{index}]"), number, NUMBER);
            }
        }
    }
    for (index, agent) in inbound.agent_ids.iter().enumerate() {
        if !is_agent(agent) {
            found.add(format!("inbound.agent_ids[{index}]"), agent, AGENT);
        }
    }
    if let Some(agent) = &inbound.override_agent_id
        && !is_agent(agent)
    {
        found.add("inbound.override_agent_id", agent, AGENT);
    }
}

fn is_agent(id: &str) -> bool {
    !id.is_empty() && !id.contains(char::is_whitespace)
}
