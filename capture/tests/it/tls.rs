//! Posting by HTTPS.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::harness::{Computer, event};

/// Answers each connection's first request with 200; returns its port and its certificate (PEM).
fn server() -> (u16, String) {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            // A client that does not trust us ends here.
            if stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            }
        }
    });
    (port, key.cert.pem())
}

#[test]
fn a_certificate_is_trusted_only_when_it_is_configured() {
    let (port, certificate) = server();
    let computer = Computer::new(&format!("https://localhost:{port}/hooks/k"));
    computer.add_to_configuration("budget_ms = 2000");
    computer.hook(&event("Stop", 1));
    assert_eq!(computer.waiting().len(), 1);
    assert!(computer.log().contains("away-tls"), "{}", computer.log());
    let file = computer.path("ca.pem");
    fs::write(&file, certificate).unwrap();
    computer.add_to_configuration(&format!("ca_file = {file:?}"));
    let (text, succeeded) = computer.run(&["flush", "--all"]);
    assert!(
        succeeded && text.contains("1 sent"),
        "{text} {}",
        computer.log()
    );
}
