use super::*;

fn mail() -> Mail {
    Mail {
        message_id: "al_01@bellhop.example".into(),
        from: "Bellhop <alerts@clinic.example>".into(),
        to: "ops@clinic.example".into(),
        subject: "Calls are refused".into(),
        text: "Retell refuses calls.\nPayment.".into(),
        date: "2027-03-26T09:01:30Z".parse().unwrap(),
    }
}

fn written(mail: &Mail) -> String {
    String::from_utf8(mail.message().unwrap().formatted()).unwrap()
}

fn header_lines(mail: &Mail) -> Vec<String> {
    let written = written(mail);
    let (headers, _) = written.split_once("\r\n\r\n").unwrap();
    headers.split("\r\n").map(str::to_owned).collect()
}

#[test]
fn a_mail_says_who_when_and_that_a_machine_wrote_it() {
    let headers = header_lines(&mail());
    for expected in [
        "Message-ID: <al_01@bellhop.example>",
        "Date: Fri, 26 Mar 2027 09:01:30 +0000",
        "From: Bellhop <alerts@clinic.example>",
        "To: ops@clinic.example",
        "Subject: Calls are refused",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "Content-Type: text/plain; charset=utf-8",
    ] {
        assert!(
            headers.contains(&expected.to_owned()),
            "{expected}: {headers:#?}"
        );
    }
}

#[test]
fn the_same_mail_is_written_the_same_each_time() {
    assert_eq!(written(&mail()), written(&mail()));
}

#[test]
fn a_line_break_begins_no_header() {
    for bad in [
        "a\r\nBcc: x@y.example",
        "a\nBcc: x@y.example",
        "a\rBcc: x@y.example\0",
    ] {
        let mail = Mail {
            subject: bad.into(),
            from: format!("{bad} <alerts@clinic.example>"),
            ..mail()
        };
        // The sender's name may be too odd for an address, which is as well.
        if let Ok(message) = mail.message() {
            let written = String::from_utf8(message.formatted()).unwrap();
            assert!(
                !written.lines().any(|line| line.starts_with("Bcc")),
                "{written}"
            );
        }
        let plain = Mail {
            from: "alerts@clinic.example".into(),
            ..mail
        };
        assert!(header_lines(&plain).contains(&"Subject: a Bcc: x@y.example".to_owned()));
    }
}

#[test]
fn words_beyond_ascii_are_written_in_ascii_and_no_line_is_too_long() {
    let mail = Mail {
        subject: "Zahnärztin fällt aus ☎ ".repeat(20),
        text: format!("{}\r\n.\rßß", "ä".repeat(5_000)),
        ..mail()
    };
    let written = written(&mail);
    assert!(written.is_ascii());
    assert!(
        written
            .split("\r\n")
            .all(|line| line.len() <= 998 && !line.contains(['\r', '\n']))
    );
}

#[test]
fn an_address_that_is_none_is_told_from_one_of_ours() {
    let sender = SendError::misconfigured("sender_address");
    let recipient = SendError::refused(true, "recipient_address");
    for bad in [
        "",
        "ops",
        "ops@",
        "@x.example",
        "jörg@clinic.example",
        "a@x.example, b@x.example",
    ] {
        let from = Mail {
            from: bad.into(),
            ..mail()
        };
        assert_eq!(from.message().err(), Some(sender.clone()), "{bad}");
        let to = Mail {
            to: bad.into(),
            ..mail()
        };
        assert_eq!(to.message().err(), Some(recipient.clone()), "{bad}");
    }
}

#[test]
fn a_message_id_is_two_words_with_an_at_between() {
    for bad in ["", "a", "a@", "@b", "a@b@c", "<a@b>", "a b@c", "ä@b"] {
        let mail = Mail {
            message_id: bad.into(),
            ..mail()
        };
        assert_eq!(
            mail.message().err(),
            Some(SendError::misconfigured("message_id")),
            "{bad}"
        );
    }
}

#[test]
fn a_time_before_the_calendar_is_no_reason_to_stop() {
    let mail = Mail {
        date: Timestamp::MIN,
        ..mail()
    };
    assert!(header_lines(&mail).contains(&"Date: Thu, 01 Jan 1970 00:00:00 +0000".to_owned()));
    let mail = Mail {
        date: Timestamp::MAX,
        ..mail
    };
    assert!(mail.message().is_ok());
}
