//! Each cause in plain words: what it is, what it means, what to do.

use super::AlertCause;

impl AlertCause {
    /// A few words without a full stop.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ProcessingSlow => "webhooks are processed slowly",
            Self::FailuresShare => "too many webhooks fail",
            Self::QueueLong => "too many webhooks are waiting",
            Self::HealthCheckFailed => "a part of Bellhop does not work",
            Self::ChannelExpiring => "a notification channel of the CRM is about to expire",
            Self::CrmRefused => "the CRM does not let Bellhop in",
            Self::ReminderNotPlaced => "a reminder is due and has not been called",
            Self::AcceptedNotStarted => "an accepted webhook is not being processed",
            Self::EventDead => "a webhook could not be processed",
            Self::DialRefused => "the phone provider refuses calls",
            Self::TenantPausedItself => "dialing has paused itself",
            Self::CallsPoor => "too many calls go badly",
            Self::CircuitOpen => "a provider is failing and is left alone for a while",
            Self::UnknownCaller => "a call came in for an unknown agent or number",
            Self::CallerUnanswered => "a caller was answered without a look at who it is",
            Self::LineCheckFailed => "the phone line did not pass its check",
            Self::CalendarUnread => "a calendar cannot be read",
            Self::FollowUpOverdue => "callers wait too long to be called back",
            Self::AlertChannelRefused => "alerts cannot be sent one of the ways",
            Self::ReadingStopped => "texts and transcripts are not read any more",
            Self::Test => "this is a test",
        }
    }

    /// What it means: plain sentences.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::ProcessingSlow => {
                "Webhooks are kept, but take effect late: cancellations and opt-outs too."
            }
            Self::FailuresShare => {
                "More of the last webhooks were given up or could not be read than the settings allow. They are kept."
            }
            Self::QueueLong => {
                "More webhooks come in than are processed. None is lost; they take effect late."
            }
            Self::HealthCheckFailed => {
                "A service that Bellhop needs does not answer, or answers wrongly."
            }
            Self::ChannelExpiring => {
                "It could not be renewed. When it expires, changes in the CRM are not heard of until the next comparison."
            }
            Self::CrmRefused => {
                "Its access was taken back, or may not do what is needed. What is to be written waits; nothing is lost."
            }
            Self::ReminderNotPlaced => "Somebody was to be called by now and has not been.",
            Self::AcceptedNotStarted => {
                "It is stored and acknowledged, but no process has picked it up: the relay or Temporal may be down."
            }
            Self::EventDead => {
                "Every permitted try failed. It is kept, and nothing more happens to it until somebody has it tried again."
            }
            Self::DialRefused => {
                "The key is not accepted, the account is not paid, or it may not call. Nobody is called until that is settled."
            }
            Self::TenantPausedItself => {
                "A safeguard stopped it. Nobody is called until dialing is resumed."
            }
            Self::CallsPoor => {
                "Too many people are gone at once, or too many calls fail: the agent, its script or the line may be wrong."
            }
            Self::CircuitOpen => {
                "It failed again and again. It is asked once in a while, and used again as soon as it answers."
            }
            Self::UnknownCaller => {
                "The caller was answered safely, but nobody is set up to take such calls."
            }
            Self::CallerUnanswered => {
                "The voice agent asked who calls and got no answer in time. It took the call and knew nothing of the caller."
            }
            Self::LineCheckFailed => {
                "The text from the monitor number did not arrive in time: people's texts and calls may not arrive either."
            }
            Self::CalendarUnread => {
                "While it is not known which times are taken there, callers are offered none."
            }
            Self::FollowUpOverdue => {
                "They called, nobody answered or they left a message, and nobody has called back by the time that was set."
            }
            Self::AlertChannelRefused => {
                "Its key, address or sender is wrong, so it is not used any more. Alerts go the other ways meanwhile."
            }
            Self::ReadingStopped => {
                "The month's tokens are spent, or the key or the model is refused. What comes in is kept, and read later."
            }
            Self::Test => "Somebody asked for it with `bellhop alerts test`. Nothing is wrong.",
        }
    }

    /// What to do about it: plain sentences.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::ProcessingSlow | Self::QueueLong => {
                "See `bellhop doctor`; more workers (`bellhop worker`) shorten the queue."
            }
            Self::FailuresShare => {
                "See `bellhop events list --tenant NAME --filter state=dead+invalid` for what fails and why."
            }
            Self::HealthCheckFailed => "See `bellhop doctor`.",
            Self::ChannelExpiring => {
                "See `bellhop crm status --tenant NAME`; the CRM's access may have been taken back."
            }
            Self::CrmRefused => {
                "See `bellhop crm status --tenant NAME`; store new secrets with `bellhop tenant add-secret NAME --crm …`."
            }
            Self::ReminderNotPlaced => {
                "See `bellhop doctor` and `bellhop review`; call the person yourself if time is short."
            }
            Self::AcceptedNotStarted => {
                "See `bellhop doctor`; `bellhop wake` wakes every process anew."
            }
            Self::EventDead => {
                "See `bellhop events list --tenant NAME --filter state=dead`; once the cause is gone, `bellhop events retry-all` tries them again. A retry never dials."
            }
            Self::DialRefused => {
                "Check key and payment at the provider, store a new key with `bellhop tenant add-key NAME`, then `bellhop tenant resume NAME`."
            }
            Self::TenantPausedItself => {
                "See `bellhop review` for what happened, then `bellhop tenant resume NAME`."
            }
            Self::CallsPoor => {
                "Listen to some of the calls at the provider and try the agent yourself; `bellhop tenant resume NAME` says that you have looked, and counts anew."
            }
            Self::CircuitOpen => {
                "Look at the provider's status page; `bellhop doctor` shows when it is asked next."
            }
            Self::UnknownCaller => {
                "Set up the number or the agent, or take its webhook address away."
            }
            Self::CallerUnanswered => "See `bellhop doctor`: the database may be slow or away.",
            Self::LineCheckFailed => {
                "Send a text to the main number from another phone, then ask the phone provider."
            }
            Self::CalendarUnread => {
                "See `bellhop calendars --tenant NAME` for what is wrong; it is tried again by itself, and at once after `bellhop tenant apply` or `bellhop tenant add-secret`."
            }
            Self::FollowUpOverdue => {
                "See `bellhop followups list --tenant NAME`; call them back, then `bellhop followups done`."
            }
            Self::AlertChannelRefused => {
                "Correct it in the settings or store its secret anew, then `bellhop alerts test --tenant NAME`."
            }
            Self::ReadingStopped => {
                "See `bellhop texts usage --tenant NAME`; raise `monthly_tokens` in the settings, or correct the model or store its key anew."
            }
            Self::Test => "There is nothing to do.",
        }
    }
}
