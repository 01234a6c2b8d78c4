//! One connection to the fake mail server, from greeting to goodbye.

use std::{sync::Arc, time::Duration};

use secrecy::ExposeSecret;
use tokio::net::TcpStream;

use super::{
    Desk, Tls,
    command::{Command, Mechanism},
    ledger::{Mail, Refusal, Stage, parts},
    login,
    scenario::{ConnectionFault, DataFault, RecipientFault},
    wire::{Data, Gone, Line, Wire},
};
use crate::outbound::now_ms;

/// A client that errs more often is left.
const MAX_ERRORS: u32 = 20;
const MAX_RECIPIENTS: usize = 100;

pub(super) async fn serve(desk: Arc<Desk>, stream: TcpStream) {
    let idle = Duration::from_secs_f64(desk.book.scenario().idle_seconds);
    let mut session = Session {
        desk,
        encrypted: false,
        greeted: false,
        user: None,
        from: None,
        to: Vec::new(),
        errors: 0,
    };
    // Nobody is left to be told of an error.
    let _ = session.talk(Wire::new(stream, idle)).await;
}

/// What is known of the client so far.
struct Session {
    desk: Arc<Desk>,
    encrypted: bool,
    greeted: bool,
    user: Option<String>,
    from: Option<String>,
    to: Vec<String>,
    errors: u32,
}

