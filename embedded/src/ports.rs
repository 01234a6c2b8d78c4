use std::collections::HashSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::Error;

/// Below the range from which the kernel takes ports for outgoing connections (32768 and up on Linux, 49152
/// and up on macOS): a stopped server's port is still there when it starts again.
const RANGE: std::ops::Range<u16> = 15_000..32_000;
const TRIES: usize = 1_000;

/// A port on 127.0.0.1 that nobody listens on and that this process has not handed out before.
///
/// Another process may still take it before its server binds it; a start that may choose its port tries again.
pub fn free_port() -> Result<u16, Error> {
    static HANDED_OUT: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

    let mut port = RANGE.start;
    for _ in 0..TRIES {
        port = rand::random_range(RANGE);
        let mut handed_out = HANDED_OUT.lock().unwrap_or_else(PoisonError::into_inner);
        if !handed_out.contains(&port) && is_free(port) {
            handed_out.insert(port);
            return Ok(port);
        }
    }
    Err(Error::PortTaken { port })
}

pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// The port asked for, if it is free, or any.
pub(crate) fn wanted_or_free(wanted: Option<u16>) -> Result<u16, Error> {
    match wanted {
        None => free_port(),
        Some(port) if is_free(port) => Ok(port),
        Some(port) => Err(Error::PortTaken { port }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_not_handed_out_twice() {
        let ports: HashSet<u16> = (0..500).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.len(), 500);
    }

    #[test]
    fn a_port_somebody_listens_on_is_not_free() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(
            matches!(wanted_or_free(Some(port)), Err(Error::PortTaken { port: taken }) if taken == port)
        );
    }
}
