//! What is open is told in the same order each time.

use store::OpenProcess;

use crate::harness::{appointment, import, stage};

#[tokio::test]
async fn processes_that_have_no_time_to_look_again_stand_in_the_order_of_their_ids() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let rows: Vec<_> = (1..=40).map(|n| appointment(&format!("A{n}"))).collect();
    import(&tenant, &rows).await;
    let mut tx = stage.as_tenant(tenant.id()).await;
    // The last lies first.
    sqlx::query(
        "insert into reminders (tenant_id, appointment_id, state)
         select tenant_id, id, 'calling' from appointments order by id desc",
    )
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();

    let open = tenant
        .begin()
        .await
        .unwrap()
        .open_processes()
        .await
        .unwrap();

    let ids: Vec<_> = open
        .iter()
        .map(|process| match process {
            OpenProcess::Reminder { id, .. } => *id,
            OpenProcess::Call { .. } => panic!("there is no call"),
        })
        .collect();
    assert_eq!(ids.len(), 40);
    assert!(ids.is_sorted(), "{ids:?}");
}
