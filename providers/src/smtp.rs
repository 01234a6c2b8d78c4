//! Email through a mail server of the operator's choice.
//!
//! The commands are sent one by one rather than by the library's own `send`, because only the last one
//! can leave a message in doubt. After a doubt the same mail is sent again under the same `Message-ID`,
//! so that most receivers show it once.

mod mail;

use std::{fmt, time::Duration};

use lettre::{
    Message,
    transport::smtp::{
        self,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail as MailFrom, Rcpt},
        extension::ClientId,
    },
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout, timeout_at};

use crate::channel::{SendError, check_host, resolve};

pub use mail::Mail;

/// How long a server may take to say goodbye, once it has the mail.
const GOODBYE: Duration = Duration::from_secs(1);

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not at all. Only with [`SmtpOptions::allow_private`].
    None,
    /// After a first word in the clear, as on port 587. A server that does not offer it gets no mail.
    StartTls,
    /// From the first byte, as on port 465.
    Implicit,
}

/// A user of the mail server.
#[derive(Debug, Clone)]
pub struct Login {
    pub user: String,
    pub password: SecretString,
}

/// The mail server, and how to talk to it.
#[derive(Clone)]
pub struct SmtpOptions {
    /// A name, which the server's certificate must bear, or an address.
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub login: Option<Login>,
    /// The name we greet with; without one, an address of this machine.
    pub hello: Option<String>,
    /// Certificates, in PEM, to trust beside the system's: for a server of one's own.
    pub extra_roots: Option<String>,
    /// Replies with which any mail would be met.
    pub misconfigured_codes: Vec<u16>,
    pub connect: Duration,
    /// Of a mail in all, from looking the server up to its last word.
    pub total: Duration,
    /// Lets addresses that are not public and unencrypted connections in: for a simulator, or a server
    /// in the same network.
    pub allow_private: bool,
}

impl SmtpOptions {
    /// A server without login, with the usual times.
    pub fn new(host: impl Into<String>, port: u16, tls: Tls) -> Self {
        Self {
            host: host.into(),
            port,
            tls,
            login: None,
            hello: None,
            extra_roots: None,
            misconfigured_codes: vec![530, 534, 535, 538],
            connect: Duration::from_secs(10),
            total: Duration::from_secs(60),
            allow_private: false,
        }
    }
}

impl fmt::Debug for SmtpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpOptions")
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("connect", &self.connect)
            .field("total", &self.total)
            .field("allow_private", &self.allow_private)
            .finish_non_exhaustive()
    }
}

/// Sends through one mail server. Cheap enough to clone.
#[derive(Clone)]
pub struct Client {
    options: SmtpOptions,
    hello: ClientId,
    encryption: TlsParameters,
}

impl Client {
    /// A client of the server. Fails only with [`SendError::Misconfigured`].
    pub fn new(options: SmtpOptions) -> Result<Self, SendError> {
        check_host(&options.host, options.allow_private)
            .map_err(|_| SendError::misconfigured("address_not_public"))?;
        if options.tls == Tls::None && !options.allow_private {
            return Err(SendError::misconfigured("not_encrypted"));
        }
        let hello = match &options.hello {
            Some(name) if is_host_name(name) => ClientId::Domain(name.clone()),
            Some(_) => return Err(SendError::misconfigured("hello")),
            None => ClientId::default(),
        };
        let encryption = encryption(&options).ok_or_else(|| SendError::misconfigured("tls"))?;
        Ok(Self {
            options,
            hello,
            encryption,
        })
    }

    /// Sends one mail, once.
    pub async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let message = mail.message()?;
        let deadline = Instant::now() + self.options.total;
        let mut connection = timeout_at(deadline, self.until_data(&message))
            .await
            .map_err(|_| SendError::Unavailable)??;
        // From here on the server may take the mail without our hearing of it.
        let answer = timeout_at(deadline, connection.message(&message.formatted())).await;
        match answer {
            Ok(Ok(_)) => {}
            Ok(Err(error)) if error.status().is_some() => return Err(self.failure(&error)),
            Ok(Err(_)) | Err(_) => return Err(SendError::Uncertain),
        }
        timeout(GOODBYE, connection.quit()).await.ok();
        Ok(())
    }

    /// A connection on which the server waits for the mail's content.
    async fn until_data(&self, message: &Message) -> Result<AsyncSmtpConnection, SendError> {
        let mut connection = self.connected().await?;
        let said = async {
            let envelope = message.envelope();
            let from = MailFrom::new(envelope.from().cloned(), Vec::new());
            connection.command(from).await?;
            for to in envelope.to() {
                connection
                    .command(Rcpt::new(to.clone(), Vec::new()))
                    .await?;
            }
            connection.command(Data).await
        };
        said.await.map_err(|error| self.failure(&error))?;
        Ok(connection)
    }

    /// A connection that is encrypted and logged in as configured.
    async fn connected(&self) -> Result<AsyncSmtpConnection, SendError> {
        let options = &self.options;
        let addresses = resolve(bare(&options.host), options.port, options.allow_private)
            .await
            .map_err(|error| SendError::not_connected(&error))?;
        let implicit = (options.tls == Tls::Implicit).then(|| self.encryption.clone());
        let limit = Some(options.connect);
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            addresses.as_slice(),
            limit,
            &self.hello,
            implicit,
            None,
        )
        .await
        .map_err(|error| self.failure(&error))?;
        if options.tls == Tls::StartTls {
            if !connection.can_starttls() {
                return Err(SendError::misconfigured("starttls_not_offered"));
            }
            let encrypted = connection.starttls(self.encryption.clone(), &self.hello);
            encrypted.await.map_err(|error| self.failure(&error))?;
        }
        if let Some(login) = &options.login {
            self.log_in(&mut connection, login).await?;
        }
        Ok(connection)
    }

    async fn log_in(
        &self,
        connection: &mut AsyncSmtpConnection,
        login: &Login,
    ) -> Result<(), SendError> {
        let password = login.password.expose_secret().to_owned();
        let credentials = Credentials::new(login.user.clone(), password);
        let answer = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
        answer.map(drop).map_err(|error| {
            // Its own complaint: the server knows no way to log in that we know.
            if error.is_client() {
                SendError::misconfigured("login_not_offered")
            } else {
                self.failure(&error)
            }
        })
    }

    /// What a reply that says no means, or the lack of one before the mail's content has left.
    fn failure(&self, error: &smtp::Error) -> SendError {
        let Some(code) = error.status().map(u16::from) else {
            return SendError::not_connected(error);
        };
        if code == 421 {
            SendError::Unavailable
        } else if self.options.misconfigured_codes.contains(&code) {
            SendError::misconfigured(code.to_string())
        } else {
            SendError::refused(error.is_permanent(), code.to_string())
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Made even when it is not used, so that bad certificates are found before the first mail.
fn encryption(options: &SmtpOptions) -> Option<TlsParameters> {
    // Fails when another part of the program was first, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = TlsParameters::builder(bare(&options.host).to_owned());
    if let Some(pem) = &options.extra_roots {
        builder = builder.add_root_certificate(Certificate::from_pem(pem.as_bytes()).ok()?);
    }
    builder.build().ok()
}

/// A host without the brackets of an IPv6 address.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn is_host_name(name: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    !name.is_empty() && name.len() <= 253 && name.bytes().all(fine)
}
