//! Who is told, and by which way (ALERT-1).

use std::fmt;

use super::{Channel, Severity};
use crate::settings::Alerts;

coded_enum! {
    /// Whose settings say where to.
    Audience {
        /// The team that runs this installation.
        Platform = "platform",
        /// The tenant's own contact.
        Client = "client",
    }
}

/// One address, by its place in the settings: addresses themselves stay there. Shown as `client:email:0`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Target {
    pub audience: Audience,
    pub channel: Channel,
    /// In the channel's list. A place that is gone when the notice is sent needs no sending.
    pub place: u16,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.audience, self.channel, self.place)
    }
}

/// Who is told of an alert. The client by the channels of its severity; the platform's team too when it is
/// critical, or when nobody at the client can be reached by any of them.
///
/// Nothing is told over the channel `without`, for an alert about that very channel.
pub fn routes(
    severity: Severity,
    client: &Alerts,
    platform: Option<&Alerts>,
    without: Option<Channel>,
) -> Vec<Target> {
    let wanted = |settings: &Alerts| -> Vec<Channel> {
        let channels = settings.channels(severity).iter().copied();
        channels.filter(|each| Some(*each) != without).collect()
    };
    let mut found = targets(Audience::Client, client, &wanted(client));
    let meant_for_somebody = !client.channels(severity).is_empty();
    if severity == Severity::Critical || (found.is_empty() && meant_for_somebody) {
        let platform =
            platform.map(|settings| targets(Audience::Platform, settings, &wanted(settings)));
        found.extend(platform.unwrap_or_default());
    }
    found
}

/// Every address of these channels, each once.
pub fn targets(audience: Audience, settings: &Alerts, channels: &[Channel]) -> Vec<Target> {
    let chosen = Channel::ALL.iter().filter(|each| channels.contains(each));
    chosen
        .flat_map(|channel| {
            let places = u16::try_from(settings.places(*channel)).unwrap_or(u16::MAX);
            (0..places).map(|place| Target {
                audience,
                channel: *channel,
                place,
            })
        })
        .collect()
}

/// In which order channels stand in for another: the quickest to be seen first.
const STAND_INS: [Channel; 3] = [Channel::Slack, Channel::Sms, Channel::Email];

/// The channel to use instead, of those that are set up and not `used` for this notice yet.
pub fn fallback(settings: &Alerts, used: &[Channel]) -> Option<Channel> {
    STAND_INS
        .into_iter()
        .find(|channel| settings.is_set_up(*channel) && !used.contains(channel))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(slack: bool, mails: usize, numbers: usize) -> Alerts {
        let mut settings = Alerts::default();
        settings.slack.enabled = slack;
        settings.email.to = vec!["desk@example.com".to_owned(); mails];
        settings.sms.to = vec!["+447700900123".to_owned(); numbers];
        settings
    }

    fn told(severity: Severity, client: &Alerts, platform: Option<&Alerts>) -> Vec<String> {
        let found = routes(severity, client, platform, None);
        found.iter().map(Target::to_string).collect()
    }

    #[test]
    fn the_graver_the_more_ways_and_the_platforms_team_for_critical() {
        let (client, platform) = (settings(true, 2, 1), settings(true, 0, 1));
        for (severity, expected) in [
            (
                Severity::Critical,
                &[
                    "client:slack:0",
                    "client:email:0",
                    "client:email:1",
                    "client:sms:0",
                    "platform:slack:0",
                    "platform:sms:0",
                ][..],
            ),
            (
                Severity::Error,
                &["client:slack:0", "client:email:0", "client:email:1"],
            ),
            (
                Severity::Warning,
                &["client:slack:0", "client:email:0", "client:email:1"],
            ),
            (Severity::Info, &["client:slack:0"]),
        ] {
            assert_eq!(
                told(severity, &client, Some(&platform)),
                expected,
                "{severity}"
            );
        }
    }

    #[test]
    fn what_the_client_cannot_be_told_the_platforms_team_is_told() {
        let platform = settings(true, 0, 0);
        let none = settings(false, 0, 0);
        assert_eq!(
            told(Severity::Error, &none, Some(&platform)),
            ["platform:slack:0"]
        );
        // Errors are not meant for text messages, and this client has nothing else.
        let only_sms = settings(false, 0, 1);
        assert_eq!(
            told(Severity::Error, &only_sms, Some(&platform)),
            ["platform:slack:0"]
        );
        assert_eq!(told(Severity::Error, &none, None), [""; 0]);
        // Whoever wants to hear of nothing hears of nothing.
        let silent = Alerts {
            info: Vec::new(),
            ..settings(true, 1, 1)
        };
        assert_eq!(told(Severity::Info, &silent, Some(&platform)), [""; 0]);
    }

    #[test]
    fn trouble_with_a_channel_is_never_told_over_it() {
        let (client, platform) = (settings(true, 1, 1), settings(true, 1, 0));
        for channel in Channel::ALL {
            for severity in Severity::ALL {
                let found = routes(*severity, &client, Some(&platform), Some(*channel));
                assert!(!found.is_empty() || *severity == Severity::Info);
                assert!(found.iter().all(|target| target.channel != *channel));
            }
        }
    }

    #[test]
    fn stand_ins_are_set_up_and_fresh() {
        let all = settings(true, 1, 1);
        assert_eq!(fallback(&all, &[]), Some(Channel::Slack));
        assert_eq!(fallback(&all, &[Channel::Slack]), Some(Channel::Sms));
        assert_eq!(
            fallback(&all, &[Channel::Slack, Channel::Sms]),
            Some(Channel::Email)
        );
        assert_eq!(fallback(&all, Channel::ALL), None);
        assert_eq!(
            fallback(&settings(false, 1, 0), &[Channel::Slack]),
            Some(Channel::Email)
        );
    }

    #[test]
    fn a_channel_named_twice_is_used_once() {
        let twice = Alerts {
            error: vec![Channel::Slack, Channel::Slack],
            ..settings(true, 0, 0)
        };
        assert_eq!(told(Severity::Error, &twice, None), ["client:slack:0"]);
    }
}
