//! The vendors' own SDKs against the simulators. They are installed from PyPI and npm into the target folder, once; where that
//! is not possible the test says so and passes, unless `BELLHOP_REQUIRE_SDKS` is set.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    time::Duration,
};

use providers::retell::webhook::sign;
use secrecy::ExposeSecret;
use simulator::{calendar, gemini, retell, vapi, zoho};
use tokio::process::Command;

const NUMBER: &str = "+447700900123";
/// Of an installation, downloads included.
const PATIENCE: Duration = Duration::from_secs(150);

/// An SDK in its registry, with the version that was tried.
#[derive(Debug, Clone, Copy)]
enum Sdk {
    /// `name==version`.
    Python(&'static str),
    /// `name@version`.
    Node(&'static str),
}

/// Runs one of the scripts beside this file with an SDK. `false`: it could not be installed, and that was said.
async fn run(sdk: Sdk, script: &str, arguments: &[&str]) -> bool {
    let Some(folder) = installed(sdk).await else {
        return false;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/sdks")
        .join(script);
    let mut command = match sdk {
        Sdk::Python(_) => {
            let mut python = Command::new("python3");
            python
                .env("PYTHONPATH", folder)
                .env("PYTHONDONTWRITEBYTECODE", "1");
            python
        }
        Sdk::Node(_) => {
            let mut node = Command::new("node");
            node.env("NODE_PATH", folder.join("node_modules"));
            node
        }
    };
    let ended = command
        .arg(&script)
        .args(arguments)
        .kill_on_drop(true)
        .output();
    let ended = tokio::time::timeout(Duration::from_secs(60), ended)
        .await
        .expect("the script ends")
        .expect("its language is here");
    assert!(
        ended.status.success(),
        "{sdk:?}: {}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    true
}

/// The folder with the package and all it needs.
async fn installed(sdk: Sdk) -> Option<PathBuf> {
    let (Sdk::Python(package) | Sdk::Node(package)) = sdk;
    let name = package.replace(['/', '@'], "_");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        return Some(folder);
    }
    match install(sdk, &folder).await {
        Ok(()) => Some(folder),
        Err(why) => {
            assert!(
                std::env::var_os("BELLHOP_REQUIRE_SDKS").is_none(),
                "{sdk:?} cannot be installed: {why}"
            );
            eprintln!("SKIPPED: {sdk:?} cannot be installed here: {why}");
            None
        }
    }
}

/// Into a folder beside, which takes its place when all is there: a broken one is never used.
async fn install(sdk: Sdk, folder: &Path) -> Result<(), String> {
    let beside = folder.with_extension(format!("{}-part", std::process::id()));
    let installer = match sdk {
        Sdk::Python(package) => pip(package, beside.as_os_str()),
        Sdk::Node(package) => npm(package, beside.as_os_str()),
    }
    .kill_on_drop(true)
    .output();
    let ended = tokio::time::timeout(PATIENCE, installer)
        .await
        .map_err(|_| format!("not within {} s", PATIENCE.as_secs()))?
        .map_err(|error| error.to_string())?;
    if !ended.status.success() {
        let words = String::from_utf8_lossy(&ended.stderr);
        return Err(words
            .lines()
            .last()
            .unwrap_or("the installer failed")
            .to_owned());
    }
    std::fs::rename(&beside, folder).map_err(|error| error.to_string())
}

fn pip(package: &str, into: &OsStr) -> Command {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", "--no-input"])
        .args(["--retries", "1", "--timeout", "15", "--target"])
        .args([into, package.as_ref()]);
    pip
}

/// No script of a package is run.
fn npm(package: &str, into: &OsStr) -> Command {
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund"])
        .args(["--ignore-scripts", "--fetch-retries=1", "--prefix"])
        .args([into, package.as_ref()]);
    npm
}

#[tokio::test]
async fn retells_sdk_places_and_reads_calls() {
    let scenario = retell::Scenario::default()
        .at_speed(1000.0)
        .always(retell::Outcome::Confirmed);
    let retell = retell::start(retell::Config::with_account("key_1", None, scenario))
        .await
        .unwrap();
    let arguments = [&retell.base_url(), "key_1", NUMBER];
    let sdk = Sdk::Python("retell-sdk==6.2.13");
    if run(sdk, "with_retell.py", &arguments).await {
        assert_eq!(retell.ledger().totals.calls_placed, 1);
    }
}

#[tokio::test]
async fn retells_sdk_for_node_places_calls_and_believes_our_signature() {
    let scenario = retell::Scenario::default()
        .at_speed(1000.0)
        .always(retell::Outcome::Confirmed);
    let retell = retell::start(retell::Config::with_account("key_1", None, scenario))
        .await
        .unwrap();
    let body = r#"{"event":"call_ended"}"#;
    let now = jiff::Timestamp::now().as_millisecond();
    let signature = sign(body.as_bytes(), &"key_1".into(), now);
    let arguments = [&retell.base_url(), "key_1", NUMBER, body, &signature];
    if run(
        Sdk::Node("retell-sdk@5.66.1"),
        "with_retell.cjs",
        &arguments,
    )
    .await
    {
        assert_eq!(retell.ledger().totals.calls_placed, 1);
    }
}

#[tokio::test]
async fn vapis_sdk_places_and_reads_calls() {
    let scenario = vapi::Scenario::default()
        .at_speed(1000.0)
        .always(vapi::Outcome::Confirmed);
    let vapi = vapi::start(vapi::Config::with_account("key_1", None, scenario))
        .await
        .unwrap();
    let arguments = [&vapi.base_url(), "key_1", NUMBER];
    let mut placed = 0;
    for (sdk, script) in [
        (Sdk::Python("vapi_server_sdk==3.0.0"), "with_vapi.py"),
        (Sdk::Node("@vapi-ai/server-sdk@2.0.1"), "with_vapi.cjs"),
    ] {
        if run(sdk, script, &arguments).await {
            placed += 1;
        }
        assert_eq!(vapi.totals().calls_placed, placed);
    }
}

#[tokio::test]
async fn googles_sdk_asks_gemini() {
    let found = serde_json::json!({"email": "ada@example.org"});
    let scenario = gemini::Scenario::default().finding("my email", found);
    let config = gemini::Config::with_key("key_1", scenario);
    let gemini = gemini::start(config).await.unwrap();
    let arguments = [&gemini.base_url(), "key_1"];
    run(
        Sdk::Python("google-genai==3.4.0"),
        "with_gemini.py",
        &arguments,
    )
    .await;
}

#[tokio::test]
async fn zohos_sdk_makes_and_reads_a_contact() {
    let grant = ("1000.CLIENT", "0123456789abcdef", "1000.refresh");
    let config = zoho::Config::with_grant(grant.0, grant.1, grant.2, zoho::Scenario::default());
    let zoho = zoho::start(config).await.unwrap();
    let arguments = [&zoho.base_url(), grant.0, grant.1, grant.2, NUMBER];
    run(
        Sdk::Python("zohocrmsdk8_0==7.0.0"),
        "with_zoho.py",
        &arguments,
    )
    .await;
}

#[tokio::test]
async fn googles_client_for_python_asks_what_is_taken() {
    let diary = "desk@example.com";
    let config = calendar::Config::with_calendars(&[diary], calendar::Scenario::default());
    let calendars = calendar::start(config).await.unwrap();
    let (start, end) = ("2027-03-25T09:00:00Z", "2027-03-25T10:00:00Z");
    calendars.add_busy(diary, start.parse().unwrap(), end.parse().unwrap());
    let (account, person) = (calendars.service_account(), calendars.authorized_user());
    let arguments = [
        &calendars.base_url(),
        account.expose_secret(),
        person.expose_secret(),
        diary,
        start,
        end,
    ];
    let sdk = Sdk::Python("google-api-python-client==2.202.0");
    if run(sdk, "with_google_calendar.py", &arguments).await {
        let asked = calendars.ledger();
        assert!(asked.at(calendar::Door::FreeBusy).count() >= 3);
    }
}
