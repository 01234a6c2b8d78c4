//! The port of the mail server, which can be shut and reopened.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::Mutex,
    task::{JoinHandle, JoinSet},
};

use super::{Desk, session};

/// Connections that may wait to be taken.
const BACKLOG: u32 = 1024;

pub(super) struct Door {
    address: SocketAddr,
    state: Mutex<State>,
}

enum State {
    Open(JoinHandle<()>),
    /// Bound and not listening: connections are refused, and nobody else can take the port.
    Shut(TcpSocket),
    /// Given up: the port could not be kept.
    Lost,
}

impl Door {
    pub(super) async fn open(address: SocketAddr, desk: Arc<Desk>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        let address = listener
            .local_addr()
            .context("a listening socket has an address")?;
        let accepting = tokio::spawn(accept(listener, desk));
        Ok(Self {
            address,
            state: Mutex::new(State::Open(accepting)),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn shut(&self) -> anyhow::Result<()> {
        let mut state = self.state.lock().await;
        match std::mem::replace(&mut *state, State::Lost) {
            State::Open(accepting) => {
                accepting.abort();
                // Only then is the listener gone, and its connections with it.
                let _ = accepting.await;
                *state = State::Shut(reserve(self.address)?);
            }
            other => *state = other,
        }
        Ok(())
    }

    pub(super) async fn reopen(&self, desk: Arc<Desk>) -> anyhow::Result<()> {
        let mut state = self.state.lock().await;
        let socket = match std::mem::replace(&mut *state, State::Lost) {
            State::Shut(socket) => socket,
            State::Lost => reserve(self.address)?,
            open @ State::Open(_) => {
                *state = open;
                return Ok(());
            }
        };
        let listener = socket.listen(BACKLOG).context("cannot listen again")?;
        *state = State::Open(tokio::spawn(accept(listener, desk)));
        Ok(())
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let State::Open(accepting) = self.state.get_mut() {
            accepting.abort();
        }
    }
}

fn reserve(address: SocketAddr) -> anyhow::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let socket = socket.context("cannot make a socket")?;
    // Old connections may linger at this port.
    socket.set_reuseaddr(true).context("cannot share a port")?;
    socket
        .bind(address)
        .with_context(|| format!("cannot keep {address}"))?;
    Ok(socket)
}

/// Takes connections until it is dropped, and drops them with it.
async fn accept(listener: TcpListener, desk: Arc<Desk>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(session::serve(desk.clone(), stream));
            }
            // Out of descriptors, most likely: others end, and then it goes on.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
