//! A mail server that plays a script and remembers what it was told.

use std::sync::{Arc, Mutex};

use providers::smtp::{Client, Login, Mail, SmtpOptions, Tls};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

pub(crate) const USER: &str = "alerts@clinic.example";
pub(crate) const PASSWORD: &str = "word-of-the-clinic";
pub(crate) const TO: &str = "ops@clinic.example";

/// What the server does at a step in place of the usual.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Say(&'static str),
    /// Closes the connection.
    Close,
    /// Never answers.
    Silence,
}

/// What a server plays. Steps: `connect`, the commands in capitals, and `content` for the mail itself.
#[derive(Clone, Default)]
pub(crate) struct Script {
    pub(crate) at: Option<(&'static str, Reply)>,
    /// Extensions it offers before and after encryption.
    pub(crate) offers: &'static [&'static str],
    pub(crate) tls: Option<TlsAcceptor>,
    /// Encrypts from the first byte, rather than at STARTTLS.
    pub(crate) implicit: bool,
}

#[derive(Clone)]
pub(crate) struct MailServer {
    pub(crate) port: u16,
    told: Arc<Mutex<Vec<String>>>,
    mails: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub(crate) async fn playing(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            told: Arc::default(),
            mails: Arc::default(),
        };
        let serving = server.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serving.clone().talk(stream, script.clone()));
            }
        });
        server
    }

    /// The lines it was told outside of mails, in order.
    pub(crate) fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    /// The mails it was given, whether or not it took them.
    pub(crate) fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }

    pub(crate) fn options(&self) -> SmtpOptions {
        SmtpOptions {
            allow_private: true,
            ..SmtpOptions::new("127.0.0.1", self.port, Tls::None)
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.options()).unwrap()
    }

    async fn talk(self, stream: tokio::net::TcpStream, script: Script) {
        match &script.tls {
            Some(tls) if script.implicit => {
                if let Ok(stream) = tls.accept(stream).await {
                    self.play(stream, &script, true).await;
                }
            }
            Some(tls) => {
                if let Some(stream) = self.play(stream, &script, true).await
                    && let Ok(stream) = tls.accept(stream).await
                {
                    self.play(stream, &script, false).await;
                }
            }
            None => drop(self.play(stream, &script, true).await),
        }
    }

    /// Talks until the end, or until the client wants encryption: then gives the stream back.
    async fn play<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        script: &Script,
        greets: bool,
    ) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if greets {
            reply(&mut stream, script, "connect", "220 mail.example ready").await?;
        }
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return None;
            }
            self.told.lock().unwrap().push(line.trim_end().to_owned());
            let command = line.split([' ', '\r']).next().unwrap().to_owned();
            let usual = match command.as_str() {
                "EHLO" => {
                    script
                        .offers
                        .iter()
                        .fold("250-mail.example\r\n".into(), |said, offer| {
                            format!("{said}250-{offer}\r\n")
                        })
                        + "250 SIZE 10000000"
                }
                "STARTTLS" => "220 go ahead".into(),
                "AUTH" => "235 welcome".into(),
                "DATA" => "354 go ahead".into(),
                "QUIT" => "221 bye".into(),
                _ => "250 fine".to_owned(),
            };
            let said = reply(&mut stream, script, &command, &usual).await?;
            match (command.as_str(), said.as_bytes().first()) {
                ("STARTTLS", Some(b'2')) => return Some(stream.into_inner()),
                ("DATA", Some(b'3')) => {
                    self.receive(&mut stream).await?;
                    reply(&mut stream, script, "content", "250 taken as 7").await?;
                }
                ("QUIT", _) => return None,
                _ => {}
            }
        }
    }

    async fn receive<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
    ) -> Option<()> {
        let mut mail = String::new();
        while !mail.ends_with("\r\n.\r\n") {
            if stream.read_line(&mut mail).await.unwrap_or(0) == 0 {
                return None;
            }
        }
        self.mails.lock().unwrap().push(mail);
        Some(())
    }
}

/// Says what the script has for the step, else the usual; `None` when there is nothing more to say.
async fn reply<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    script: &Script,
    step: &str,
    usual: &str,
) -> Option<String> {
    let said = match &script.at {
        Some((at, Reply::Say(text))) if *at == step => text,
        Some((at, Reply::Close)) if *at == step => return None,
        Some((at, Reply::Silence)) if *at == step => std::future::pending().await,
        _ => usual,
    };
    let line = format!("{said}\r\n");
    stream.write_all(line.as_bytes()).await.ok()?;
    stream.flush().await.ok()?;
    Some(said.to_owned())
}

pub(crate) fn login() -> Option<Login> {
    Some(Login {
        user: USER.into(),
        password: PASSWORD.into(),
    })
}

pub(crate) fn a_mail() -> Mail {
    Mail {
        message_id: "al_01@bellhop.example".into(),
        from: "Bellhop <alerts@clinic.example>".into(),
        to: TO.into(),
        subject: "Missed call from +44 7700 900123".into(),
        text: "Ada called.\n.\n..and again".into(),
        date: "2027-03-26T09:01:30Z".parse().unwrap(),
    }
}
