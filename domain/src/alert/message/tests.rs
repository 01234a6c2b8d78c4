use proptest::prelude::*;

use super::*;
use crate::zone::find;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn london() -> TimeZone {
    find("Europe/London").unwrap()
}

fn dead_event(zone: &TimeZone) -> NoticeText<'_> {
    NoticeText {
        kind: NoticeKind::First,
        cause: AlertCause::EventDead,
        severity: Severity::Error,
        business: "Harbour Dental",
        about: "zoho Contacts.update: the provider refused the request",
        new: 1,
        total: 1,
        first_seen: at("2027-07-12T13:05:00Z"),
        last_seen: at("2027-07-12T13:05:00Z"),
        zone,
        alert: "alr_0195",
        reference: "a7f3-1",
    }
}

#[test]
fn a_mail_says_what_happened_where_what_it_means_and_what_to_do() {
    let zone = london();
    let mail = message(Channel::Email, &dead_event(&zone));
    assert_eq!(
        mail.subject,
        "[error] Harbour Dental: a webhook could not be processed"
    );
    assert_eq!(
        mail.text,
        "It happened at Monday 12 July 2027, 14:05 (Europe/London).\n\
         Where: zoho Contacts.update: the provider refused the request\n\
         What it means: Every permitted try failed. It is kept, and nothing more happens to it until somebody has it \
         tried again.\n\
         What to do: See `bellhop events list --tenant NAME --filter state=dead`; once the cause is gone, `bellhop events retry-all` tries \
         them again. A retry never dials.\n\
         Cause: event_dead. Reference: alr_0195"
    );
}

#[test]
fn a_text_message_is_one_short_line() {
    let zone = london();
    let notice = NoticeText {
        severity: Severity::Critical,
        cause: AlertCause::DialRefused,
        about: "retell 402",
        new: 17,
        ..dead_event(&zone)
    };
    assert_eq!(
        message(Channel::Sms, &notice).text,
        "CRITICAL Harbour Dental: the phone provider refuses calls (retell 402), 17 times, since 12 Jul 14:05. \
         See bellhop doctor. [a7f3-1]"
    );
}

#[test]
fn each_kind_of_notice_tells_its_counts_and_times() {
    let zone = london();
    let told = |kind, new, total| {
        let notice = NoticeText {
            kind,
            new,
            total,
            last_seen: at("2027-07-12T13:35:00Z"),
            ..dead_event(&zone)
        };
        let mail = message(Channel::Email, &notice);
        let happened = mail.text.lines().next().unwrap_or_default().to_owned();
        (mail.subject, happened)
    };
    let (first, last) = (
        "Monday 12 July 2027, 14:05 (Europe/London)",
        "Monday 12 July 2027, 14:35 (Europe/London)",
    );
    for (kind, new, total, subject, happened) in [
        (
            NoticeKind::First,
            3,
            3,
            "[error] Harbour Dental: a webhook could not be processed",
            format!("It happened 3 times since {first}, last at {last}."),
        ),
        (
            NoticeKind::Digest,
            41,
            1200,
            "[error] Harbour Dental: still, a webhook could not be processed",
            format!("It happened 41 times more, 1200 times in all since {first}, last at {last}."),
        ),
        (
            NoticeKind::Again,
            1,
            1201,
            "[error] Harbour Dental: again, a webhook could not be processed",
            format!("It happened again: once since {first}, last at {last}."),
        ),
        (
            NoticeKind::Recovery,
            0,
            1201,
            "[over] Harbour Dental: a webhook could not be processed",
            format!("It is over. It happened 1201 times in all from {first}, last at {last}."),
        ),
        (
            NoticeKind::Recovery,
            2,
            1203,
            "[over] Harbour Dental: a webhook could not be processed",
            format!(
                "It is over. It happened 2 times more, 1203 times in all from {first}, last at {last}."
            ),
        ),
    ] {
        assert_eq!(told(kind, new, total), (subject.to_owned(), happened));
    }
}

#[test]
fn a_state_is_told_by_how_long_it_lasts() {
    let zone = london();
    let told = |kind| {
        let notice = NoticeText {
            kind,
            cause: AlertCause::QueueLong,
            ..dead_event(&zone)
        };
        let mail = message(Channel::Email, &notice).text;
        mail.lines().next().unwrap_or_default().to_owned()
    };
    let time = "Monday 12 July 2027, 14:05 (Europe/London)";
    assert_eq!(told(NoticeKind::First), format!("Since {time}."));
    assert_eq!(
        told(NoticeKind::Digest),
        format!("It has been so since {time}, last seen {time}.")
    );
    assert_eq!(told(NoticeKind::Again), format!("It is back since {time}."));
    assert_eq!(
        told(NoticeKind::Recovery),
        format!("It is over. It was so from {time}, last seen {time}.")
    );
}

#[test]
fn nothing_that_identifies_a_person_gets_into_a_message() {
    let zone = london();
    let notice = NoticeText {
        about: "text from +44 7700 900123 (ada@example.com, born 4/3/1985) could not be stored",
        ..dead_event(&zone)
    };
    for channel in Channel::ALL {
        let text = message(*channel, &notice).text;
        for personal in ["900123", "7700", "ada@", "1985"] {
            assert!(!text.contains(personal), "{channel}: {text}");
        }
    }
}

#[test]
fn every_cause_has_words_for_people() {
    for cause in AlertCause::ALL {
        let (title, meaning, advice) = (cause.title(), cause.meaning(), cause.advice());
        assert!(!title.ends_with('.') && title.len() < 80, "{title}");
        assert!(meaning.ends_with('.') && advice.ends_with('.'), "{cause}");
    }
}

fn any_notice<'a>(
    zone: &'a TimeZone,
    texts: &'a [String; 3],
    (kind, cause, severity): (NoticeKind, AlertCause, Severity),
    (new, total): (u64, u64),
) -> NoticeText<'a> {
    let [business, about, reference] = texts;
    NoticeText {
        kind,
        cause,
        severity,
        business,
        about,
        new,
        total,
        first_seen: Timestamp::MIN,
        last_seen: Timestamp::MAX,
        zone,
        alert: reference,
        reference,
    }
}

proptest! {
    #[test]
    fn any_notice_fits_its_channel(
        texts in prop::array::uniform3("(\\PC|[\r\n<>&]){0,200}"),
        kind in prop::sample::select(NoticeKind::ALL),
        cause in prop::sample::select(AlertCause::ALL),
        severity in prop::sample::select(Severity::ALL),
        counts in any::<(u64, u64)>(),
    ) {
        let zone = london();
        let notice = any_notice(&zone, &texts, (kind, cause, severity), counts);
        for channel in Channel::ALL {
            let message = message(*channel, &notice);
            prop_assert!(message.text.chars().count() <= longest(*channel));
            prop_assert!(message.subject.chars().count() <= 150);
            prop_assert!(!message.subject.contains(['\r', '\n']));
        }
        let sms = message(Channel::Sms, &notice).text;
        prop_assert!(!sms.chars().any(char::is_control));
        let slack = message(Channel::Slack, &notice).text;
        let end = format!("[{}]", short_reference(&texts[2]));
        prop_assert!(sms.ends_with(&end));
        prop_assert!(slack.contains("What to do: ") || kind == NoticeKind::Recovery);
    }
}
