use reqwest::RequestBuilder;
use serde_json::Value;
use simulator::twilio::{Config, Fault, Outcome, Running, Scenario, start};

use crate::harness::{IMPATIENCE, PATIENCE, client};

pub(crate) const SID: &str = "AC0123456789abcdef0123456789abcdef";
pub(crate) const TOKEN: &str = "2b1e7c9f0a3d4e5f6a7b8c9d0e1f2a3b";
pub(crate) const TO: &str = "+447700900123";
const FROM: &str = "+442079460000";

pub(crate) async fn twilio(scenario: Scenario) -> Running {
    let scenario = scenario.at_speed(1000.0);
    let config = Config::with_account(SID, TOKEN, scenario);
    start(config).await.unwrap()
}

fn request(twilio: &Running, form: &[(&str, &str)]) -> RequestBuilder {
    let url = format!(
        "{}/2010-04-01/Accounts/{SID}/Messages.json",
        twilio.base_url()
    );
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    client()
        .post(url)
        .basic_auth(SID, Some(TOKEN))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
}

pub(crate) async fn post(twilio: &Running, form: &[(&str, &str)]) -> (u16, Value) {
    let answer = request(twilio, form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

pub(crate) fn sms(body: &str) -> [(&str, &str); 3] {
    [("To", TO), ("From", FROM), ("Body", body)]
}

async fn get(twilio: &Running, path: &str) -> (u16, Value) {
    let url = format!("{}/2010-04-01/Accounts/{SID}/{path}", twilio.base_url());
    let request = client().get(url).basic_auth(SID, Some(TOKEN));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_message_is_queued_and_then_delivered() {
    let twilio = twilio(Scenario::default().ending(Outcome::Delivered)).await;
    let (status, message) = post(&twilio, &sms("Missed call")).await;
    assert_eq!(status, 201);
    assert_eq!(message["status"], "queued");
    assert_eq!(message["num_segments"], "1");
    assert!(message["error_code"].is_null() && message["date_sent"].is_null());
    assert!(
        message["date_created"]
            .as_str()
            .unwrap()
            .ends_with(" +0000")
    );
    assert!(twilio.quiet(PATIENCE).await);

    let sid = message["sid"].as_str().unwrap();
    let (_, after) = get(&twilio, &format!("Messages/{sid}.json")).await;
    assert_eq!(
        (after["status"].as_str(), after["body"].as_str()),
        (Some("delivered"), Some("Missed call"))
    );
    assert!(after["date_sent"].is_string());
    assert_eq!(twilio.ledger().texts(TO), ["Missed call"]);
}

#[tokio::test]
async fn messages_end_as_told() {
    let table = [
        (Outcome::Sent, "sent", None),
        (Outcome::Undelivered, "undelivered", Some(30003)),
        (Outcome::Failed, "failed", Some(30003)),
    ];
    for (outcome, status, code) in table {
        let twilio = twilio(Scenario::default().ending(outcome)).await;
        post(&twilio, &sms("a")).await;
        assert!(twilio.quiet(PATIENCE).await);
        let message = &twilio.ledger().messages[0];
        assert_eq!(
            (message.status.as_str(), message.error_code),
            (status, code)
        );
    }
}

#[tokio::test]
async fn what_twilio_would_not_take_is_refused_with_its_code() {
    let twilio = twilio(Scenario::default()).await;
    let long = "x".repeat(1601);
    let table: [(&[(&str, &str)], u32); 6] = [
        (&[("From", FROM), ("Body", "a")], 21604),
        (&[("To", TO), ("Body", "a")], 21603),
        (&[("To", TO), ("From", FROM)], 21602),
        (
            &[("To", "07700900123"), ("From", FROM), ("Body", "a")],
            21211,
        ),
        (&[("To", ""), ("From", FROM), ("Body", "a")], 21604),
        (&[("To", TO), ("From", FROM), ("Body", &long)], 21617),
    ];
    for (form, code) in table {
        let (status, problem) = post(&twilio, form).await;
        assert_eq!(
            (status, problem["code"].as_u64()),
            (400, Some(code.into())),
            "{form:?}"
        );
        assert_eq!(problem["status"], 400);
        assert!(
            problem["more_info"]
                .as_str()
                .unwrap()
                .contains(&code.to_string())
        );
    }
    assert!(twilio.ledger().messages.is_empty());
    assert_eq!(twilio.ledger().sends.len(), 6);
}

#[tokio::test]
async fn each_fault_has_twilios_answer() {
    let table = [
        (Fault::RateLimited, 429, 20429, 0),
        (Fault::RateLimitedSilently, 429, 20429, 0),
        (Fault::ServerError, 500, 20500, 0),
        (Fault::ServerErrorAfter, 500, 20500, 1),
        (Fault::Unauthorized, 401, 20003, 0),
        (Fault::InvalidTo, 400, 21211, 0),
        (Fault::Refused, 400, 21610, 0),
    ];
    for (fault, status, code, messages) in table {
        let twilio = twilio(Scenario::default().with_sends(TO, &[fault])).await;
        let answer = request(&twilio, &sms("a")).send().await.unwrap();
        let hint = answer.headers().contains_key("retry-after");
        assert_eq!(hint, fault == Fault::RateLimited, "{fault:?}");
        assert_eq!(answer.status().as_u16(), status, "{fault:?}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], code, "{fault:?}");
        assert_eq!(twilio.ledger().messages.len(), messages, "{fault:?}");
        assert_eq!(post(&twilio, &sms("a")).await.0, 201, "{fault:?}");
    }
}

#[tokio::test]
async fn a_send_in_doubt_is_found_in_the_list_exactly_when_it_was_taken() {
    for (fault, taken) in [(Fault::Hang, false), (Fault::HangAfter, true)] {
        let twilio = twilio(Scenario::default().with_sends(TO, &[fault])).await;
        let request = request(&twilio, &sms("alert al_01J8"));
        assert!(
            request
                .timeout(IMPATIENCE)
                .send()
                .await
                .unwrap_err()
                .is_timeout()
        );
        assert!(twilio.asked(1, PATIENCE).await);
        let (status, page) = get(&twilio, "Messages.json?To=%2B447700900123").await;
        assert_eq!(status, 200);
        let found: Vec<&str> = page["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| message["body"].as_str().unwrap())
            .collect();
        assert_eq!(found, if taken { vec!["alert al_01J8"] } else { vec![] });
    }
}

#[tokio::test]
async fn the_list_is_filtered_by_number_and_day_newest_first_in_pages() {
    let twilio = twilio(Scenario::default()).await;
    for body in ["one", "two", "three"] {
        post(&twilio, &sms(body)).await;
    }
    post(
        &twilio,
        &[("To", "+447700900456"), ("From", FROM), ("Body", "other")],
    )
    .await;
    let bodies = async |query: &str| {
        let (_, page) = get(&twilio, &format!("Messages.json?{query}")).await;
        let messages = page["messages"].as_array().unwrap().clone();
        let bodies: Vec<String> = messages
            .iter()
            .map(|message| message["body"].as_str().unwrap().to_owned())
            .collect();
        (
            bodies.join(" "),
            page["next_page_uri"].as_str().map(str::to_owned),
        )
    };
    let to = "To=%2B447700900123";
    assert_eq!(bodies(to).await.0, "three two one");
    assert_eq!(bodies("").await.0, "other three two one");
    assert_eq!(
        bodies(&format!("{to}&DateSent%3E=2020-01-01")).await.0,
        "three two one"
    );
    assert_eq!(
        bodies(&format!("{to}&DateSent%3E=2020-01-01T00:00:00Z"))
            .await
            .0,
        "three two one"
    );
    assert_eq!(bodies(&format!("{to}&DateSent%3C=2020-01-01")).await.0, "");
    assert_eq!(bodies(&format!("{to}&DateSent=2020-01-01")).await.0, "");
    assert_eq!(bodies("From=%2B15005550006").await.0, "");

    let (page, next) = bodies(&format!("{to}&PageSize=2")).await;
    assert_eq!(page, "three two");
    let next = next.unwrap();
    let (_, query) = next.split_once('?').unwrap();
    assert_eq!(bodies(query).await, ("one".to_owned(), None));
    assert_eq!(get(&twilio, "Messages.json?DateSent=soon").await.0, 400);
    assert_eq!(
        get(&twilio, "Messages.json?Page=99999999999999").await.1["messages"],
        Value::Array(vec![])
    );
}

#[tokio::test]
async fn lists_can_fail_and_lag() {
    let mut scenario = Scenario::default();
    scenario.read.list_lag_seconds = 3600.0;
    let twilio = twilio(scenario).await;
    post(&twilio, &sms("a")).await;
    assert_eq!(
        get(&twilio, "Messages.json").await.1["messages"],
        Value::Array(vec![])
    );
    for (server_error, rate_limited, status) in [(1.0, 0.0, 500), (0.0, 1.0, 429)] {
        let mut scenario = Scenario::default();
        scenario.read.server_error = server_error;
        scenario.read.rate_limited = rate_limited;
        twilio.set_scenario(scenario).unwrap();
        assert_eq!(get(&twilio, "Messages.json").await.0, status);
    }
}

#[tokio::test]
async fn only_the_account_itself_is_let_in() {
    let mut config = Config::with_account(SID, TOKEN, Scenario::default());
    config.accounts[0].api_key = Some(("SK1".into(), "secret".into()));
    config.accounts[0].senders = Some(vec!["MG1".into()]);
    let twilio = start(config).await.unwrap();
    let url = |account: &str| {
        format!(
            "{}/2010-04-01/Accounts/{account}/Messages.json",
            twilio.base_url()
        )
    };
    for (user, password, account, status) in [
        (SID, TOKEN, SID, 200),
        ("SK1", "secret", SID, 200),
        (SID, "wrong", SID, 401),
        ("", "", SID, 401),
        (SID, TOKEN, "AC9", 404),
    ] {
        let request = client().get(url(account)).basic_auth(user, Some(password));
        assert_eq!(
            request.send().await.unwrap().status().as_u16(),
            status,
            "{user}"
        );
    }
    let without = client().get(url(SID)).send().await.unwrap();
    assert_eq!(without.json::<Value>().await.unwrap()["code"], 20003);

    assert_eq!(post(&twilio, &sms("a")).await.1["code"], 21606);
    let by_service = [("To", TO), ("MessagingServiceSid", "MG1"), ("Body", "a")];
    assert_eq!(post(&twilio, &by_service).await.1["status"], "accepted");
}

#[tokio::test]
async fn garbage_does_no_harm() {
    let twilio = twilio(Scenario::default()).await;
    for body in [
        vec![0xff, b'=', 0xfe],
        b"%%%&&&===".to_vec(),
        b"To".to_vec(),
        Vec::new(),
    ] {
        let request = request(&twilio, &[]).body(body);
        assert_eq!(request.send().await.unwrap().status(), 400);
    }
    let url = format!("{}/2010-04-01/Accounts/%FF/Messages/%FF", twilio.base_url());
    let odd = client().get(url).header("authorization", "Basic ????");
    assert!(odd.send().await.unwrap().status().is_client_error());
}

#[tokio::test]
async fn chance_falls_alike_for_a_seed() {
    let run = async |seed| {
        let mut scenario = Scenario {
            seed,
            ..Scenario::default()
        };
        scenario.faults = [(Fault::ServerErrorAfter, 0.3), (Fault::Refused, 0.3)].into();
        let twilio = twilio(scenario).await;
        for _ in 0..20 {
            post(&twilio, &sms("a")).await;
        }
        assert!(twilio.quiet(PATIENCE).await);
        let ledger = twilio.ledger();
        let ends: Vec<String> = ledger
            .messages
            .into_iter()
            .map(|each| each.status)
            .collect();
        let faults: Vec<Fault> = ledger.sends.iter().map(|send| send.fault).collect();
        (ends, faults)
    };
    let first = run(7).await;
    assert_eq!(first, run(7).await);
    assert_ne!(first.1, run(8).await.1);
}
