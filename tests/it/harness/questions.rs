//! What the simulated senders ask among their webhooks: it is answered at once, and is no event.

/// The types of the questions, as their provider calls them.
pub(crate) const QUESTIONS: [&str; 2] = ["assistant-request", "tool-calls"];

/// The table that keeps the answers, if the webhook is a question.
pub(crate) fn answers_of(provider: &str, kind: &str) -> Option<&'static str> {
    match (provider, kind) {
        ("vapi", "assistant-request") => Some("context_log"),
        ("vapi", "tool-calls") => Some("call_functions"),
        _ => None,
    }
}
