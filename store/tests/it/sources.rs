//! Webhook endpoints.

use crate::harness::stage;

#[tokio::test]
async fn the_keys_of_enabled_sources_are_listed_the_newest_first() {
    let stage = stage().await;
    for slug in ["ours", "theirs"] {
        let mut tx = stage.tenant(slug).await.begin().await.unwrap();
        for name in ["1", "2"] {
            tx.add_source("retell", &format!("hook-{slug}-{name}"))
                .await
                .unwrap();
        }
        assert!(tx.disable_source(&format!("hook-{slug}-1")).await.unwrap());
        tx.commit().await.unwrap();
    }
    let keys = stage.store.source_keys(10).await.unwrap();
    assert_eq!(keys, ["hook-theirs-2", "hook-ours-2"]);
    assert_eq!(stage.store.source_keys(1).await.unwrap(), keys[..1]);
}
