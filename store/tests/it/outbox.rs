//! The outbox: every wake-up is delivered, whoever dies, and none holds up the others.

use std::{collections::HashSet, time::Duration};

use domain::ids::{AppointmentId, TenantId};
use sqlx::Executor;
use store::{Due, Process, Wake};
use tokio::sync::oneshot;

use crate::harness::{Stage, stage};

/// Wake-ups of reminders, committed in order.
async fn woken(stage: &Stage, count: usize) -> Vec<Wake> {
    let tenant = match stage.store.tenant_by_slug("ours").await.unwrap() {
        Some(tenant) => stage.store.tenant(tenant.id),
        None => stage.tenant("ours").await,
    };
    let mut wakes = Vec::new();
    let mut tx = tenant.begin().await.unwrap();
    for _ in 0..count {
        let id = AppointmentId::generate();
        tx.wake_reminder(id).await.unwrap();
        wakes.push(Wake::Reminder(tenant.id(), id));
    }
    tx.commit().await.unwrap();
    wakes
}

/// One turn of a relay that delivers what `can` says. What it was given, and what the store answered.
async fn turn(
    stage: &Stage,
    limit: i64,
    can: impl Fn(&Wake) -> bool,
) -> (Vec<Wake>, (usize, usize)) {
    let mut given = Vec::new();
    let answer = stage
        .store
        .relay(limit, |due| {
            let wakes: Vec<_> = due.into_iter().map(|due| due.wake).collect();
            let delivered = wakes.iter().map(can).collect::<Vec<_>>();
            given = wakes;
            std::future::ready(delivered)
        })
        .await
        .unwrap();
    (given, answer)
}

async fn make_all_due(stage: &Stage) {
    stage
        .pool
        .execute("update outbox set due_at = now()")
        .await
        .unwrap();
}

#[tokio::test]
async fn delivered_rows_are_gone_and_the_order_is_kept() {
    let stage = stage().await;
    let wakes = woken(&stage, 5).await;
    assert_eq!(
        turn(&stage, 3, |_| true).await,
        (wakes[..3].to_vec(), (3, 3))
    );
    assert_eq!(
        turn(&stage, 3, |_| true).await,
        (wakes[3..].to_vec(), (2, 2))
    );
    assert_eq!(turn(&stage, 3, |_| true).await, (vec![], (0, 0)));
}

#[tokio::test]
async fn two_relays_at_once_never_get_the_same_row() {
    let stage = stage().await;
    let wakes = woken(&stage, 10).await;
    let (let_go, gate) = oneshot::channel::<()>();
    let (holds, held) = oneshot::channel::<Vec<Due>>();
    let store = stage.store.clone();
    let slow = tokio::spawn(async move {
        let deliver = |due: Vec<Due>| async move {
            let count = due.len();
            holds.send(due).unwrap();
            gate.await.unwrap();
            vec![true; count]
        };
        store.relay(4, deliver).await.unwrap()
    });
    let first = held.await.unwrap().into_iter().map(|due| due.wake);
    let first: Vec<_> = first.collect();
    let (second, answer) = turn(&stage, 100, |_| true).await;
    assert_eq!((first.as_slice(), second.as_slice()), wakes.split_at(4));
    assert_eq!(answer, (6, 6));
    let_go.send(()).unwrap();
    assert_eq!(slow.await.unwrap(), (4, 4));
    assert_eq!(stage.store.outbox_length().await.unwrap(), 0);
}

#[tokio::test]
async fn many_relays_deliver_each_row_once() {
    let stage = stage().await;
    let wakes = woken(&stage, 500).await;
    let relays = (0..6).map(|_| async {
        let mut mine = Vec::new();
        while stage.store.outbox_length().await.unwrap() > 0 {
            mine.extend(turn(&stage, 7, |_| true).await.0);
            tokio::task::yield_now().await;
        }
        mine
    });
    let delivered = futures::future::join_all(relays).await.concat();
    assert_eq!(delivered.len(), 500);
    assert_eq!(
        delivered.into_iter().collect::<HashSet<_>>(),
        wakes.into_iter().collect()
    );
}

#[tokio::test]
async fn a_relay_that_dies_gives_its_rows_back() {
    let stage = stage().await;
    let wakes = woken(&stage, 3).await;
    let (holds, held) = oneshot::channel::<()>();
    let store = stage.store.clone();
    let dying = tokio::spawn(async move {
        let deliver = |_: Vec<Due>| async move {
            holds.send(()).unwrap();
            std::future::pending::<Vec<bool>>().await
        };
        store.relay(10, deliver).await
    });
    held.await.unwrap();
    assert_eq!(turn(&stage, 10, |_| true).await.0, []);
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    let back = async {
        loop {
            let (given, _) = turn(&stage, 10, |_| true).await;
            if !given.is_empty() {
                return given;
            }
            tokio::task::yield_now().await;
        }
    };
    let given = tokio::time::timeout(Duration::from_secs(10), back)
        .await
        .unwrap();
    assert_eq!(given, wakes);
}

