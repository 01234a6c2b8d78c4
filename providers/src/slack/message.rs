//! A message in Slack's own markup.

use std::fmt;

use reqwest::Url;

use crate::channel::cut;

/// A message to a channel. Everything in it is text: nothing can mention a person or the whole channel.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SlackMessage {
    /// Shown bold, on a line of its own; in notifications too.
    pub title: Option<String>,
    pub text: String,
    /// Shown last, on a line of its own.
    pub link: Option<Link>,
}

/// A link with the words it is shown as.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    pub label: String,
    pub url: Url,
}

impl SlackMessage {
    /// A message of a text only.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// The text is cut to `max_text` characters, the title and the label to one line of at most 150.
    pub(super) fn mrkdwn(&self, max_text: usize) -> String {
        let title = self
            .title
            .as_deref()
            .map(|title| format!("*{}*", line(title)));
        let text = Some(escaped(&cut(&self.text, max_text)));
        let link = self.link.as_ref().map(|link| {
            // A bar would end the address early.
            let url = escaped(link.url.as_str()).replace('|', "%7C");
            format!("<{url}|{}>", line(&link.label))
        });
        let parts: Vec<String> = [title, text, link].into_iter().flatten().collect();
        parts.join("\n")
    }
}

impl fmt::Debug for SlackMessage {
    /// Without the words, which may be about a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlackMessage").finish_non_exhaustive()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

fn line(text: &str) -> String {
    let one_line: Vec<&str> = text.split_whitespace().collect();
    escaped(&cut(&one_line.join(" "), 150))
}

/// The three characters that begin a mention or a link.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_a_title_a_text_and_a_link() {
        let message = SlackMessage {
            title: Some("Retell refuses\ncalls".into()),
            text: "Payment & <key>\nsince 9:00".into(),
            link: Some(Link {
                label: "Open > it".into(),
                url: Url::parse("https://bellhop.example/alerts?a=1&b=x|y").unwrap(),
            }),
        };
        assert_eq!(
            message.mrkdwn(4_000),
            "*Retell refuses calls*\nPayment &amp; &lt;key&gt;\nsince 9:00\n\
             <https://bellhop.example/alerts?a=1&amp;b=x%7Cy|Open &gt; it>"
        );
    }

    #[test]
    fn a_text_cannot_call_the_whole_channel() {
        let message = SlackMessage::text("<!channel> <@U1> <https://evil.example|a>");
        assert!(!message.mrkdwn(4_000).contains(['<', '>']));
    }

    #[test]
    fn a_long_text_is_cut_before_it_is_escaped_and_its_link_is_kept() {
        let message = SlackMessage {
            title: None,
            text: "&".repeat(50),
            link: Some(Link {
                label: "Open".into(),
                url: Url::parse("https://bellhop.example/").unwrap(),
            }),
        };
        assert_eq!(
            message.mrkdwn(3),
            "&amp;&amp;…\n<https://bellhop.example/|Open>"
        );
    }
}
