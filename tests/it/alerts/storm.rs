//! A storm of errors makes a handful of messages, and hides nothing.

use anyhow::{Result, ensure};
use jiff::{SignedDuration, Timestamp};

use super::{in_slack, reachable};
use crate::harness::{eventually, quick};

const DISTINCT: u32 = 20;
/// Five minutes each: an hour.
const SLICES: u32 = 12;
const STORM: u32 = 10_000;

#[tokio::test]
async fn a_storm_of_one_error_makes_a_handful_of_messages_and_hides_no_other() -> Result<()> {
    let (world, channels) = reachable("[alerts]\nerror = [\"slack\"]", quick()).await?;
    let client = world.client().await?;
    let start = Timestamp::now();
    let at = |slice: u32| start + SignedDuration::from_mins(5 * i64::from(slice));

    for slice in 0..SLICES {
        world
            .occurs("the storm", per_slice(slice), at(slice))
            .await?;
        for of in (0..DISTINCT).filter(|of| of % SLICES == slice) {
            world.occurs(&name(of), 1, at(slice)).await?;
        }
        world.take_alerts_to(&client, at(slice + 1)).await?;
    }
    let mut slice = SLICES;
    while !world.open_alerts().await?.is_empty() {
        slice += 1;
        ensure!(slice < 3 * SLICES, "an alert does not end");
        world.take_alerts_to(&client, at(slice)).await?;
    }
    eventually("every message is sent", || async {
        Ok(world
            .count("alert_deliveries where state <> 'sent'")
            .await?
            == 0)
    })
    .await?;

    let texts = in_slack(&channels);
    let about = |what: &str| texts.iter().filter(|text| text.contains(what)).count();
    for of in 0..DISTINCT {
        assert_eq!(
            about(&name(of)),
            2,
            "{}: the first, and that it is over",
            name(of)
        );
    }
    // At once, every 15 minutes of the hour, and that it is over.
    assert_eq!(about("the storm"), 6, "{texts:#?}");
    assert_eq!(texts.len(), 6 + 2 * DISTINCT as usize);
    let all = texts
        .iter()
        .find(|text| text.contains("It is over") && text.contains("the storm"));
    ensure!(
        all.is_some_and(|text| text.contains("10000 times in all")),
        "{all:?}"
    );
    Ok(())
}

fn per_slice(slice: u32) -> u32 {
    STORM / SLICES + u32::from(slice < STORM % SLICES)
}

/// Without digits, which are cleared away as they might be somebody's.
fn name(of: u32) -> String {
    let letter = char::from(b'a' + of as u8);
    format!("error {letter}{letter}{letter}")
}
