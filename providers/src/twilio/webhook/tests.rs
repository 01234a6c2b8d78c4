use super::*;
use crate::{
    outline::UNTYPED,
    private::Private,
    source::{SourceKind, verify},
    testing::{TOLERANCE, headers},
};

const TOKEN: &str = "12345";
const BODY: &[u8] = b"MessageSid=SM1&MessageStatus=delivered&To=%2B447700900123&Empty=";

fn check(
    base: &str,
    path_and_query: &str,
    signature: &str,
    body: &[u8],
) -> Result<usize, SignatureProblem> {
    let options = SourceOptions {
        public_base_url: Some(base.to_owned()),
        ..SourceOptions::default()
    };
    let headers = headers(&[(SIGNATURE_HEADER, signature)]);
    let request = Request {
        headers: &headers,
        path_and_query,
        body,
        now_ms: 0,
    };
    let secrets = [TOKEN.into()];
    verify(SourceKind::Twilio, &options, &request, &secrets, TOLERANCE)
}

fn signed(url: &str, body: &[u8]) -> String {
    sign(url, body, &TOKEN.into()).unwrap()
}

#[test]
fn the_address_may_be_signed_with_or_without_its_port() {
    for (base, signed_url, valid) in [
        ("https://a.example", "https://a.example/h/k?x=1", true),
        ("https://a.example/", "https://a.example/h/k?x=1", true),
        ("https://a.example", "https://a.example:443/h/k?x=1", true),
        ("https://a.example:8443", "https://a.example/h/k?x=1", true),
        (
            "https://a.example:8443",
            "https://a.example:8443/h/k?x=1",
            true,
        ),
        ("https://a.example", "https://a.example:8443/h/k?x=1", false),
        ("https://a.example", "http://a.example/h/k?x=1", false),
        ("https://a.example", "https://a.example/h/k/?x=1", false),
        ("https://a.example", "https://a.example/h/k", false),
        ("https://a.example", "https://b.example/h/k?x=1", false),
    ] {
        let result = check(base, "/h/k?x=1", &signed(signed_url, BODY), BODY);
        assert_eq!(result.is_ok(), valid, "{base} {signed_url}");
    }
}

#[test]
fn every_parameter_is_covered() {
    let url = "https://a.example/h";
    let signature = signed(url, BODY);
    for (body, valid) in [
        (
            "To=%2b447700900123&MessageStatus=delivered&Empty&MessageSid=SM1",
            true,
        ),
        (
            "MessageSid=SM1&MessageSid=SM1&MessageStatus=delivered&To=%2B447700900123&Empty=",
            true,
        ),
        (
            "MessageSid=SM1&MessageStatus=failed&To=%2B447700900123&Empty=",
            false,
        ),
        (
            "MessageSid=SM1&MessageStatus=delivered&To=%2B447700900123",
            false,
        ),
        (
            "MessageSid=SM1&MessageStatus=delivered&To=+447700900123&Empty=",
            false,
        ),
        ("", false),
    ] {
        let result = check("https://a.example", "/h", &signature, body.as_bytes());
        assert_eq!(result.is_ok(), valid, "{body}");
    }
}

#[test]
fn a_body_that_is_no_form_is_covered_by_its_hash() {
    let body = br#"{"a":1}"#;
    let url = with_body_hash("https://a.example/h?x=1", body);
    let signature = signed(&url, body);
    let path = url.strip_prefix("https://a.example").unwrap();
    assert_eq!(check("https://a.example", path, &signature, body), Ok(0));
    assert_eq!(
        check("https://a.example", path, &signature, br#"{"a":2}"#),
        Err(SignatureProblem::NoMatch)
    );
    // The hash of another body is no signature of the address.
    let other = path.replace("bodySHA256=", "bodySHA256=0");
    assert!(check("https://a.example", &other, &signature, body).is_err());
}

#[test]
fn a_flood_of_parameters_is_no_callback() {
    let body = "a=1&".repeat(MOST_PARAMETERS + 1);
    assert_eq!(
        sign("https://a.example", body.as_bytes(), &TOKEN.into()),
        None
    );
    let result = check(
        "https://a.example",
        "/h",
        &signed("https://a.example/h", b""),
        body.as_bytes(),
    );
    assert_eq!(result, Err(SignatureProblem::NoMatch));
}

#[test]
fn a_missing_or_odd_header_or_option_is_named() {
    let problem = check("https://a.example", "/h", "not base64!", BODY).unwrap_err();
    assert!(problem.to_string().contains("<base64 of 20 bytes>"));
    let request = Request {
        headers: &headers(&[]),
        path_and_query: "/h",
        body: BODY,
        now_ms: 0,
    };
    let options = SourceOptions::default();
    assert_eq!(
        Signature::from(&options, &request).err(),
        Some(SignatureProblem::MissingOption("public_base_url"))
    );
}

#[test]
fn each_state_of_a_message_is_an_event_of_its_own() {
    let outline = |body: &str| outline(body.as_bytes()).unwrap();
    let sent = outline("MessageSid=SM1&SmsSid=SM1&MessageStatus=sent&ErrorCode=1");
    assert_eq!(sent.event_type, "message.sent");
    assert_eq!(
        sent.dedupe_key,
        outline("MessageStatus=sent&SmsSid=SM1&RawDlrDoneDate=2").dedupe_key
    );
    assert_ne!(
        sent.dedupe_key,
        outline("MessageSid=SM1&MessageStatus=delivered").dedupe_key
    );
    assert_ne!(
        sent.dedupe_key,
        outline("MessageSid=SM2&MessageStatus=sent").dedupe_key
    );
    let call = outline("CallSid=CA1&CallStatus=completed");
    assert_eq!(
        (call.event_type.as_str(), call.provider_call_id.as_deref()),
        ("call.completed", Some("CA1"))
    );
    for odd in ["", "{}", "a=b", "%", "MessageSid="] {
        assert_eq!(outline(odd).event_type, UNTYPED, "{odd}");
    }
    assert_ne!(outline("a=1").dedupe_key, outline("a=2").dedupe_key);
    assert_ne!(
        outline("CallSid=CA1&Digits=1").dedupe_key,
        outline("CallSid=CA1&Digits=2").dedupe_key
    );
}

#[test]
fn a_callback_is_read_in_full() {
    let body = b"MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003&To=%2B447700900123&From=%2B442079460000&Body=caf%C3%A9";
    let Event::Message(message) = read(body).unwrap() else {
        panic!();
    };
    assert_eq!(
        (message.status.as_deref(), message.error_code.as_deref()),
        (Some("undelivered"), Some("30003"))
    );
    assert_eq!(message.to, Some(Private("+447700900123".to_owned())));
    assert_eq!(message.text, Some(Private("café".to_owned())));
    assert!(!format!("{message:?}").contains("900123"));
    assert!(matches!(read(b"CallSid=CA1"), Ok(Event::Call { .. })));
    assert!(matches!(read(b"\xff"), Ok(Event::Other { .. })));
}

#[test]
fn states_are_ranked_so_that_none_goes_back() {
    for (earlier, later) in [
        ("queued", "sent"),
        ("sent", "delivered"),
        ("accepted", "sending"),
        ("sent", "failed"),
        ("delivered", "read"),
    ] {
        assert!(rank(earlier) < rank(later), "{earlier} {later}");
    }
    assert_eq!(rank("humming"), 0);
}
