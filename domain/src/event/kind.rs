//! What an event is about, as its provider and type tell, and how soon it has to be looked at (HOOK-7).

coded_enum! {
    /// How soon an event has to be processed.
    Priority {
        /// At once.
        Critical = "critical",
        /// Within two minutes.
        Standard = "standard",
        /// When nothing else waits.
        Low = "low",
    }
}

impl Priority {
    /// Temporal's priority key: 1 is served first, 5 last, 3 is what other processes have.
    pub const fn temporal_key(self) -> u8 {
        match self {
            Self::Critical => 1,
            Self::Standard => 3,
            Self::Low => 5,
        }
    }
}

coded_enum! {
    /// What an event is about, as far as its processing cares.
    EventKind {
        /// How a call goes, from ringing to its outcome.
        Call = "call",
        /// A question that somebody on the line waits for.
        Question = "question",
        Appointment = "appointment",
        IncomingText = "incoming_text",
        /// What became of a text we sent.
        TextStatus = "text_status",
        Conversation = "conversation",
        Contact = "contact",
        /// Records that changed in the CRM.
        Crm = "crm",
        /// Recording, transcript or summary of a call.
        CallMaterial = "call_material",
        AgentHook = "agent_hook",
        Unknown = "unknown",
    }
}

impl EventKind {
    pub const fn priority(self) -> Priority {
        match self {
            Self::Call | Self::Question | Self::Appointment | Self::IncomingText => {
                Priority::Critical
            }
            Self::TextStatus | Self::Conversation | Self::Contact | Self::Crm => Priority::Standard,
            Self::CallMaterial | Self::AgentHook | Self::Unknown => Priority::Low,
        }
    }

    /// Why it has its priority: one plain sentence without a full stop.
    pub const fn priority_reason(self) -> &'static str {
        match self {
            Self::Call => "a reminder or a person waits for how the call goes",
            Self::Question => "somebody on the line waits for the answer",
            Self::Appointment => "nobody may be called about an appointment that moved",
            Self::IncomingText => "it may ask not to be called again",
            Self::TextStatus => "nothing waits for it but the conversation's display",
            Self::Conversation => "a person reads it, and not within seconds",
            Self::Contact => "the next call should know it, and calls are minutes away",
            Self::Crm => "it is a hint to read records again, which takes a moment anyway",
            Self::CallMaterial => "it comes minutes after its call, in any order or never",
            Self::AgentHook => "it is a record for later",
            Self::Unknown => "nothing here knows what to do with it, so nothing waits for it",
        }
    }
}

/// Types of one provider; the first that fits decides. A `*` stands for any end, or for any beginning.
type Kinds = &'static [(&'static [&'static str], EventKind)];

const RETELL: Kinds = &[
    (&["call_inbound", "chat_inbound"], EventKind::Question),
    (&["transcript_updated"], EventKind::CallMaterial),
    (&["call_*", "transfer_*"], EventKind::Call),
    (&["chat_*"], EventKind::Conversation),
];

const VAPI: Kinds = &[
    (
        &[
            "assistant-request",
            "tool-calls",
            "function-call",
            "*-destination-request",
            "knowledge-base-request",
            "campaign.predial",
        ],
        EventKind::Question,
    ),
    (
        &["status-update", "end-of-call-report", "hang"],
        EventKind::Call,
    ),
    (&["call.delete*"], EventKind::Conversation),
    (&["chat.*", "session.*"], EventKind::Conversation),
    (
        &[
            "conversation-update",
            "speech-update",
            "transcript*",
            "call.artifact.*",
        ],
        EventKind::CallMaterial,
    ),
];

/// OpenPhone's and Quo's; the legacy ones have fewer.
const OPENPHONE: Kinds = &[
    (&["message.received"], EventKind::IncomingText),
    (&["message.*"], EventKind::TextStatus),
    (
        &["call.recording.*", "call.summary.*", "call.transcript.*"],
        EventKind::CallMaterial,
    ),
    // A voicemail among them: somebody wants to be called back.
    (&["call.*"], EventKind::Call),
    (&["contact.*"], EventKind::Contact),
];

/// Twilio sends a status; its types are made of what it is the status of.
const TWILIO: Kinds = &[
    (
        &["message.received", "message.receiving"],
        EventKind::IncomingText,
    ),
    (&["message.*"], EventKind::TextStatus),
    (&["call.*"], EventKind::Call),
];

/// Zoho's types are `Module.operation`; meetings are its appointments.
const ZOHO: Kinds = &[
    (&["events.*", "appointments*"], EventKind::Appointment),
    (&["*"], EventKind::Crm),
];

/// Any sender of Standard Webhooks: a calendar, most likely.
const STANDARD_WEBHOOKS: Kinds = &[
    (&["appointment*", "booking*"], EventKind::Appointment),
    (&["contact*"], EventKind::Contact),
];

const AGENT: Kinds = &[(&["*"], EventKind::AgentHook)];

/// The kind of an event, by its provider's code and its type. The type's case does not matter.
pub fn kind_of(provider: &str, event_type: &str) -> EventKind {
    let kinds = match provider {
        "retell" => RETELL,
        "vapi" => VAPI,
        "openphone" | "quo" => OPENPHONE,
        "twilio" => TWILIO,
        "zoho" => ZOHO,
        "standard_webhooks" => STANDARD_WEBHOOKS,
        "agent" => AGENT,
        _ => &[],
    };
    let event_type = event_type.to_ascii_lowercase();
    kinds
        .iter()
        .find(|(patterns, _)| patterns.iter().any(|pattern| fits(&event_type, pattern)))
        .map_or(EventKind::Unknown, |(_, kind)| *kind)
}

/// How soon an event of this type has to be processed.
pub fn priority_of(provider: &str, event_type: &str) -> Priority {
    kind_of(provider, event_type).priority()
}

fn fits(event_type: &str, pattern: &str) -> bool {
    match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(start), _) => event_type.starts_with(start),
        (None, Some(end)) => event_type.ends_with(end),
        (None, None) => event_type == pattern,
    }
}
