//! Settings of alerts, of the processing of events, and of the daily report. No secret is a setting: Slack's
//! address and the passwords are stored encrypted, under the provider codes `slack`, `smtp` and `twilio`.

use serde::{Deserialize, Serialize};

use super::TimeOfDay;
use crate::alert::{Channel, Severity};

/// Who hears of trouble, how, and from when on it is trouble.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alerts {
    pub slack: Slack,
    pub email: Email,
    pub sms: Sms,
    /// The channels of each severity; those that are not set up are left out.
    pub critical: Vec<Channel>,
    pub error: Vec<Channel>,
    pub warning: Vec<Channel>,
    pub info: Vec<Channel>,
    /// At least so long between two notices of one cause.
    pub digest_minutes: u16,
    /// What has not happened again for so long is over.
    pub quiet_minutes: u16,
    /// An event that takes longer is slow.
    pub processing_seconds: u32,
    /// The share of failed events that is too much, if at least `failure_minimum` were processed.
    pub failure_percent: f64,
    pub failure_minimum: u32,
    /// More waiting events are too many.
    pub queue_length: u32,
    /// A reminder that is due and not placed for longer is late.
    pub not_placed_minutes: u32,
    /// An event that was accepted and not started for longer is late.
    pub not_started_minutes: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Slack {
    pub enabled: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Email {
    /// Nobody: no mail is sent.
    pub to: Vec<String>,
    pub from: Option<String>,
    pub smtp_host: Option<String>,
    pub smtp_port: u16,
    pub smtp_tls: SmtpTls,
    /// Whose password is stored under `smtp`; without a user, none is sent.
    pub smtp_user: Option<String>,
}

coded_enum! {
    /// How the connection to the mail server is protected.
    SmtpTls {
        /// Begun in clear and never continued so.
        StartTls = "starttls",
        Implicit = "implicit",
        /// For a relay on the same machine or network.
        None = "none",
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sms {
    /// E.164. Nobody: no text is sent.
    pub to: Vec<String>,
    /// E.164, a sender's name, or Twilio's id of a messaging service.
    pub from: Option<String>,
    /// Twilio's account SID.
    pub account: Option<String>,
}

/// The processing of webhooks that belong to no call. What is not set is decided by source and type.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// All tries together.
    pub tries: Option<u32>,
    pub first_delay_seconds: Option<u32>,
    /// Each delay is so many times the one before.
    pub delay_factor: Option<f64>,
    pub longest_delay_seconds: Option<u32>,
}

/// The daily report of what failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Report {
    pub enabled: bool,
    /// In the tenant's zone.
    pub at: TimeOfDay,
    pub channels: Vec<Channel>,
}

impl Alerts {
    pub fn is_set_up(&self, channel: Channel) -> bool {
        self.places(channel) > 0
    }

    /// How many addresses a channel has: 0 when it is not set up.
    pub fn places(&self, channel: Channel) -> usize {
        match channel {
            Channel::Slack => usize::from(self.slack.enabled),
            Channel::Email => self.email.to.len(),
            Channel::Sms => self.sms.to.len(),
        }
    }

    /// The channels an alert of this severity is meant for, set up or not.
    pub fn channels(&self, severity: Severity) -> &[Channel] {
        match severity {
            Severity::Critical => &self.critical,
            Severity::Error => &self.error,
            Severity::Warning => &self.warning,
            Severity::Info => &self.info,
        }
    }
}

impl Default for Alerts {
    fn default() -> Self {
        let by_day = vec![Channel::Slack, Channel::Email];
        Alerts {
            slack: Slack::default(),
            email: Email::default(),
            sms: Sms::default(),
            critical: Channel::ALL.to_vec(),
            error: by_day.clone(),
            warning: by_day,
            info: vec![Channel::Slack],
            digest_minutes: 15,
            quiet_minutes: 30,
            processing_seconds: 5,
            failure_percent: 1.0,
            failure_minimum: 100,
            queue_length: 1000,
            not_placed_minutes: 5,
            not_started_minutes: 2,
        }
    }
}

impl Default for Email {
    fn default() -> Self {
        Email {
            to: Vec::new(),
            from: None,
            smtp_host: None,
            smtp_port: 587,
            smtp_tls: SmtpTls::StartTls,
            smtp_user: None,
        }
    }
}

impl Default for Report {
    fn default() -> Self {
        Report {
            enabled: true,
            at: TimeOfDay::new(8, 0),
            channels: vec![Channel::Slack, Channel::Email],
        }
    }
}
