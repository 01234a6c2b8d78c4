//! The vendors' own SDKs against the simulators. They are installed from PyPI into the target folder, once; where that is not
//! possible the test says so and passes, unless `BELLHOP_REQUIRE_SDKS` is set.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use simulator::{gemini, retell, vapi, zoho};
use tokio::process::Command;

const NUMBER: &str = "+447700900123";
/// Of an installation, downloads included.
const PATIENCE: Duration = Duration::from_secs(150);

/// Runs one of the scripts beside this file with an SDK. `false`: it could not be installed, and that was said.
async fn run(package: &str, script: &str, arguments: &[&str]) -> bool {
    let Some(folder) = installed(package).await else {
        return false;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/sdks")
        .join(script);
    let ended = Command::new("python3")
        .arg(&script)
        .args(arguments)
        .env("PYTHONPATH", folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .kill_on_drop(true)
        .output();
    let ended = tokio::time::timeout(Duration::from_secs(60), ended)
        .await
        .expect("the script ends")
        .expect("python3 runs");
    assert!(
        ended.status.success(),
        "{package}: {}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    true
}

/// The folder with the package, `name==version`, and all it needs.
async fn installed(package: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(package);
    if folder.exists() {
        return Some(folder);
    }
    match install(package, &folder).await {
        Ok(()) => Some(folder),
        Err(why) => {
            assert!(
                std::env::var_os("BELLHOP_REQUIRE_SDKS").is_none(),
                "{package} cannot be installed: {why}"
            );
            eprintln!("SKIPPED: {package} cannot be installed here: {why}");
            None
        }
    }
}

/// Into a folder beside, which takes its place when all is there: a broken one is never used.
async fn install(package: &str, folder: &Path) -> Result<(), String> {
    let beside = folder.with_extension(format!("{}-part", std::process::id()));
    let pip = Command::new("python3")
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ])
        .args(["--retries", "1", "--timeout", "15", "--target"])
        .args([beside.as_os_str(), package.as_ref()])
        .kill_on_drop(true)
        .output();
    let ended = tokio::time::timeout(PATIENCE, pip)
        .await
        .map_err(|_| format!("not within {} s", PATIENCE.as_secs()))?
        .map_err(|error| error.to_string())?;
    if !ended.status.success() {
        let words = String::from_utf8_lossy(&ended.stderr);
        return Err(words.lines().last().unwrap_or("pip failed").to_owned());
    }
    std::fs::rename(&beside, folder).map_err(|error| error.to_string())
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
    if run("retell-sdk==6.2.13", "with_retell.py", &arguments).await {
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
    if run("vapi_server_sdk==3.0.0", "with_vapi.py", &arguments).await {
        assert_eq!(vapi.totals().calls_placed, 1);
    }
}

#[tokio::test]
async fn googles_sdk_asks_gemini() {
    let found = serde_json::json!({"email": "ada@example.org"});
    let scenario = gemini::Scenario::default().finding("my email", found);
    let config = gemini::Config::with_key("key_1", scenario);
    let gemini = gemini::start(config).await.unwrap();
    let arguments = [&gemini.base_url(), "key_1"];
    run("google-genai==3.4.0", "with_gemini.py", &arguments).await;
}

#[tokio::test]
async fn zohos_sdk_makes_and_reads_a_contact() {
    let grant = ("1000.CLIENT", "0123456789abcdef", "1000.refresh");
    let config = zoho::Config::with_grant(grant.0, grant.1, grant.2, zoho::Scenario::default());
    let zoho = zoho::start(config).await.unwrap();
    let arguments = [&zoho.base_url(), grant.0, grant.1, grant.2, NUMBER];
    run("zohocrmsdk8_0==7.0.0", "with_zoho.py", &arguments).await;
}
