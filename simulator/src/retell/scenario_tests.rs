use super::*;

const FILE: &str = r#"
seed = 7
concurrency_limit = 20

[timing]
speed = 60.0
ring_seconds = [2, 5]

[webhooks]
retries = 5
backoff_seconds = 0.2

[outcomes]
confirmed = 8
no_answer = 2

[faults.create]
rate_limited = 0.1
retry_after_seconds = 5

[faults.webhook]
drop = 0.3
duplicate = 0.2

[[number]]
to = "+447700900123"
calls = ["no_answer", { outcome = "confirmed", stuck = true, call_ended = "drop" }]
creates = ["hang_after", "none", "server_error"]
"#;

fn problem(toml: &str) -> String {
    Scenario::from_toml(toml).unwrap_err().to_string()
}

#[test]
fn a_scenario_file_is_read() {
    let scenario = Scenario::from_toml(FILE).unwrap();
    assert_eq!(
        (
            scenario.seed,
            scenario.timing.speed,
            scenario.webhooks.retries
        ),
        (7, 60.0, 5)
    );
    assert_eq!(
        scenario.outcomes,
        BTreeMap::from([(Outcome::Confirmed, 8.0), (Outcome::NoAnswer, 2.0)])
    );
    assert_eq!(scenario.timing.talk_seconds, Timing::default().talk_seconds);
    let script = scenario.script("+447700900123").unwrap();
    assert_eq!(script.calls[0], Outcome::NoAnswer.into());
    let second = CallScript {
        stuck: Some(true),
        call_ended: Some(WebhookFault::Drop),
        ..Outcome::Confirmed.into()
    };
    assert_eq!(script.calls[1], second);
    assert_eq!(
        script.creates,
        [
            CreateFault::HangAfter,
            CreateFault::None,
            CreateFault::ServerError
        ]
    );
}

#[test]
fn a_scenario_survives_its_own_text() {
    let scenario = Scenario::from_toml(FILE).unwrap();
    assert_eq!(
        Scenario::from_toml(&toml::to_string(&scenario).unwrap()).unwrap(),
        scenario
    );
    assert_eq!(
        Scenario::from_json(&serde_json::to_string(&scenario).unwrap()).unwrap(),
        scenario
    );
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(Scenario::from_toml("").unwrap(), Scenario::default());
    assert!(Scenario::default().check().is_ok());
}

#[test]
fn a_mistake_is_named_with_what_would_be_right() {
    let table = [
        ("sed = 7", "unknown field `sed`"),
        ("[faults.webhook]\ndropp = 0.1", "unknown field `dropp`"),
        ("[outcomes]\nconfirmd = 1", "unknown variant `confirmd`"),
        (
            "[outcomes]\nconfirmed = -1",
            "`outcomes` has a weight that is negative",
        ),
        (
            "[outcomes]\nconfirmed = 0",
            "`outcomes` needs at least one weight above zero",
        ),
        ("[outcomes]\nconfirmed = nan", "`outcomes` has a weight"),
        ("[timing]\nspeed = 0", "`timing.speed` must be above zero"),
        (
            "[timing]\ntalk_seconds = [9, 3]",
            "`timing.talk_seconds` must go from a smaller to a greater",
        ),
        (
            "[timing]\nring_seconds = [0, 1e99]",
            "`timing.ring_seconds` must go",
        ),
        (
            "[faults.create]\nhang = 1.5",
            "`faults.create` has a probability outside 0 to 1",
        ),
        (
            "[faults.webhook]\ndrop = 0.7\ndelay = 0.7",
            "`faults.webhook` has probabilities that come to more than 1",
        ),
        (
            "[[number]]\nto = \"07700 900123\"",
            "is not a number like +447700900123",
        ),
        (
            "[[number]]\nto = \"+447700900123\"\n[[number]]\nto = \"+447700900123\"",
            "`number.to` has +447700900123 twice",
        ),
        (
            "[[number]]\nto = \"+447700900123\"\ncalls = [\"maybe\"]",
            "expected an outcome such as",
        ),
        (
            "[[number]]\nto = \"+447700900123\"\ncreates = [\"maybe\"]",
            "unknown variant `maybe`",
        ),
    ];
    for (toml, expected) in table {
        let problem = problem(toml);
        assert!(problem.contains(expected), "{toml}\n{problem}");
    }
}

#[test]
fn tenths_that_come_to_one_are_accepted() {
    let faults = "[faults.webhook]\ndrop = 0.3\ndelay = 0.3\nduplicate = 0.2\nreorder = 0.1\nbad_signature = 0.1";
    assert!(Scenario::from_toml(faults).is_ok());
}

#[test]
fn every_scenario_that_comes_along_is_in_order() {
    for name in Scenario::built_in_names() {
        let scenario = Scenario::built_in(name).unwrap();
        assert!(
            scenario.is_ok_and(|scenario| scenario != Scenario::default()),
            "{name}"
        );
    }
    assert_eq!(
        BUILT_IN.len(),
        std::fs::read_dir("scenarios").unwrap().count()
    );
    assert!(Scenario::built_in("calm").is_none());
}
