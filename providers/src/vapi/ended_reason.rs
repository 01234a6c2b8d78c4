//! Why a Vapi call ended. Vapi lists over six hundred reasons and adds to them weekly, so each belongs to a
//! class by its exact name or its beginning, and an unknown one to a class of its own.

/// What a reason means for us. The classes are ours, not Vapi's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedReason {
    /// A hook of the phone number dealt with it.
    HandledByHook,
    Normal,
    /// Nobody was spoken to.
    NoContact,
    /// The number or the carrier would not connect.
    Carrier,
    /// What our own webhook answered was of no use.
    OurWebhook,
    /// The account: money, limits, permissions.
    Account,
    /// What was asked for cannot be set up: assistant, number, customer.
    Setup,
    /// A model, a voice or a transcriber failed during the call.
    Pipeline,
    /// Vapi itself.
    Platform,
    Unknown,
}

/// The class of a reason.
pub fn class_of(reason: &str) -> EndedReason {
    exact(reason)
        .or_else(|| beginning(reason))
        .unwrap_or(EndedReason::Unknown)
}

fn exact(reason: &str) -> Option<EndedReason> {
    Some(match reason {
        "customer-ended-call"
        | "assistant-ended-call"
        | "assistant-ended-call-after-message-spoken"
        | "assistant-ended-call-with-hangup-task"
        | "assistant-said-end-call-phrase"
        | "assistant-forwarded-call"
        | "assistant-request-returned-forwarding-phone-number"
        | "exceeded-max-duration"
        | "silence-timed-out"
        | "manually-canceled"
        | "customer-ended-call-before-warm-transfer"
        | "customer-ended-call-after-warm-transfer-attempt"
        | "customer-ended-call-during-transfer"
        | "call.in-progress.twilio-completed-call"
        | "call.in-progress.sip-completed-call"
        | "vonage-completed"
        | "vonage-disconnected" => EndedReason::Normal,
        "customer-busy"
        | "customer-did-not-answer"
        | "voicemail"
        | "customer-did-not-give-microphone-permission"
        | "twilio-reported-customer-misdialed"
        | "call.forwarding.operator-busy"
        | "call.forwarding.no-answer"
        | "call.ringing.sip-inbound-caller-hungup-before-call-connect" => EndedReason::NoContact,
        "twilio-failed-to-connect-call"
        | "vonage-failed-to-connect-call"
        | "vonage-rejected"
        | "call.in-progress.error-sip-outbound-call-failed-to-connect" => EndedReason::Carrier,
        "assistant-request-failed"
        | "assistant-not-found"
        | "assistant-not-provided"
        | "assistant-not-valid"
        | "assistant-join-timed-out"
        | "call-start-error-neither-assistant-nor-server-set" => EndedReason::OurWebhook,
        "assistant-error" => EndedReason::Pipeline,
        "worker-shutdown"
        | "phone-call-provider-closed-websocket"
        | "phone-call-provider-bypass-enabled-but-no-call-received"
        | "scheduled-call-deleted"
        | "call-deleted" => EndedReason::Platform,
        _ => return None,
    })
}

/// Beginnings and their classes; of several that fit the first counts.
const BEGINNINGS: &[(&str, EndedReason)] = &[
    ("call.ringing.hook-executed-", EndedReason::HandledByHook),
    ("call.ending.hook-executed-", EndedReason::HandledByHook),
    (
        "call.in-progress.error-providerfault-outbound-sip-",
        EndedReason::Carrier,
    ),
    ("call.in-progress.error-sip-inbound-", EndedReason::Carrier),
    ("call.ringing.error-", EndedReason::Carrier),
    ("assistant-request-returned-", EndedReason::OurWebhook),
    ("call.start.error-subscription-", EndedReason::Account),
    ("call.start.error-vapi-number-", EndedReason::Account),
    ("call.start.error-fraud-check-failed", EndedReason::Account),
    ("call.start.error-enterprise-feature-", EndedReason::Account),
    ("call.start.error-get-", EndedReason::Setup),
    ("call.start.error-vapifault-", EndedReason::Setup),
    ("pipeline-", EndedReason::Pipeline),
    ("call.in-progress.error-", EndedReason::Pipeline),
    ("vapifault-", EndedReason::Platform),
];

fn beginning(reason: &str) -> Option<EndedReason> {
    BEGINNINGS
        .iter()
        .find(|(beginning, _)| reason.starts_with(beginning))
        .map(|(_, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_belongs_to_a_class_by_its_name_or_its_beginning() {
        for (reason, class) in [
            ("customer-ended-call", EndedReason::Normal),
            (
                "assistant-request-returned-forwarding-phone-number",
                EndedReason::Normal,
            ),
            (
                "assistant-request-returned-no-assistant",
                EndedReason::OurWebhook,
            ),
            ("voicemail", EndedReason::NoContact),
            ("call.ringing.hook-executed-say", EndedReason::HandledByHook),
            (
                "call.in-progress.error-providerfault-outbound-sip-403-forbidden",
                EndedReason::Carrier,
            ),
            (
                "call.in-progress.error-vapifault-openai-llm-failed",
                EndedReason::Pipeline,
            ),
            ("pipeline-no-available-llm-model", EndedReason::Pipeline),
            ("call.start.error-subscription-frozen", EndedReason::Account),
            ("call.start.error-get-assistant", EndedReason::Setup),
            ("call.start.error-vapifault-get-org", EndedReason::Setup),
            (
                "vapifault-web-call-worker-setup-failed",
                EndedReason::Platform,
            ),
            ("customer-ended-call-by-singing", EndedReason::Unknown),
            ("", EndedReason::Unknown),
        ] {
            assert_eq!(class_of(reason), class, "{reason}");
        }
    }
}
