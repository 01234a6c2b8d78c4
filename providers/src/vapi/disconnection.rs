//! What follows from the reason for which a call ended, in the domain's words.

use domain::call::{Direction, Disconnection};

use super::ended_reason::{EndedReason, class_of};

/// What follows from an ended reason, for a call of that direction. Open: an unknown reason is a class of its own.
pub fn disconnection_of(reason: &str, direction: Direction) -> Disconnection {
    exact(reason, direction).unwrap_or_else(|| of_class(class_of(reason)))
}

/// The reasons that say more than their class, or something else.
fn exact(reason: &str, direction: Direction) -> Option<Disconnection> {
    Some(match reason {
        "manually-canceled" | "scheduled-call-deleted" | "call-deleted" => Disconnection::Stopped,
        "voicemail" => Disconnection::Machine,
        "customer-busy" => Disconnection::Busy,
        "twilio-reported-customer-misdialed" => Disconnection::InvalidNumber,
        "call.in-progress.error-providerfault-outbound-sip-408-request-timeout"
        | "call.in-progress.error-providerfault-outbound-sip-480-temporarily-unavailable" => {
            Disconnection::NoAnswer
        }
        "call.in-progress.error-providerfault-outbound-sip-407-proxy-authentication-required"
        | "assistant-not-found"
        | "assistant-not-provided"
        | "assistant-not-valid"
        | "call-start-error-neither-assistant-nor-server-set" => Disconnection::Systemic,
        // It passes when another call ends.
        "call.start.error-subscription-concurrency-limit-reached" => Disconnection::Failed,
        // Whoever we called has talked before being passed on, and is not to be called again for that. A caller who
        // was passed on to nobody has not reached us.
        "call.forwarding.operator-busy" | "call.forwarding.no-answer" => match direction {
            Direction::Outbound => Disconnection::Talked,
            Direction::Inbound => Disconnection::NoAnswer,
        },
        _ => return None,
    })
}

fn of_class(class: EndedReason) -> Disconnection {
    match class {
        EndedReason::Normal => Disconnection::Talked,
        EndedReason::HandledByHook => Disconnection::Stopped,
        EndedReason::NoContact => Disconnection::NoAnswer,
        EndedReason::Account => Disconnection::Systemic,
        EndedReason::Carrier
        | EndedReason::OurWebhook
        | EndedReason::Setup
        | EndedReason::Pipeline
        | EndedReason::Platform => Disconnection::Failed,
        EndedReason::Unknown => Disconnection::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_the_vendors_list_has_its_class() {
        let table = [
            (
                Disconnection::Talked,
                "customer-ended-call assistant-ended-call assistant-ended-call-after-message-spoken assistant-ended-call-with-hangup-task assistant-said-end-call-phrase assistant-forwarded-call assistant-request-returned-forwarding-phone-number exceeded-max-duration silence-timed-out customer-ended-call-before-warm-transfer customer-ended-call-after-warm-transfer-attempt customer-ended-call-during-transfer call.in-progress.twilio-completed-call call.in-progress.sip-completed-call vonage-completed vonage-disconnected call.forwarding.operator-busy call.forwarding.no-answer",
            ),
            (
                Disconnection::Stopped,
                "manually-canceled scheduled-call-deleted call-deleted call.ringing.hook-executed-say call.ending.hook-executed-transfer",
            ),
            (Disconnection::Machine, "voicemail"),
            (Disconnection::Busy, "customer-busy"),
            (
                Disconnection::NoAnswer,
                "customer-did-not-answer customer-did-not-give-microphone-permission call.ringing.sip-inbound-caller-hungup-before-call-connect call.in-progress.error-providerfault-outbound-sip-408-request-timeout call.in-progress.error-providerfault-outbound-sip-480-temporarily-unavailable",
            ),
            (
                Disconnection::InvalidNumber,
                "twilio-reported-customer-misdialed",
            ),
            (
                Disconnection::Systemic,
                "call.start.error-subscription-frozen call.start.error-subscription-insufficient-credits call.start.error-subscription-wallet-does-not-exist call.start.error-vapi-number-international call.start.error-vapi-number-outbound-daily-limit call.start.error-fraud-check-failed call.start.error-enterprise-feature-not-available-recording-consent assistant-not-found assistant-not-provided assistant-not-valid call-start-error-neither-assistant-nor-server-set call.in-progress.error-providerfault-outbound-sip-407-proxy-authentication-required",
            ),
            (
                Disconnection::Failed,
                "twilio-failed-to-connect-call vonage-failed-to-connect-call vonage-rejected call.in-progress.error-sip-outbound-call-failed-to-connect call.in-progress.error-sip-inbound-call-failed-to-connect call.ringing.error-sip-inbound-call-failed-to-connect call.in-progress.error-providerfault-outbound-sip-403-forbidden call.in-progress.error-providerfault-outbound-sip-503-service-unavailable assistant-request-failed assistant-request-returned-error assistant-request-returned-unspeakable-error assistant-request-returned-invalid-assistant assistant-request-returned-no-assistant assistant-join-timed-out call.start.error-subscription-concurrency-limit-reached call.start.error-get-assistant call.start.error-get-org call.start.error-get-phone-number call.start.error-get-customer call.start.error-get-resources-validation call.start.error-get-transport call.start.error-vapifault-database-error pipeline-error-openai-llm-failed pipeline-no-available-llm-model call.in-progress.error-vapifault-worker-died call.in-progress.error-assistant-did-not-receive-customer-audio call.in-progress.error-transfer-failed worker-shutdown vapifault-web-call-worker-setup-failed phone-call-provider-closed-websocket phone-call-provider-bypass-enabled-but-no-call-received assistant-error",
            ),
            (
                Disconnection::Unknown,
                "swallowed-by-whale CUSTOMER-BUSY call.sung",
            ),
        ];
        for (class, reasons) in table {
            for reason in reasons.split(' ') {
                assert_eq!(
                    disconnection_of(reason, Direction::Outbound),
                    class,
                    "{reason}"
                );
            }
        }
    }

    #[test]
    fn a_caller_who_was_passed_on_to_nobody_has_not_reached_us() {
        for reason in ["call.forwarding.operator-busy", "call.forwarding.no-answer"] {
            let class = disconnection_of(reason, Direction::Inbound);
            assert_eq!(class, Disconnection::NoAnswer, "{reason}");
        }
    }
}
