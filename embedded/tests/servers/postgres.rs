use anyhow::{Context, Result};
use embedded::{Error, Postgres, PostgresOptions};

use super::{Scratch, a_postgres, tools};

#[tokio::test]
async fn committed_rows_survive_a_killed_postgres() -> Result<()> {
    let mut postgres = a_postgres().await?;
    let (port, first) = (postgres.port(), postgres.pid());
    postgres
        .psql(
            "postgres",
            "CREATE TABLE seen (id int); INSERT INTO seen VALUES (7)",
        )
        .await?;

    postgres.kill();
    assert_eq!(postgres.pid(), None);
    assert!(postgres.psql("postgres", "SELECT 1").await.is_err());
    postgres.start_again().await?;

    assert_eq!(postgres.port(), port);
    assert_ne!(postgres.pid(), first);
    assert_eq!(
        postgres
            .psql("postgres", "SELECT id FROM seen")
            .await?
            .trim(),
        "7"
    );
    Ok(())
}

#[tokio::test]
async fn committed_rows_survive_a_stopped_postgres() -> Result<()> {
    let mut postgres = a_postgres().await?;
    postgres
        .psql(
            "postgres",
            "CREATE TABLE seen (id int); INSERT INTO seen VALUES (7)",
        )
        .await?;

    postgres.stop().await;
    postgres.start_again().await?;

    assert_eq!(
        postgres
            .psql("postgres", "SELECT id FROM seen")
            .await?
            .trim(),
        "7"
    );
    Ok(())
}

#[tokio::test]
async fn postgres_is_the_same_on_every_machine() -> Result<()> {
    let postgres = a_postgres().await?;
    let ask = async |sql: &str| {
        postgres
            .psql("postgres", sql)
            .await
            .map(|answer| answer.trim().to_owned())
    };

    assert!(ask("SHOW server_version").await?.starts_with("18."));
    assert_eq!(ask("SHOW server_encoding").await?, "UTF8");
    assert_eq!(ask("SHOW timezone").await?, "UTC");
    assert_eq!(ask("SELECT lower('ÀÉÎ')").await?, "àéî");
    assert_eq!(ask("SELECT current_user").await?, "bellhop");
    Ok(())
}

#[tokio::test]
async fn postgres_wants_its_password() -> Result<()> {
    let postgres = a_postgres().await?;
    let mut psql = tokio::process::Command::new(tools()?.postgres("psql"));
    psql.args([
        "--no-password",
        "--command",
        "SELECT 1",
        "--host",
        "127.0.0.1",
        "--username",
        "bellhop",
        "postgres",
    ]);
    psql.env("PGPORT", postgres.port().to_string())
        .env_remove("PGPASSWORD");

    let refused = psql.output().await?;

    assert!(!refused.status.success());
    assert!(!format!("{postgres:?}").contains(&password_in(&postgres.url("postgres"))?));
    Ok(())
}

#[tokio::test]
async fn creating_a_database_twice_is_harmless() -> Result<()> {
    let postgres = a_postgres().await?;

    postgres.create_database("it's \"ours\"").await?;
    postgres.create_database("it's \"ours\"").await?;

    assert_eq!(
        postgres.psql("it's \"ours\"", "SELECT 1").await?.trim(),
        "1"
    );
    Ok(())
}

#[tokio::test]
async fn kept_data_is_there_for_the_next_process() -> Result<()> {
    let folder = Scratch::new()?;
    let options = || PostgresOptions {
        durable: false,
        ..PostgresOptions::kept_in(folder.0.join("postgres"))
    };
    let postgres = Postgres::start(&tools()?, options()).await?;
    postgres.create_database("kept").await?;

    let second = Postgres::start(&tools()?, options()).await;
    assert!(matches!(second, Err(Error::InUse { .. })), "{second:?}");
    drop(postgres);

    let postgres = Postgres::start(&tools()?, options()).await?;
    assert_eq!(postgres.psql("kept", "SELECT 1").await?.trim(), "1");
    Ok(())
}

#[tokio::test]
async fn a_lock_file_left_by_a_crash_does_not_block_the_start() -> Result<()> {
    let folder = Scratch::new()?;
    let options = || PostgresOptions {
        durable: false,
        ..PostgresOptions::kept_in(&folder.0)
    };
    drop(Postgres::start(&tools()?, options()).await?);
    // This very process has the number now: alive, but no PostgreSQL.
    let lock = folder.0.join("data/postmaster.pid");
    std::fs::write(
        &lock,
        format!(
            "{}\n{}\n",
            std::process::id(),
            folder.0.join("data").display()
        ),
    )?;

    let postgres = Postgres::start(&tools()?, options()).await?;

    assert_eq!(postgres.psql("postgres", "SELECT 1").await?.trim(), "1");
    Ok(())
}

#[tokio::test]
async fn an_interrupted_creation_is_begun_anew() -> Result<()> {
    let folder = Scratch::new()?;
    std::fs::create_dir(folder.0.join("data.new"))?;
    std::fs::write(folder.0.join("data.new/PG_VERSION"), "18\n")?;

    let options = PostgresOptions {
        durable: false,
        ..PostgresOptions::kept_in(&folder.0)
    };
    let postgres = Postgres::start(&tools()?, options).await?;

    assert_eq!(postgres.psql("postgres", "SELECT 1").await?.trim(), "1");
    Ok(())
}

#[tokio::test]
async fn a_wrong_setting_is_explained_by_the_log() -> Result<()> {
    let settings = vec![("shared_buffers".to_owned(), "plenty".to_owned())];
    let options = PostgresOptions {
        settings,
        ..PostgresOptions::temporary()
    };

    let error = Postgres::start(&tools()?, options).await.unwrap_err();

    assert!(
        error
            .to_string()
            .contains("invalid value for parameter \"shared_buffers\""),
        "{error}"
    );
    Ok(())
}

fn password_in(url: &str) -> Result<String> {
    let (_, rest) = url.split_once("bellhop:").context("a password")?;
    Ok(rest.split_once('@').context("a host")?.0.to_owned())
}
