//! The forms in which Twilio may have signed an address.

/// The address as it is, without its port, and with the port that its scheme implies: Twilio's own checks try
/// all of them, because what it signs has changed. A fragment is never sent, so never signed.
pub(super) fn forms(url: &str) -> Vec<String> {
    let url = url.split('#').next().unwrap_or_default();
    let mut forms = vec![url.to_owned()];
    if let Some((scheme, host, port, rest)) = parts(url) {
        let implied = if scheme == "http" { "80" } else { "443" };
        forms.push(match port {
            Some(_) => format!("{scheme}://{host}{rest}"),
            None => format!("{scheme}://{host}:{implied}{rest}"),
        });
    }
    forms
}

/// Scheme, host, port, and everything from the path on.
fn parts(url: &str) -> Option<(&str, &str, Option<&str>, &str)> {
    let (scheme, after) = url.split_once("://")?;
    let end = after.find(['/', '?']).unwrap_or(after.len());
    let (authority, rest) = after.split_at_checked(end)?;
    // The colons within the brackets of an IPv6 address are not the port's.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    Some((scheme, host, port, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_tried_with_and_without_its_port() {
        for (url, other) in [
            ("https://a.example/p?q=1", "https://a.example:443/p?q=1"),
            ("http://a.example/p", "http://a.example:80/p"),
            ("https://a.example:8443/p", "https://a.example/p"),
            ("https://a.example:443", "https://a.example"),
            ("https://a.example?q=/", "https://a.example:443?q=/"),
            ("https://[::1]/p", "https://[::1]:443/p"),
            ("https://[::1]:8443/p", "https://[::1]/p"),
        ] {
            assert_eq!(forms(url), [url, other]);
        }
        assert_eq!(forms("https://a.example/p#rc=5")[0], "https://a.example/p");
        assert_eq!(forms("nonsense"), ["nonsense"]);
    }
}
