//! Requests over one kept-alive connection.

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// One connection to a server of this machine.
pub(crate) struct Post {
    connection: http1::SendRequest<Full<Bytes>>,
}

impl Post {
    pub(crate) async fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let (connection, work) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends with the connection; what goes wrong there fails the request that meets it.
        tokio::spawn(work);
        Ok(Self { connection })
    }

    /// The status, once the whole answer is here.
    pub(crate) async fn send(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<StatusCode> {
        Ok(self.ask(path, headers, body).await?.0)
    }

    /// The status and the body of the answer.
    pub(crate) async fn ask(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<(StatusCode, Bytes)> {
        let mut request = Request::post(path).header("host", "bellhop");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into()))?;
        self.connection.ready().await?;
        let answer = self.connection.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok((status, body))
    }
}
