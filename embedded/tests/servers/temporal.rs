use anyhow::{Result, ensure};
use embedded::{Error, Temporal, TemporalOptions, Tools};

use super::{Scratch, tools};

#[tokio::test]
async fn workflows_survive_a_killed_temporal() -> Result<()> {
    let folder = Scratch::new()?;
    let tools = tools()?;
    let options = TemporalOptions {
        data_file: Some(folder.0.join("temporal.db")),
        log_file: Some(folder.0.join("temporal.log")),
        namespaces: vec!["clinics".to_owned()],
        search_attributes: vec![("BellhopTenant".to_owned(), "Keyword".to_owned())],
        ..TemporalOptions::default()
    };
    let mut temporal = Temporal::start(&tools, options).await?;
    let address = temporal.address();
    let start = [
        "workflow",
        "start",
        "--namespace",
        "clinics",
        "--type",
        "t",
        "--task-queue",
        "q",
        "--workflow-id",
        "w",
    ];
    cli(&tools, &address, &start).await?;

    temporal.kill();
    assert_eq!(temporal.pid(), None);
    temporal.start_again().await?;

    assert_eq!(temporal.address(), address);
    cli(
        &tools,
        &address,
        &[
            "workflow",
            "describe",
            "--namespace",
            "clinics",
            "--workflow-id",
            "w",
        ],
    )
    .await?;
    let attributes = cli(&tools, &address, &["operator", "search-attribute", "list"]).await?;
    assert!(attributes.contains("BellhopTenant"), "{attributes}");

    let second = TemporalOptions {
        data_file: Some(folder.0.join("temporal.db")),
        ..TemporalOptions::default()
    };
    assert!(matches!(
        Temporal::start(&tools, second).await,
        Err(Error::InUse { .. })
    ));
    temporal.stop().await;
    temporal.start_again().await?;
    cli(
        &tools,
        &address,
        &[
            "workflow",
            "describe",
            "--namespace",
            "clinics",
            "--workflow-id",
            "w",
        ],
    )
    .await?;
    Ok(())
}

async fn cli(tools: &Tools, address: &str, arguments: &[&str]) -> Result<String> {
    let mut command = tokio::process::Command::new(tools.temporal());
    command.args(arguments).args([
        "--address",
        address,
        "--disable-config-file",
        "--disable-config-env",
    ]);
    let output = command.output().await?;
    ensure!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}
