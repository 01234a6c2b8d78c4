use super::*;

fn read(set: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::read(|name| {
        set.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn nothing_set_gives_the_defaults() {
    assert_eq!(read(&[]), Ok(Config::default()));
    assert_eq!(
        read(&[("BELLHOP_INGRESS_LISTEN", " ")]),
        Ok(Config::default())
    );
}

#[test]
fn a_variable_changes_its_own_field_only() {
    let config = read(&[("BELLHOP_INGRESS_DATABASE_TIME_LIMIT_MS", "250")]).unwrap();
    assert_eq!(
        config,
        Config {
            database_time_limit: Duration::from_millis(250),
            ..Config::default()
        }
    );
}

#[test]
fn a_bad_value_is_refused_with_its_name() {
    for (variable, value) in [
        ("BELLHOP_INGRESS_LISTEN", "8080"),
        ("BELLHOP_INGRESS_BODY_LIMIT_BYTES", "5 MiB"),
        ("BELLHOP_INGRESS_SOURCE_RATE", "0"),
        ("BELLHOP_INGRESS_BATCH_MAX", "0"),
        ("BELLHOP_INGRESS_BODY_MEMORY_BYTES", "1024"),
        ("BELLHOP_INGRESS_SPOOL_MAX_EVENTS", "0"),
        ("BELLHOP_INGRESS_SPOOL_MAX_BYTES", "1048576"),
    ] {
        assert_eq!(read(&[(variable, value)]).unwrap_err().variable, variable);
    }
}

#[test]
fn a_spool_takes_over_before_the_database_has_had_all_of_its_time() {
    let folder = ("BELLHOP_INGRESS_SPOOL_DIR", "/var/lib/bellhop/spool");
    let config = read(&[folder]).unwrap();
    assert_eq!(config.spool_dir, Some(PathBuf::from(folder.1)));
    assert_eq!(config.database_time_limit, LIMIT_BEFORE_SPOOL);

    let said = ("BELLHOP_INGRESS_DATABASE_TIME_LIMIT_MS", "3000");
    let config = read(&[folder, said]).unwrap();
    assert_eq!(config.database_time_limit, Duration::from_secs(3));
    assert_eq!(
        read(&[("BELLHOP_INGRESS_SPOOL_DIR", " ")]),
        Ok(Config::default())
    );
}

#[test]
fn a_higher_rate_brings_room_for_as_many_at_once() {
    let config = read(&[("BELLHOP_INGRESS_SOURCE_RATE", "5000")]).unwrap();
    assert_eq!(
        config.source_rate,
        Rate {
            per_second: 5_000,
            burst: 5_000
        }
    );
}
