use super::*;

const PUBLIC: [&str; 8] = [
    "1.1.1.1",
    "100.63.255.255",
    "100.128.0.0",
    "172.32.0.1",
    "192.167.255.255",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "64:ff9b::101:101",
];

const NOT_PUBLIC: [&str; 36] = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
];

#[test]
fn only_addresses_of_the_public_internet_are_public() {
    for address in PUBLIC {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
    for address in NOT_PUBLIC {
        assert!(!is_public(address.parse().unwrap()), "{address}");
    }
}

#[test]
fn a_url_is_taken_or_refused_on_its_face() {
    // The URL, whether it is public, whether a simulator may have it.
    let table = [
        ("https://hooks.slack.com/services/x", true, true),
        ("https://internal.example.com/x", true, true),
        ("https://[2606:4700:4700::1111]/", true, true),
        ("http://hooks.slack.com/services/x", false, true),
        ("https://localhost/x", false, true),
        ("https://LOCALHOST./x", false, true),
        ("https://a.localhost/x", false, true),
        ("https://metadata.google.internal/x", false, true),
        ("https://printer.local/x", false, true),
        ("https://127.0.0.1/x", false, true),
        ("https://2130706433/x", false, true),
        ("https://0x7f.1/x", false, true),
        ("https://0177.0.0.1/x", false, true),
        ("https://127.0.0.1./x", false, true),
        ("https://[::1]/x", false, true),
        ("https://[::ffff:10.0.0.1]/x", false, true),
        ("https://169.254.169.254/latest", false, true),
        ("https://user@hooks.slack.com/x", false, false),
        ("https://:word@hooks.slack.com/x", false, false),
        ("ftp://hooks.slack.com/x", false, false),
        ("file:///etc/passwd", false, false),
        ("unix:/run/sock", false, false),
    ];
    for (url, public, simulated) in table {
        let url = Url::parse(url).unwrap();
        assert_eq!(check_public_url(&url, false).is_ok(), public, "{url}");
        assert_eq!(check_public_url(&url, true).is_ok(), simulated, "{url}");
    }
}

#[test]
fn one_private_address_spoils_a_name() {
    let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 443);
    let mixed = vec![address("1.1.1.1"), address("10.0.0.1")];
    assert_eq!(allowed(mixed.clone(), false), Err(NotPublic));
    assert_eq!(allowed(mixed.clone(), true), Ok(mixed));
    let public = vec![address("1.1.1.1"), address("2606:4700:4700::1111")];
    assert_eq!(allowed(public.clone(), false), Ok(public));
}

#[tokio::test]
async fn a_name_that_resolves_to_this_machine_is_refused_after_it_is_resolved() {
    let refused = resolve("localhost", 25, false).await;
    assert!(matches!(refused, Err(ResolveError::NotPublic(_))));
    let allowed = resolve("localhost", 25, true).await.unwrap();
    assert!(allowed.iter().all(|address| address.ip().is_loopback()));
}

#[tokio::test]
async fn a_name_that_nobody_has_is_not_called_private() {
    let unknown = resolve("nobody.invalid", 25, false).await;
    assert!(matches!(unknown, Err(ResolveError::Unknown)));
}
