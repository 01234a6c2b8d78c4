use serde_json::json;

use super::*;
use crate::{outline::ParseProblem, signature::check};

const BODY: &str = r#"{"server_time":1767225600123,"query_params":{"k":"Zm9v"},"module":"Contacts","resource_uri":"https://www.zohoapis.eu/crm/v8/Contacts","ids":["4876876000000123","4876876000000124"],"affected_fields":[{"4876876000000123":["Phone"]},{"4876876000000124":["Email","Phone"]}],"operation":"update","channel_id":"1000000068001","token":"9f3c1a7e5d2b48c6"}"#;

fn verify(body: &str, tokens: &[&str]) -> Result<usize, SignatureProblem> {
    let secrets: Vec<SecretString> = tokens.iter().map(|token| (*token).into()).collect();
    check(
        &Token::from(body.as_bytes())?,
        body.as_bytes(),
        &secrets,
        0,
        None,
    )
}

#[test]
fn the_token_is_compared_whole() {
    assert_eq!(verify(BODY, &["other", "9f3c1a7e5d2b48c6"]), Ok(1));
    for token in ["9f3c1a7e5d2b48c", "9f3c1a7e5d2b48c66", "9F3C1A7E5D2B48C6"] {
        assert_eq!(verify(BODY, &[token]), Err(SignatureProblem::NoMatch));
    }
    let unicode = json!({"token": "Zoho-Token-Ünïcode"}).to_string();
    assert_eq!(verify(&unicode, &["Zoho-Token-Ünïcode"]), Ok(0));
}

#[test]
fn a_body_without_a_token_proves_nothing() {
    for body in [
        "",
        "{}",
        "[]",
        r#"{"token":""}"#,
        r#"{"token":null}"#,
        r#"{"token":{"token":"t"}}"#,
        "token=t",
    ] {
        assert_eq!(
            verify(body, &["t"]),
            Err(SignatureProblem::MissingToken),
            "{body}"
        );
    }
}

#[test]
fn a_fingerprint_names_its_token_and_does_not_stand_for_it() {
    for (token, hash) in [
        ("9f3c1a7e5d2b48c6", "sha256:79b25e52c0d97208"),
        ("Zoho-Token-Ünïcode", "sha256:2b25114c9345fe40"),
    ] {
        assert_eq!(fingerprint(token), hash);
        let stored = json!({"token": hash}).to_string();
        assert!(
            Token::from(stored.as_bytes())
                .unwrap()
                .is_fingerprint_of(&token.into())
        );
        assert_eq!(verify(&stored, &[token]), Err(SignatureProblem::NoMatch));
    }
}

#[test]
fn a_notification_sent_again_is_the_same_in_whatever_order_its_records_stand() {
    let outline = |body: &str| outline(body.as_bytes()).unwrap();
    let first = outline(BODY);
    assert_eq!(first.event_type, "Contacts.update");
    let turned = BODY.replace(
        r#"["4876876000000123","4876876000000124"]"#,
        "[4876876000000124, 4876876000000123]",
    );
    assert_eq!(first.dedupe_key, outline(&turned).dedupe_key);
    let as_number = BODY.replace(r#""1000000068001""#, "1000000068001");
    assert_eq!(first.dedupe_key, outline(&as_number).dedupe_key);
    for other in [
        BODY.replace("1767225600123", "1767225600124"),
        BODY.replace("update", "delete"),
        BODY.replace("1000000068001", "1000000068002"),
        BODY.replace("4876876000000124", "4876876000000125"),
    ] {
        assert_ne!(first.dedupe_key, outline(&other).dedupe_key, "{other}");
    }
    let bare = |n: u8| outline(&format!(r#"{{"token":"t","n":{n}}}"#));
    assert_eq!(bare(1).event_type, "unknown.unknown");
    assert_ne!(bare(1).dedupe_key, bare(2).dedupe_key);
}

#[test]
fn a_notification_is_read_in_full() {
    let read = read(BODY.as_bytes()).unwrap();
    assert_eq!(read.channel_id, "1000000068001");
    assert_eq!(read.module, "Contacts");
    assert_eq!(read.operation, Operation::Update);
    assert_eq!(read.ids, ["4876876000000123", "4876876000000124"]);
    assert_eq!(read.affected_fields[1].1, ["Email", "Phone"]);
    let created = super::read(
        br#"{"module":"Contacts","operation":"create","channel_id":7,"ids":[4876876000000124]}"#,
    );
    let created = created.unwrap();
    assert_eq!(
        (created.operation, created.ids, created.channel_id),
        (
            Operation::Insert,
            vec!["4876876000000124".to_owned()],
            "7".to_owned()
        )
    );
    assert!(matches!(
        super::read(b"{"),
        Err(ParseProblem::NotJson { .. })
    ));
}

#[test]
fn a_body_is_made_with_its_token() {
    let body = sign(&json!({"ids": []}), &"t".into());
    assert_eq!(verify(std::str::from_utf8(&body).unwrap(), &["t"]), Ok(0));
}
