//! What a client can say, read strictly.

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// `HELO`.
    Hello,
    /// `EHLO`.
    ExtendedHello,
    StartTls,
    /// With the first answer, if it came along.
    Auth(Mechanism, Option<String>),
    /// The sender, empty for none, and the size announced.
    Mail(String, Option<usize>),
    Recipient(String),
    Data,
    Reset,
    Noop,
    Verify,
    Quit,
    /// 500.
    Unknown,
    /// 501.
    Malformed,
    /// 504.
    UnknownMechanism,
    /// 555.
    UnknownParameter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mechanism {
    Plain,
    Login,
}

impl Command {
    pub(super) fn parse(line: &[u8]) -> Self {
        let Ok(line) = std::str::from_utf8(line) else {
            return Self::Unknown;
        };
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (verb.to_ascii_uppercase().as_str(), rest.trim_end()) {
            ("EHLO" | "HELO", "") => Self::Malformed,
            ("EHLO", _) => Self::ExtendedHello,
            ("HELO", _) => Self::Hello,
            ("MAIL", rest) => mail(rest).unwrap_or_else(|wrong| wrong),
            ("RCPT", rest) => recipient(rest).unwrap_or_else(|wrong| wrong),
            ("AUTH", rest) => auth(rest),
            ("VRFY", _) => Self::Verify,
            ("NOOP", _) => Self::Noop,
            ("STARTTLS", "") => Self::StartTls,
            ("DATA", "") => Self::Data,
            ("RSET", "") => Self::Reset,
            ("QUIT", "") => Self::Quit,
            ("STARTTLS" | "DATA" | "RSET" | "QUIT", _) => Self::Malformed,
            _ => Self::Unknown,
        }
    }
}

fn mail(rest: &str) -> Result<Command, Command> {
    let (address, parameters) = path(rest, "FROM:").ok_or(Command::Malformed)?;
    if !address.is_empty() && !is_address(address) {
        return Err(Command::Malformed);
    }
    let mut size = None;
    for parameter in parameters.split_ascii_whitespace() {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (name.to_ascii_uppercase().as_str(), value) {
            ("SIZE", value) => size = Some(value.parse().map_err(|_| Command::Malformed)?),
            ("BODY", _) | ("SMTPUTF8", "") => {}
            _ => return Err(Command::UnknownParameter),
        }
    }
    Ok(Command::Mail(address.to_owned(), size))
}

fn recipient(rest: &str) -> Result<Command, Command> {
    match path(rest, "TO:").ok_or(Command::Malformed)? {
        (address, _) if !is_address(address) => Err(Command::Malformed),
        (address, "") => Ok(Command::Recipient(address.to_owned())),
        _ => Err(Command::UnknownParameter),
    }
}

/// The address between angle brackets after a keyword, and what follows.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (start, path) = rest.split_at_checked(keyword.len())?;
    let (address, parameters) = path.strip_prefix('<')?.split_once('>')?;
    let spaced = parameters.is_empty() || parameters.starts_with(' ');
    (start.eq_ignore_ascii_case(keyword) && spaced).then(|| (address, parameters.trim_start()))
}

fn is_address(text: &str) -> bool {
    let plain =
        |character: char| !character.is_control() && !character.is_whitespace() && character != '<';
    text.len() <= 254
        && text.chars().all(plain)
        && text
            .rsplit_once('@')
            .is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty())
}

fn auth(rest: &str) -> Command {
    let (mechanism, initial) = match rest.split_once(' ') {
        Some((mechanism, initial)) => (mechanism, Some(initial.to_owned())),
        None => (rest, None),
    };
    match mechanism.to_ascii_uppercase().as_str() {
        "PLAIN" => Command::Auth(Mechanism::Plain, initial),
        "LOGIN" => Command::Auth(Mechanism::Login, initial),
        "" => Command::Malformed,
        _ => Command::UnknownMechanism,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_are_read_strictly() {
        let address = "ada@example.org".to_owned();
        let table = [
            ("EHLO me", Command::ExtendedHello),
            ("helo me", Command::Hello),
            ("EHLO", Command::Malformed),
            (
                "MAIL FROM:<ada@example.org>",
                Command::Mail(address.clone(), None),
            ),
            (
                "mail from:<ada@example.org> SIZE=12 BODY=8BITMIME",
                Command::Mail(address.clone(), Some(12)),
            ),
            ("MAIL FROM:<>", Command::Mail(String::new(), None)),
            (
                "MAIL FROM:<ada@example.org> FOO=1",
                Command::UnknownParameter,
            ),
            ("MAIL FROM:<ada@example.org>SIZE=1", Command::Malformed),
            ("MAIL FROM: <ada@example.org>", Command::Malformed),
            ("MAIL FROM:ada@example.org", Command::Malformed),
            ("MAIL FROM:<ada@example.org> SIZE=x", Command::Malformed),
            ("MAIL", Command::Malformed),
            ("RCPT TO:<ada@example.org>", Command::Recipient(address)),
            ("RCPT TO:<ada>", Command::Malformed),
            ("RCPT TO:<>", Command::Malformed),
            ("RCPT TO:<a b@example.org>", Command::Malformed),
            (
                "RCPT TO:<ada@example.org> NOTIFY=NEVER",
                Command::UnknownParameter,
            ),
            (
                "AUTH PLAIN AGEAYg==",
                Command::Auth(Mechanism::Plain, Some("AGEAYg==".into())),
            ),
            ("auth login", Command::Auth(Mechanism::Login, None)),
            ("AUTH CRAM-MD5", Command::UnknownMechanism),
            ("DATA now", Command::Malformed),
            ("DATA", Command::Data),
            ("GET / HTTP/1.1", Command::Unknown),
            ("", Command::Unknown),
        ];
        for (line, expected) in table {
            assert_eq!(Command::parse(line.as_bytes()), expected, "{line}");
        }
        assert_eq!(Command::parse(b"\xff\xfe"), Command::Unknown);
    }

    proptest! {
        #[test]
        fn no_line_is_too_odd(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Command::parse(&line);
        }

        #[test]
        fn an_address_that_is_taken_holds_nothing_that_ends_a_line(path in "\\PC{0,40}") {
            if let Command::Recipient(address) = Command::parse(format!("RCPT TO:<{path}>").as_bytes()) {
                prop_assert!(address.contains('@') && !address.contains(char::is_whitespace));
            }
        }
    }
}
