//! One HTTP request that carries a message, and what becomes of it.

use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode, Url, header::HeaderMap, redirect, retry};

use super::{NotPublic, Resolver, SendError, check_public_url};

/// Largest answer that is read of a send, in bytes. The vendors answer in a few hundred.
pub(crate) const MAX_ANSWER: usize = 64 * 1024;

/// How a client may connect, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpOptions {
    pub connect: Duration,
    /// Of a request in all, from its start to the end of the answer.
    pub total: Duration,
    /// Lets http and addresses that are not public in: for a simulator or a server of one's own.
    pub allow_private: bool,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(20),
            allow_private: false,
        }
    }
}

/// An HTTP client that sends each request once, directly, and only to where it may: no retries, no
/// redirects, and no proxy, which would connect in its place.
pub(crate) fn client(base: &Url, options: HttpOptions) -> Result<reqwest::Client, SendError> {
    check_public_url(base, options.allow_private)
        .map_err(|NotPublic| SendError::misconfigured("address_not_public"))?;
    // Fails when another part of the program was first, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .connect_timeout(options.connect)
        .timeout(options.total)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .dns_resolver(Resolver {
            allow_private: options.allow_private,
        })
        // A kept connection may be closed by the far side just as the message leaves, which puts it in doubt.
        .pool_max_idle_per_host(0)
        .user_agent(concat!("bellhop/", env!("CARGO_PKG_VERSION")));
    let builder = match base.scheme() {
        "http" => builder.tls_certs_only([]),
        _ => builder,
    };
    builder
        .build()
        .map_err(|_| SendError::misconfigured("http_client"))
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// `None` when it broke off or was too large.
    pub(crate) body: Option<Vec<u8>>,
}

/// Sends the request, and reads at most `limit` bytes of the answer.
pub(crate) async fn send(request: RequestBuilder, limit: usize) -> Result<Answer, SendError> {
    let response = request.send().await.map_err(|error| failure(&error))?;
    Ok(Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: body(response, limit).await,
    })
}

async fn body(mut response: Response, limit: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > limit {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

/// A request that got no answer. Only a failure to connect proves that it never left.
fn failure(error: &reqwest::Error) -> SendError {
    if error.is_connect() || error.is_builder() {
        SendError::not_connected(error)
    } else {
        SendError::Uncertain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_turns_out_private_is_a_misconfiguration_and_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let base = Url::parse("https://example.com").unwrap();
        let client = client(&base, HttpOptions::default()).unwrap();
        let answer = send(client.post(format!("https://localhost:{port}/")), 100).await;
        assert_eq!(
            answer.err(),
            Some(SendError::misconfigured("address_not_public"))
        );
        let accepted = std::future::poll_fn(|context| {
            std::task::Poll::Ready(listener.poll_accept(context).is_ready())
        });
        assert!(!accepted.await, "nothing was connected to");
    }
}
