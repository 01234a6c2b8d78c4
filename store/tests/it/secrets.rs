//! SEC-2: provider keys are encrypted at rest, for one tenant.

use secrecy::{ExposeSecret, SecretString};
use store::{Error, KeyRing, PoolOptions, Store, TenantStore};

use crate::harness::{Stage, stage};

const KEY: &str = "key_9f2c6d1e4b7a4c0f8e3d5a6b7c8d9e0f";

async fn add(stage: &Stage, tenant: &TenantStore, secret: &str) {
    let mut tx = tenant.begin().await.unwrap();
    let secret = SecretString::from(secret.to_owned());
    tx.add_provider_secret(stage.store.keys(), "retell", &secret)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn read(store: &Store, tenant: &TenantStore) -> Result<Vec<String>, Error> {
    let mut tx = tenant.begin().await.unwrap();
    let keys = tx.provider_keys(store.keys(), "retell").await?;
    Ok(keys
        .iter()
        .map(|key| key.secret.expose_secret().to_owned())
        .collect())
}

/// The same database opened with another ring of keys.
fn reopened(stage: &Stage, ring: &str) -> Store {
    let keys = KeyRing::parse(&SecretString::from(ring.to_owned())).unwrap();
    Store::new(&stage.url, keys, PoolOptions::default()).unwrap()
}

#[tokio::test]
async fn nothing_of_a_key_is_stored_in_clear() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    add(&stage, &tenant, KEY).await;
    assert_eq!(read(&stage.store, &tenant).await.unwrap(), [KEY]);
    // Columns of bytes are written in hexadecimal.
    let stored: String = sqlx::query_scalar("select s::text from provider_secrets s")
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    for part in [KEY, &KEY[4..12], &hex(KEY), &hex(&KEY[4..12])] {
        assert!(!stored.contains(part));
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_key_moved_to_another_tenant_does_not_open() {
    let stage = stage().await;
    let (ours, theirs) = (stage.tenant("ours").await, stage.tenant("theirs").await);
    add(&stage, &ours, KEY).await;
    sqlx::query("update provider_secrets set tenant_id = $1")
        .bind(theirs.id().uuid())
        .execute(&stage.pool)
        .await
        .unwrap();
    let opened = read(&stage.store, &theirs).await;
    assert!(matches!(opened, Err(Error::Undecryptable)));
}

#[tokio::test]
async fn a_changed_ciphertext_does_not_open() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    add(&stage, &tenant, KEY).await;
    for change in [
        "update provider_secrets set ciphertext = set_byte(ciphertext, 0, get_byte(ciphertext, 0) # 1)",
        "update provider_secrets set nonce = substring(nonce for 11)",
        "update provider_secrets set key_id = 'unknown'",
    ] {
        sqlx::query(change).execute(&stage.pool).await.unwrap();
        let opened = read(&stage.store, &tenant).await;
        assert!(matches!(opened, Err(Error::Undecryptable)), "{change}");
    }
}

#[tokio::test]
async fn after_a_rotation_old_and_new_keys_open_and_the_newest_comes_first() {
    let stage = stage().await;
    let (old, new) = (KeyRing::generate(), KeyRing::generate());
    let (old, new) = (old.expose_secret(), new.expose_secret());
    let first = reopened(&stage, old);
    let tenant = stage.tenant("ours").await;
    let (before, after) = (
        Stage {
            store: first,
            ..stage
        },
        new,
    );
    add(&before, &tenant, "written before").await;

    // Both rings were generated, so both keys bear the same name.
    let store = reopened(&before, &format!("{after},{old}"));
    let rotated = Stage { store, ..before };
    let tenant = rotated.store.tenant(tenant.id());
    add(&rotated, &tenant, "written after").await;
    assert_eq!(
        read(&rotated.store, &tenant).await.unwrap(),
        ["written after", "written before"]
    );
    let source = {
        let mut tx = tenant.begin().await.unwrap();
        tx.add_source("retell", "hook").await.unwrap();
        tx.commit().await.unwrap();
        rotated.store.source("hook").await.unwrap().unwrap()
    };
    assert_eq!(source.secrets.len(), 2);

    let only_new = reopened(&rotated, after);
    let opened = read(&only_new, &tenant).await;
    assert!(matches!(opened, Err(Error::Undecryptable)));
}

#[tokio::test]
async fn a_retired_key_is_not_given_out() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    add(&stage, &tenant, KEY).await;
    sqlx::query("update provider_secrets set retired_at = now()")
        .execute(&stage.pool)
        .await
        .unwrap();
    assert!(read(&stage.store, &tenant).await.unwrap().is_empty());
}
