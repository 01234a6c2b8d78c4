//! Which addresses a message may be sent to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// The address is not on the public internet, or not one to talk to safely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public address")]
pub struct NotPublic;

/// Names that mean this machine or this network, whatever they resolve to.
const LOCAL_NAMES: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];

/// Azure's metadata service, which hides behind a public address.
const AZURE_METADATA: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Whether the URL is https and names nothing that is private on its face. `allow_private` lets http and
/// every address in, for a simulator. A name that only *resolves* to a private address is found out later,
/// when the connection is made.
pub fn check_public_url(url: &Url, allow_private: bool) -> Result<(), NotPublic> {
    let scheme_is_right = url.scheme() == "https" || (allow_private && url.scheme() == "http");
    if !scheme_is_right || !url.username().is_empty() || url.password().is_some() {
        return Err(NotPublic);
    }
    check_host(url.host_str().unwrap_or_default(), allow_private)
}

/// As [`check_public_url`], of a host alone: a name, or an address with or without brackets.
pub(crate) fn check_host(host: &str, allow_private: bool) -> Result<(), NotPublic> {
    let bare = host.trim_start_matches('[').trim_end_matches([']', '.']);
    let is_fine = match bare.parse::<IpAddr>() {
        Ok(address) => is_public(address),
        Err(_) => !LOCAL_NAMES.iter().any(|local| is_under(bare, local)),
    };
    if !bare.is_empty() && (allow_private || is_fine) {
        Ok(())
    } else {
        Err(NotPublic)
    }
}

fn is_under(name: &str, domain: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether the address is one of the public internet's: not of this machine, a private network, a link, a
/// carrier, a cloud's metadata service, a test net, nor multicast.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = a == 0
        || a >= 240
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    !special && address != AZURE_METADATA
}

/// Only what is given out as global unicast, and nothing that carries a private IPv4 address inside.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
        }
        // Protocol assignments (Teredo among them), documentation, 6to4.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x2002, ..] => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Resolves names, and knows no other addresses than those it is allowed to connect to. What it checks is
/// what is connected to: a name cannot change its mind in between.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolver {
    pub(crate) allow_private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = resolve(name.as_str(), 0, allow_private).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Why a name has no address to connect to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveError {
    #[error("{0}")]
    NotPublic(#[from] NotPublic),
    #[error("the name could not be resolved")]
    Unknown,
}

/// The addresses of a host that may be connected to, at least one.
pub(crate) async fn resolve(
    host: &str,
    port: u16,
    allow_private: bool,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let found: Vec<_> = tokio::net::lookup_host((host, port))
        .await
        .map_err(|_| ResolveError::Unknown)?
        .collect();
    if found.is_empty() {
        return Err(ResolveError::Unknown);
    }
    Ok(allowed(found, allow_private)?)
}

/// One private address among public ones is a trap or a mistake, and neither is to be connected to.
fn allowed(found: Vec<SocketAddr>, allow_private: bool) -> Result<Vec<SocketAddr>, NotPublic> {
    if allow_private || found.iter().all(|address| is_public(address.ip())) {
        Ok(found)
    } else {
        Err(NotPublic)
    }
}

#[cfg(test)]
mod tests;