#[tokio::test]
async fn of_a_turn_that_partly_fails_only_the_failed_rows_stay() {
    let stage = stage().await;
    let wakes = woken(&stage, 4).await;
    let failing = [wakes[1], wakes[2]];
    let (_, answer) = turn(&stage, 10, |wake| !failing.contains(wake)).await;
    assert_eq!(answer, (4, 2));
    assert_eq!(stage.store.outbox_length().await.unwrap(), 2);
    make_all_due(&stage).await;
    assert_eq!(turn(&stage, 10, |_| true).await, (failing.to_vec(), (2, 2)));
}

#[tokio::test]
async fn a_row_whose_delivery_says_nothing_of_it_stays() {
    let stage = stage().await;
    woken(&stage, 3).await;
    let answer = stage.store.relay(10, async |_| vec![true]).await.unwrap();
    assert_eq!(answer, (3, 1));
    assert_eq!(stage.store.outbox_length().await.unwrap(), 2);
}

#[tokio::test]
async fn rows_that_can_never_be_delivered_do_not_hold_up_the_others() {
    let stage = stage().await;
    let poison: HashSet<_> = woken(&stage, 450).await.into_iter().collect();
    let wanted = woken(&stage, 30).await;
    let can = |wake: &Wake| !poison.contains(wake);
    let mut delivered = Vec::new();
    // 450 rows in front, 200 a turn.
    for _ in 0..3 {
        let (given, _) = turn(&stage, 200, can).await;
        delivered.extend(given.into_iter().filter(can));
    }
    assert_eq!(delivered, wanted);
    // Even when every one of them is due again, what comes in is not kept waiting for long.
    make_all_due(&stage).await;
    let fresh = woken(&stage, 10).await;
    let mut delivered = Vec::new();
    for _ in 0..3 {
        let (given, _) = turn(&stage, 200, can).await;
        delivered.extend(given.into_iter().filter(can));
    }
    assert_eq!(delivered, fresh);
    assert_eq!(stage.store.outbox_length().await.unwrap(), 450);
}

#[tokio::test]
async fn a_row_that_failed_is_tried_again_soon_and_then_less_often() {
    let stage = stage().await;
    woken(&stage, 1).await;
    let mut pauses = Vec::new();
    for _ in 0..7 {
        assert_eq!(turn(&stage, 10, |_| false).await.1, (1, 0));
        assert_eq!(turn(&stage, 10, |_| true).await.1, (0, 0), "it is not due");
        let pause =
            "select ceil(extract(epoch from due_at - clock_timestamp()))::bigint from outbox";
        pauses.push(stage.count(pause).await);
        make_all_due(&stage).await;
    }
    assert_eq!(pauses, [1, 2, 4, 8, 10, 10, 10]);
}

#[tokio::test]
async fn a_wake_up_of_a_transaction_that_was_not_committed_never_was() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let mut tx = tenant.begin().await.unwrap();
    tx.wake_reminder(AppointmentId::generate()).await.unwrap();
    drop(tx);
    assert_eq!(stage.drain().await, []);
    let id: TenantId = tenant.id();
    assert_eq!(
        id,
        stage
            .store
            .tenant_by_slug("ours")
            .await
            .unwrap()
            .unwrap()
            .id
    );
}

#[tokio::test]
async fn a_process_that_ends_takes_the_wake_ups_it_knew_of_with_it() {
    let stage = stage().await;
    let wakes = woken(&stage, 2).await;
    let [Wake::Reminder(tenant, ending), other] = wakes[..] else {
        panic!("{wakes:?}");
    };
    let tenant = stage.store.tenant(tenant);
    let mut tx = tenant.begin().await.unwrap();
    tx.wake_reminder(ending).await.unwrap();
    let known = tx.wakes_of_reminder(ending).await.unwrap();
    tx.wake_reminder(ending).await.unwrap();
    tx.forget_wakes(&known).await.unwrap();
    tx.commit().await.unwrap();
    let later = Wake::Reminder(tenant.id(), ending);
    assert_eq!(
        stage.drain().await,
        [other, later],
        "what comes after the look stays"
    );
}

#[tokio::test]
async fn a_wake_up_in_the_hands_of_a_relay_stays_with_it() {
    let stage = stage().await;
    let wakes = woken(&stage, 1).await;
    let [Wake::Reminder(tenant, looking)] = wakes[..] else {
        panic!("{wakes:?}");
    };
    let deliver = async |_: Vec<Due>| {
        let mut tx = stage.store.tenant(tenant).begin().await.unwrap();
        assert!(tx.wakes_of_reminder(looking).await.unwrap().is_empty());
        vec![false]
    };
    let looked = stage.store.relay(10, deliver);
    let answer = tokio::time::timeout(Duration::from_secs(10), looked)
        .await
        .expect("looking does not wait for the relay");
    assert_eq!(answer.unwrap(), (1, 0));
    make_all_due(&stage).await;
    assert_eq!(stage.drain().await, wakes);
}

#[tokio::test]
async fn some_processes_can_be_left_out_of_the_outboxs_length() {
    let stage = stage().await;
    let rows = woken(&stage, 3).await;
    assert_eq!(rows.len(), 3);
    let store = &stage.store;
    let ours = store.tenant_by_slug("ours").await.unwrap().unwrap();
    let mut tx = store.tenant(ours.id).begin().await.unwrap();
    tx.wake_tenant().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.outbox_length_without(&[]).await.unwrap(), 4);
    let without = store.outbox_length_without(&[Process::Tenant]).await;
    assert_eq!(without.unwrap(), 3);
}
