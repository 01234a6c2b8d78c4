//! Trouble that people are told of: what it is, how grave, by which way, and how often (ALERT-1 to ALERT-4).

mod condition;
mod deliver;
mod fingerprint;
mod message;
pub(crate) mod plain;
mod process;
mod route;
mod words;

pub use condition::{Measures, standing};
pub use deliver::{
    DeliveryFacts, DeliveryState, DeliveryStep, FailureClass, SendFailure, deliver_step,
};
pub use fingerprint::{Part, fingerprint};
pub use message::{Message, NoticeText, message};
pub use process::{
    AlertFacts, AlertPace, AlertStep, Episode, Level, Notice, NoticeKind, SentNotice, next_step,
};
pub use route::{Audience, Target, fallback, routes, targets};

coded_enum! {
    /// How grave. The order is the order of gravity: the gravest is the least.
    Severity {
        /// Somebody is harmed if nobody acts now.
        Critical = "critical",
        Error = "error",
        Warning = "warning",
        Info = "info",
    }
}

coded_enum! {
    /// A way to reach people.
    Channel {
        Slack = "slack",
        Email = "email",
        Sms = "sms",
    }
}

coded_enum! {
    /// What people are told of. The code is part of fingerprints and filters.
    AlertCause {
        ProcessingSlow = "processing_slow",
        FailuresShare = "failures_share",
        QueueLong = "queue_long",
        HealthCheckFailed = "health_check_failed",
        /// A notification channel at the CRM, not one of ours.
        ChannelExpiring = "channel_expiring",
        /// The CRM does not let us in, or lets us do nothing.
        CrmRefused = "crm_refused",
        /// A reminder is due and its call has not been placed.
        ReminderNotPlaced = "reminder_not_placed",
        /// An event was accepted and its process has not started.
        AcceptedNotStarted = "accepted_not_started",
        EventDead = "event_dead",
        /// The provider answers 401, 402 or 403: it would refuse every call.
        DialRefused = "dial_refused",
        TenantPausedItself = "tenant_paused_itself",
        /// Too many calls are over at once, or fail.
        CallsPoor = "calls_poor",
        CircuitOpen = "circuit_open",
        UnknownCaller = "unknown_caller",
        /// A voice agent asked who calls and got the empty answer.
        CallerUnanswered = "caller_unanswered",
        LineCheckFailed = "line_check_failed",
        /// Somebody called, nobody answered, and nobody has called back in time.
        FollowUpOverdue = "follow_up_overdue",
        /// A calendar that tells when the business is free.
        CalendarUnread = "calendar_unread",
        /// A way to send alerts is set up wrongly; told by the others.
        AlertChannelRefused = "alert_channel_refused",
        /// Texts and transcripts are not read until somebody acts, or until next month.
        ReadingStopped = "reading_stopped",
        Test = "test",
    }
}

impl AlertCause {
    pub const fn severity(self) -> Severity {
        match self {
            Self::HealthCheckFailed
            | Self::ReminderNotPlaced
            | Self::AcceptedNotStarted
            | Self::DialRefused
            | Self::TenantPausedItself
            | Self::LineCheckFailed => Severity::Critical,
            Self::FailuresShare
            | Self::FollowUpOverdue
            | Self::QueueLong
            | Self::ChannelExpiring
            | Self::CrmRefused
            | Self::EventDead
            | Self::CallsPoor
            | Self::CircuitOpen
            | Self::CallerUnanswered
            | Self::CalendarUnread
            | Self::AlertChannelRefused => Severity::Error,
            Self::ProcessingSlow | Self::UnknownCaller | Self::ReadingStopped => Severity::Warning,
            Self::Test => Severity::Info,
        }
    }

    /// Whether it is a state that stands until it clears, and not something that happens again and again.
    pub const fn is_condition(self) -> bool {
        match self {
            Self::ProcessingSlow
            | Self::FailuresShare
            | Self::QueueLong
            | Self::HealthCheckFailed
            | Self::ChannelExpiring
            | Self::CrmRefused
            | Self::ReminderNotPlaced
            | Self::AcceptedNotStarted
            | Self::TenantPausedItself
            | Self::CallsPoor
            | Self::CircuitOpen
            | Self::CalendarUnread
            | Self::LineCheckFailed
            | Self::FollowUpOverdue
            | Self::ReadingStopped => true,
            Self::EventDead
            | Self::DialRefused
            | Self::UnknownCaller
            | Self::CallerUnanswered
            | Self::AlertChannelRefused
            | Self::Test => false,
        }
    }
}
