use secrecy::ExposeSecret;

use super::*;
use crate::queue::tests::Scratch;

/// A configuration from a file with this mode, and these variables.
fn config(text: &str, mode: u32, variables: &[(&str, &str)]) -> Config {
    let folder = Scratch::new();
    let file = folder.path().join("capture.toml");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    Config::read(|name| match name {
        "BELLHOP_CAPTURE_CONFIG" => Some(file.display().to_string()),
        "HOME" => Some("/home/ada".to_owned()),
        _ => variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned()),
    })
}

#[test]
fn the_file_is_read_and_variables_override_it() {
    let text = r#"
        url = "https://a.example/hooks/k"
        token = "from the file"
        home = "~/capture"
        direct = false
        budget_ms = 100
        redact = ["x+"]
    "#;
    let config = config(
        text,
        0o600,
        &[
            ("BELLHOP_CAPTURE_TOKEN", "variable"),
            ("BELLHOP_CAPTURE_BUDGET_MS", "200"),
        ],
    );
    assert_eq!(config.problems, Vec::<String>::new());
    assert_eq!(config.url.as_deref(), Some("https://a.example/hooks/k"));
    assert_eq!(config.token.unwrap().expose_secret(), "variable");
    assert_eq!(config.home, Path::new("/home/ada/capture"));
    assert_eq!(config.budget, Duration::from_millis(200));
    assert!(!config.direct);
    assert_eq!(config.redact.len(), 1);
}

#[test]
fn without_anything_there_are_defaults() {
    let config = config("", 0o644, &[]);
    assert_eq!(config.problems, Vec::<String>::new());
    assert_eq!(config.url, None);
    assert_eq!(
        config.home,
        Path::new("/home/ada/.local/state/bellhop/capture")
    );
    assert_eq!(config.max_input, 4 << 20);
    assert!(config.direct);
}

#[test]
fn a_bad_value_is_named_and_the_others_hold() {
    let text = r#"
        url = "ftp://a.example"
        token = 7
        home = "relative"
        direct = "perhaps"
        budget_ms = 1000000
        redact = ["("]
        colour = "red"
        client_id = "laptop"
    "#;
    let config = config(text, 0o600, &[]);
    let named = [
        "url",
        "token",
        "home",
        "direct",
        "budget_ms",
        "redact",
        "colour",
    ];
    for name in named {
        let told = config.problems.iter().filter(|told| told.contains(name));
        assert_eq!(told.count(), 1, "{name}: {:?}", config.problems);
    }
    assert_eq!(config.problems.len(), named.len());
    assert_eq!(config.client_id.as_deref(), Some("laptop"));
    assert_eq!(config.budget, Duration::from_millis(300));
}

#[test]
fn no_value_gets_into_a_problem() {
    for text in [
        "token = \"s3cret",
        "token = s3cret",
        "url = \"s3cret\"\nhome = \"s3cret\"",
    ] {
        let config = config(text, 0o600, &[]);
        assert!(!config.problems.is_empty());
        assert!(
            !format!("{config:?}")
                .replace("file: Some", "")
                .contains("s3cret"),
            "{text}"
        );
    }
}

#[test]
fn a_token_that_others_can_read_is_named() {
    for (text, mode, problems) in [
        ("token = \"a\"", 0o600, 0),
        ("token = \"a\"", 0o400, 0),
        ("token = \"a\"", 0o640, 1),
        ("token = \"a\"", 0o604, 1),
        ("direct = true", 0o644, 0),
    ] {
        assert_eq!(
            config(text, mode, &[]).problems.len(),
            problems,
            "{text} {mode:o}"
        );
    }
}

#[test]
fn a_file_that_is_a_folder_or_not_text_is_a_problem() {
    let folder = Scratch::new();
    let binary = folder.path().join("binary");
    fs::write(&binary, [0xff, 0xfe, 0]).unwrap();
    for file in [folder.path(), &binary] {
        let config = Config::read(|name| {
            (name == "BELLHOP_CAPTURE_CONFIG").then(|| file.display().to_string())
        });
        assert_eq!(config.problems, ["the configuration file cannot be read"]);
    }
}