/// What to do after a command.
enum Next {
    Reply(u16, &'static str),
    /// The reply was given.
    Go,
    /// Say this and close.
    Close(u16, &'static str),
    Cut,
    Hang,
}

impl Session {
    async fn talk(&mut self, mut wire: Wire) -> Result<(), Gone> {
        if self.desk.tls == Tls::Implicit {
            wire = wire.encrypted(&self.desk.acceptor).await?;
            self.encrypted = true;
        }
        match self.connection_fault() {
            ConnectionFault::None => wire.reply(220, "simulator ESMTP").await?,
            ConnectionFault::Busy => return wire.reply(421, "4.3.2 Busy, try later").await,
            ConnectionFault::Hang => {
                wire.hang().await;
                return Ok(());
            }
        }
        loop {
            let command = match wire.command().await? {
                Line::Text(line) => Command::parse(&line),
                Line::TooLong | Line::Torn => Command::Unknown,
            };
            if command == Command::StartTls && self.may_start_tls() {
                wire.reply(220, "2.0.0 Go ahead").await?;
                wire = wire.encrypted(&self.desk.acceptor).await?;
                // Whatever was said in the clear does not count.
                (self.encrypted, self.greeted) = (true, false);
                self.forget_mail();
                continue;
            }
            match self.next(&mut wire, command).await? {
                Next::Reply(code, text) => {
                    self.errors += u32::from(code >= 500);
                    if self.errors > MAX_ERRORS {
                        return wire.reply(421, "4.7.0 Too many errors").await;
                    }
                    wire.reply(code, text).await?;
                }
                Next::Go => {}
                Next::Close(code, text) => return wire.reply(code, text).await,
                Next::Cut => return Ok(()),
                Next::Hang => {
                    wire.hang().await;
                    return Ok(());
                }
            }
        }
    }

    fn connection_fault(&self) -> ConnectionFault {
        let book = &self.desk.book;
        let nth = book.note(|ledger| {
            ledger.connections += 1;
            ledger.connections - 1
        });
        let fault = book.scenario().connection_fault(nth);
        match fault {
            ConnectionFault::None => {}
            ConnectionFault::Busy => self.refuse(Stage::Connection, None, Some(421)),
            ConnectionFault::Hang => self.refuse(Stage::Connection, None, None),
        }
        fault
    }

    fn may_start_tls(&self) -> bool {
        self.desk.tls == Tls::StartTls && !self.encrypted && self.greeted
    }

    async fn next(&mut self, wire: &mut Wire, command: Command) -> Result<Next, Gone> {
        let needs_greeting = matches!(command, Command::Mail(..) | Command::Auth(..));
        if needs_greeting && !self.greeted {
            return Ok(Next::Reply(503, "5.5.1 Say EHLO first"));
        }
        Ok(match command {
            Command::Hello => {
                self.greet();
                Next::Reply(250, "simulator")
            }
            Command::ExtendedHello => {
                self.greet();
                wire.reply_lines(250, &self.abilities()).await?;
                Next::Go
            }
            Command::Auth(mechanism, initial) => self.log_in(wire, mechanism, initial).await?,
            Command::Mail(from, size) => self.mail(from, size),
            Command::Recipient(address) => self.recipient(address),
            Command::Data if self.to.is_empty() => Next::Reply(503, "5.5.1 No recipients"),
            Command::Data => self.data(wire).await?,
            Command::Reset => {
                self.forget_mail();
                Next::Reply(250, "2.0.0 Ok")
            }
            Command::Noop => Next::Reply(250, "2.0.0 Ok"),
            Command::Verify => Next::Reply(252, "2.5.0 Send and see"),
            Command::Quit => Next::Close(221, "2.0.0 Bye"),
            Command::StartTls => Next::Reply(503, "5.5.1 Not now"),
            Command::Unknown => Next::Reply(500, "5.5.2 Not understood"),
            Command::Malformed => Next::Reply(501, "5.5.4 Malformed"),
            Command::UnknownMechanism => Next::Reply(504, "5.5.4 Unknown mechanism"),
            Command::UnknownParameter => Next::Reply(555, "5.5.4 Unknown parameter"),
        })
    }

    fn greet(&mut self) {
        self.greeted = true;
        self.forget_mail();
    }

    fn forget_mail(&mut self) {
        self.from = None;
        self.to.clear();
    }

    fn must_encrypt(&self) -> bool {
        self.desk.tls == Tls::StartTls && !self.encrypted
    }

    fn abilities(&self) -> Vec<String> {
        let size = format!("SIZE {}", self.desk.book.scenario().max_bytes);
        let mut lines = vec!["simulator".to_owned(), size];
        lines.extend(["8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"].map(str::to_owned));
        if self.must_encrypt() {
            lines.push("STARTTLS".to_owned());
        } else if self.desk.users.is_some() {
            lines.push("AUTH PLAIN LOGIN".to_owned());
        }
        lines
    }

    async fn log_in(
        &mut self,
        wire: &mut Wire,
        mechanism: Mechanism,
        initial: Option<String>,
    ) -> Result<Next, Gone> {
        if self.must_encrypt() {
            return Ok(Next::Reply(530, "5.7.0 Say STARTTLS first"));
        }
        if self.desk.users.is_none() || self.user.is_some() {
            return Ok(Next::Reply(503, "5.5.1 No login wanted"));
        }
        let login = login::ask(wire, mechanism, initial).await?;
        let users = self.desk.users.iter().flatten();
        let known = login.filter(|(user, password)| {
            users
                .clone()
                .any(|(name, secret)| name == user && secret.expose_secret() == password)
        });
        let Some((user, _)) = known else {
            self.refuse(Stage::Login, None, Some(535));
            return Ok(Next::Reply(535, "5.7.8 Wrong user or password"));
        };
        self.user = Some(user);
        Ok(Next::Reply(235, "2.7.0 Welcome"))
    }

    fn mail(&mut self, from: String, size: Option<usize>) -> Next {
        if self.must_encrypt() {
            return Next::Reply(530, "5.7.0 Say STARTTLS first");
        }
        if self.desk.users.is_some() && self.user.is_none() {
            return Next::Reply(530, "5.7.0 Log in first");
        }
        if self.from.is_some() {
            return Next::Reply(503, "5.5.1 One mail at a time");
        }
        if size.is_some_and(|size| size > self.desk.book.scenario().max_bytes) {
            self.refuse(Stage::Data, None, Some(552));
            return Next::Reply(552, "5.3.4 Too large");
        }
        self.from = Some(from);
        Next::Reply(250, "2.1.0 Ok")
    }

    fn recipient(&mut self, address: String) -> Next {
        if self.from.is_none() {
            return Next::Reply(503, "5.5.1 Say MAIL first");
        }
        if self.to.len() >= MAX_RECIPIENTS {
            return Next::Reply(452, "4.5.3 Too many recipients");
        }
        let book = &self.desk.book;
        let scenario = book.scenario();
        let nth = book.count(&format!("recipient {}", address.to_ascii_lowercase()));
        let code = match scenario.recipient_fault(&address, nth) {
            RecipientFault::None => {
                self.to.push(address);
                return Next::Reply(250, "2.1.5 Ok");
            }
            RecipientFault::Greylisted => scenario.greylist_code,
            RecipientFault::Refused => 550,
        };
        self.refuse(Stage::Recipient, Some(address), Some(code));
        match code {
            421 => Next::Close(421, "4.7.0 Try again later"),
            550 => Next::Reply(550, "5.1.1 No such user"),
            _ => Next::Reply(code, "4.7.1 Greylisted, try again later"),
        }
    }

    async fn data(&mut self, wire: &mut Wire) -> Result<Next, Gone> {
        wire.reply(354, "End with a dot").await?;
        let scenario = self.desk.book.scenario();
        let text = match wire.data(scenario.max_bytes).await? {
            Data::Whole(text) => text,
            Data::TooLarge => return Ok(self.rejected(552, "5.3.4 Too large")),
            Data::Malformed => return Ok(self.rejected(554, "5.6.0 Malformed lines")),
        };
        let first = self.to.first().cloned().unwrap_or_default();
        let nth = self
            .desk
            .book
            .count(&format!("data {}", first.to_ascii_lowercase()));
        let fault = scenario.data_fault(&first, nth);
        Ok(match fault {
            DataFault::Busy => self.rejected(451, "4.3.0 Try again later"),
            DataFault::Rejected => self.rejected(554, "5.7.1 Rejected"),
            DataFault::Cut | DataFault::Hang => {
                self.refuse(Stage::Data, Some(first), None);
                if fault == DataFault::Cut {
                    Next::Cut
                } else {
                    Next::Hang
                }
            }
            DataFault::CutAfter | DataFault::HangAfter => {
                self.keep(&text, fault, None);
                if fault == DataFault::CutAfter {
                    Next::Cut
                } else {
                    Next::Hang
                }
            }
            DataFault::None => {
                self.keep(&text, fault, Some(250));
                Next::Reply(250, "2.0.0 Kept")
            }
        })
    }

    fn keep(&mut self, text: &[u8], fault: DataFault, reply: Option<u16>) {
        let (headers, body) = parts(text);
        let mail = Mail {
            at_ms: now_ms(),
            from: self.from.take().unwrap_or_default(),
            to: std::mem::take(&mut self.to),
            headers,
            body,
            encrypted: self.encrypted,
            user: self.user.clone(),
            fault,
            reply,
        };
        self.desk.book.note(|ledger| ledger.mails.push(mail));
    }

    fn rejected(&mut self, code: u16, text: &'static str) -> Next {
        self.refuse(Stage::Data, self.to.first().cloned(), Some(code));
        self.forget_mail();
        Next::Reply(code, text)
    }

    fn refuse(&self, stage: Stage, recipient: Option<String>, reply: Option<u16>) {
        let refusal = Refusal {
            at_ms: now_ms(),
            stage,
            recipient,
            reply,
        };
        self.desk.book.note(|ledger| ledger.refusals.push(refusal));
    }
}
