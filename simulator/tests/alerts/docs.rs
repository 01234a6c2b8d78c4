use simulator::{
    ScenarioError, alerts, calendar, gemini, openphone, senders, slack, smtp, twilio, vapi, zoho,
};

#[test]
fn every_scenario_of_the_documentation_is_in_order() {
    let text = include_str!("../../../docs/simulator.md");
    let mut seen = Vec::new();
    for block in text.split("```toml\n# ").skip(1) {
        let (name, block) = block.split_once('\n').unwrap();
        let (scenario, _) = block.split_once("```").unwrap();
        let read: Result<(), ScenarioError> = match name {
            "vapi" => vapi::Scenario::from_toml(scenario).map(drop),
            "calendars" => calendar::Scenario::from_toml(scenario).map(drop),
            "slack" => slack::Scenario::from_toml(scenario).map(drop),
            "openphone" => openphone::Scenario::from_toml(scenario).map(drop),
            "gemini" => gemini::Scenario::from_toml(scenario).map(drop),
            "zoho" => zoho::Scenario::from_toml(scenario).map(drop),
            "twilio" => twilio::Scenario::from_toml(scenario).map(drop),
            "smtp" => smtp::Scenario::from_toml(scenario).map(drop),
            "alerts" => alerts::Scenario::from_toml(scenario).map(drop),
            "senders" => senders::Scenario::from_toml(scenario).map(drop),
            other => panic!("no such scenario: {other}"),
        };
        read.unwrap_or_else(|error| panic!("{name}: {error}"));
        seen.push(name);
    }
    assert_eq!(
        seen,
        [
            "vapi",
            "slack",
            "twilio",
            "openphone",
            "gemini",
            "zoho",
            "calendars",
            "smtp",
            "alerts",
            "senders"
        ]
    );
}
