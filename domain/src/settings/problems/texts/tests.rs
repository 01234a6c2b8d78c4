use crate::{
    settings::{FollowupLine, KeepRecordings, Settings},
    text::PassageKind,
};

const EVERYTHING: &str = r#"
[texts]
numbers = ["+442079460000", "+442079460001"]
from = "PN0a1b2c3d"
opt_out_words = ["basta"]
opt_in_words = ["weiter bitte"]
recordings = "voicemails"
recording_days = 30
recording_megabytes = 20

[extraction]
enabled = true
model = "gemini-2.5-flash"
read = ["text", "voicemail"]
monthly_tokens = 5000
batch_above_per_hour = 10
batch_size = 5
batch_wait_minutes = 2
approval_days = 0
thinking_budget = 0

[followups]
enabled = false
owner = "Ada"
due_minutes = 30
voicemail_due_minutes = 15

[[followups.lines]]
number = "+442079460001"
owner = "Grace"

[line_check]
enabled = true
monitor_number = "+442079460001"
main_number = "+442079460000"
every_hours = 12
within_seconds = 60
"#;

#[test]
fn every_key_is_read_and_survives_storage_as_json() {
    let settings = Settings::from_toml(EVERYTHING).unwrap();
    let stored = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&stored).unwrap(), settings);
    assert_eq!(settings.texts.recordings, KeepRecordings::Voicemails);
    assert_eq!(settings.texts.lines().len(), 2);
    let read = [PassageKind::Text, PassageKind::Voicemail];
    assert_eq!(settings.extraction.read, read);
    assert_eq!(settings.extraction.thinking_budget, Some(0));
    let grace = FollowupLine {
        number: "+442079460001".to_owned(),
        owner: "Grace".to_owned(),
    };
    assert_eq!(settings.followups.lines, [grace]);
    assert_eq!(settings.line_check.every_hours, 12);
    let defaults = Settings::default();
    assert_ne!(settings.texts, defaults.texts);
    assert_ne!(settings.extraction, defaults.extraction);
    assert_ne!(settings.followups, defaults.followups);
    assert_ne!(settings.line_check, defaults.line_check);
}

#[test]
fn each_problem_is_named_by_its_field() {
    for (toml, expected) in [
        (
            "[texts]\nnumbers = [\"+442079460000\", \"020 7946 0000\"]",
            &["texts.numbers[1]"][..],
        ),
        ("[texts]\nfrom = \"desk\"", &["texts.from"]),
        ("[texts]\nfrom = \"PN\"", &["texts.from"]),
        (
            "[texts]\nopt_out_words = [\"!\"]",
            &["texts.opt_out_words[0]"],
        ),
        ("[texts]\nrecordings = \"some\"", &["texts.recordings"]),
        ("[texts]\nrecording_days = 0", &["texts.recording_days"]),
        (
            "[texts]\nrecording_megabytes = 501",
            &["texts.recording_megabytes"],
        ),
        ("[extraction]\nenabled = true", &["extraction.model"]),
        ("[extraction]\nmodel = \"a/b\"", &["extraction.model"]),
        ("[extraction]\nmodel = \"..\"", &["extraction.model"]),
        ("[extraction]\nread = [\"faces\"]", &["extraction.read[0]"]),
        ("[extraction]\nbatch_size = 0", &["extraction.batch_size"]),
        (
            "[extraction]\nbatch_wait_minutes = 61",
            &["extraction.batch_wait_minutes"],
        ),
        ("[followups]\nowner = \" \"", &["followups.owner"]),
        ("[followups]\ndue_minutes = 0", &["followups.due_minutes"]),
        (
            "[[followups.lines]]\nnumber = \"1\"\nowner = \"\"",
            &["followups.lines[0].number", "followups.lines[0].owner"],
        ),
        (
            "[line_check]\nenabled = true",
            &["line_check.monitor_number", "line_check.main_number"],
        ),
        (
            "[line_check]\nmonitor_number = \"+442079460000\"\nmain_number = \"+442079460000\"",
            &["line_check.monitor_number"],
        ),
        (
            "[line_check]\nevery_hours = 25",
            &["line_check.every_hours"],
        ),
        (
            "[line_check]\nwithin_seconds = 9",
            &["line_check.within_seconds"],
        ),
    ] {
        let problems = Settings::from_toml(toml).unwrap_err();
        let fields: Vec<&str> = problems.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(fields, expected, "{toml}");
    }
}
