//! Lines and replies over a connection, with limits on what a client may make us keep.

use std::time::Duration;

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

/// Longest command with its line end. The standard asks for 512; logins can be longer.
const MAX_COMMAND: usize = 4096;
/// Longest line of a mail with its line end.
const MAX_TEXT_LINE: usize = 1000;
/// A client that sends more without a line end is left.
const MAX_GARBAGE: usize = 1 << 20;

/// Whatever a connection runs over.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// One side of a conversation.
pub(super) struct Wire {
    stream: BufReader<Box<dyn Stream>>,
    idle: Duration,
}

/// The connection has ended, or the client has been silent or talking nonsense for too long.
#[derive(Debug)]
pub(super) struct Gone;

/// A line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Text(Vec<u8>),
    TooLong,
    /// With a carriage return or line feed that stands alone.
    Torn,
}

/// The text of a mail.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Data {
    /// Lines that end in CRLF, without stuffed dots.
    Whole(Vec<u8>),
    TooLarge,
    /// A line was too long or torn.
    Malformed,
}

impl Wire {
    pub(super) fn new<S>(stream: S, idle: Duration) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Self {
            stream: BufReader::new(Box::new(stream)),
            idle,
        }
    }

    /// The same connection from now on encrypted. What was sent ahead of that in the clear ends it.
    pub(super) async fn encrypted(self, acceptor: &TlsAcceptor) -> Result<Self, Gone> {
        if !self.stream.buffer().is_empty() {
            return Err(Gone);
        }
        let accepting = acceptor.accept(self.stream.into_inner());
        match timeout(self.idle, accepting).await {
            Ok(Ok(stream)) => Ok(Self::new(stream, self.idle)),
            _ => Err(Gone),
        }
    }

    pub(super) async fn command(&mut self) -> Result<Line, Gone> {
        self.line(MAX_COMMAND).await
    }

    async fn line(&mut self, most: usize) -> Result<Line, Gone> {
        let mut line = Vec::new();
        let mut length = 0;
        loop {
            let buffer = match timeout(self.idle, self.stream.fill_buf()).await {
                Ok(Ok(buffer)) if !buffer.is_empty() => buffer,
                _ => return Err(Gone),
            };
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(buffer.len(), |end| end + 1);
            length += taken;
            if length <= most {
                line.extend(buffer.iter().take(taken));
            }
            self.stream.consume(taken);
            if end.is_some() {
                break;
            }
            if length > MAX_GARBAGE {
                return Err(Gone);
            }
        }
        if length > most {
            return Ok(Line::TooLong);
        }
        Ok(match line.strip_suffix(b"\r\n") {
            Some(text) if !text.contains(&b'\r') => Line::Text(text.to_vec()),
            _ => Line::Torn,
        })
    }

    /// Reads a mail to its dot, and keeps `most` bytes at most.
    pub(super) async fn data(&mut self, most: usize) -> Result<Data, Gone> {
        let mut text = Vec::new();
        let (mut received, mut malformed) = (0usize, false);
        loop {
            match self.line(MAX_TEXT_LINE).await? {
                Line::Text(line) if line == b"." => break,
                Line::Text(line) => {
                    let line = line.strip_prefix(b".").unwrap_or(&line);
                    received = received.saturating_add(line.len() + 2);
                    if received <= most {
                        text.extend_from_slice(line);
                        text.extend_from_slice(b"\r\n");
                    }
                }
                Line::TooLong | Line::Torn => malformed = true,
            }
        }
        Ok(match (malformed, received > most) {
            (true, _) => Data::Malformed,
            (_, true) => Data::TooLarge,
            _ => Data::Whole(text),
        })
    }

    pub(super) async fn reply(&mut self, code: u16, text: &str) -> Result<(), Gone> {
        self.write(&format!("{code} {text}\r\n")).await
    }

    /// Replies in several lines; the last of them says that it is the last.
    pub(super) async fn reply_lines(&mut self, code: u16, lines: &[String]) -> Result<(), Gone> {
        let last = lines.len().saturating_sub(1);
        let text: String = lines
            .iter()
            .enumerate()
            .map(|(place, line)| {
                let dash = if place == last { ' ' } else { '-' };
                format!("{code}{dash}{line}\r\n")
            })
            .collect();
        self.write(&text).await
    }

    async fn write(&mut self, text: &str) -> Result<(), Gone> {
        let writing = async {
            self.stream.write_all(text.as_bytes()).await?;
            self.stream.flush().await
        };
        match timeout(self.idle, writing).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }

    /// Says nothing more, until the client gives up.
    pub(super) async fn hang(mut self) {
        while let Ok(buffer) = self.stream.fill_buf().await {
            let length = buffer.len();
            if length == 0 {
                return;
            }
            self.stream.consume(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    const IDLE: Duration = Duration::from_secs(20);

    async fn read(sent: &[u8], most: usize) -> Result<Data, Gone> {
        let (mut client, server) = duplex(1 << 16);
        client.write_all(sent).await.unwrap();
        drop(client);
        Wire::new(server, IDLE).data(most).await
    }

    #[tokio::test]
    async fn stuffed_dots_are_taken_out_and_only_a_lone_dot_ends() {
        let data = read(b"a\r\n..b\r\n.c\r\n...\r\n.\r\nQUIT\r\n", 100).await;
        assert_eq!(
            data.unwrap(),
            Data::Whole(b"a\r\n.b\r\nc\r\n..\r\n".to_vec())
        );
    }

    #[tokio::test]
    async fn a_dot_between_lone_line_feeds_does_not_end_a_mail() {
        let data = read(b"a\n.\nMAIL FROM:<x@y.example>\r\n.\r\n", 100).await;
        assert_eq!(data.unwrap(), Data::Malformed);
        assert!(read(b"a\r\n.\n", 100).await.is_err());
    }

    #[tokio::test]
    async fn long_lines_and_large_mails_are_refused_and_not_kept() {
        let long = [&[b'x'; 1200][..], b"\r\n.\r\n"].concat();
        assert_eq!(read(&long, 10_000).await.unwrap(), Data::Malformed);
        assert_eq!(
            read(b"123456\r\n1\r\n.\r\n", 8).await.unwrap(),
            Data::TooLarge
        );
        assert_eq!(
            read(b"123456\r\n.\r\n", 8).await.unwrap(),
            Data::Whole(b"123456\r\n".to_vec())
        );
    }

    #[tokio::test]
    async fn a_flood_without_a_line_end_is_cut_off() {
        let (mut client, server) = duplex(1 << 16);
        let flood =
            tokio::spawn(async move { while client.write_all(&[b'x'; 4096]).await.is_ok() {} });
        assert!(Wire::new(server, IDLE).command().await.is_err());
        flood.await.unwrap();
    }

    #[tokio::test]
    async fn several_lines_are_marked_but_for_the_last() {
        let (mut client, server) = duplex(1 << 10);
        let mut wire = Wire::new(server, IDLE);
        let lines = ["one".to_owned(), "two".to_owned()];
        wire.reply_lines(250, &lines).await.unwrap();
        drop(wire);
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "250-one\r\n250 two\r\n");
    }
}
