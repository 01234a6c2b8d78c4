//! The fake by hand, with a plain client.

use serde_json::{Value, json};
use simulator::calendar::{Door, Fault, Scenario};

use crate::harness::{DIARY, PATIENCE, at, calendars, google, span};

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy();
    builder.tls_certs_only([]).build().unwrap()
}

#[tokio::test]
async fn times_are_taken_and_freed_over_http_too() {
    let calendars = calendars(Scenario::default()).await;
    let url = format!("{}/sim/busy", calendars.base_url());
    let busy = json!({"calendar": DIARY, "start": at(20), "end": at(21)});
    let answer = client().post(&url).json(&busy).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let read = async || {
        let google = google(&calendars);
        let read = google.free_busy(DIARY, span(15, 24), at(0)).await;
        read.unwrap().busy
    };
    assert_eq!(read().await, [span(20, 21)]);
    for status in [204, 404] {
        let answer = client().delete(&url).json(&busy).send().await.unwrap();
        assert_eq!(answer.status(), status);
    }
    assert_eq!(read().await, []);
}

#[tokio::test]
async fn nobody_sees_a_diary_without_a_token() {
    let calendars = calendars(Scenario::default()).await;
    let url = format!("{}/calendar/v3/freeBusy", calendars.base_url());
    let body = json!({"timeMin": at(0), "timeMax": at(24), "items": [{"id": DIARY}]});
    for token in ["", "Bearer ya29.guessed"] {
        let request = client()
            .post(&url)
            .json(&body)
            .header("authorization", token);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        let said: Value = answer.json().await.unwrap();
        assert_eq!(said["error"]["errors"][0]["reason"], "authError");
    }
}

#[tokio::test]
async fn a_proof_that_does_not_hold_gets_no_token() {
    let calendars = calendars(Scenario::default()).await;
    let bearer = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    for (form, code) in [
        (String::new(), "unsupported_grant_type"),
        ("grant_type=refresh_token".to_owned(), "invalid_client"),
        (
            "grant_type=refresh_token&client_id=simulator.apps.googleusercontent.com&client_secret=GOCSPX-simulator&refresh_token=old".to_owned(),
            "invalid_grant",
        ),
        (format!("{bearer}e30.e30.AAAA"), "invalid_grant"),
        (format!("{bearer}nothing"), "invalid_grant"),
    ] {
        let request = client().post(calendars.token_url()).body(form.clone());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let said: Value = answer.json().await.unwrap();
        assert_eq!(said["error"], code, "{form}");
    }
    assert!(calendars.asked(Door::Token, 5, PATIENCE).await);
}

#[tokio::test]
async fn slots_have_cal_coms_shape() {
    let calendars = calendars(Scenario::default()).await;
    let url = format!(
        "{}/v2/slots?eventTypeId=123&start={}&end={}",
        calendars.base_url(),
        at(9),
        at(11)
    );
    let request = client().get(url).header("cal-api-version", "2024-09-04");
    let said: Value = request.send().await.unwrap().json().await.unwrap();
    let slot = |half_hours: i64| {
        let start = at(10) + jiff::SignedDuration::from_mins(30 * half_hours);
        json!({"start": start.strftime("%Y-%m-%dT%H:%M:%S.000+00:00").to_string()})
    };
    let day = at(10).strftime("%Y-%m-%d").to_string();
    assert_eq!(
        said,
        json!({"status": "success", "data": {day: [slot(0), slot(1)]}})
    );
}

#[tokio::test]
async fn the_scenario_is_checked_and_falls_alike_for_a_seed() {
    for text in [
        "slot_minutes = 0",
        "slow_seconds = -1.0",
        "[faults]\nhang = 2",
        "[[door]]\ndoor = \"window\"\nanswers = []",
    ] {
        assert!(Scenario::from_toml(text).is_err(), "{text}");
    }
    let text =
        "seed = 3\n[faults]\nserver_error = 0.5\n[[door]]\ndoor = \"token\"\nanswers = [\"none\"]";
    let scenario = Scenario::from_toml(text).unwrap();
    let run = async || {
        let calendars = calendars(scenario.clone()).await;
        let google = google(&calendars);
        for _ in 0..20 {
            let _ = google.free_busy(DIARY, span(0, 24), at(0)).await;
        }
        let ledger = calendars.ledger();
        let faults: Vec<Fault> = ledger.at(Door::FreeBusy).map(|asked| asked.fault).collect();
        faults
    };
    let first = run().await;
    assert_eq!(first, run().await);
    assert!(first.contains(&Fault::None) && first.contains(&Fault::ServerError));
}
