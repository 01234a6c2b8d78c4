//! Texts and calls on the lines at OpenPhone: the conversation, what is read out of it, what is sent, what is kept.

mod agents;
mod conversations;
mod outbound;
mod preferences;
mod reading;
mod transcripts;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::ids::{SoundId, TextId};
use jiff::SignedDuration;
use simulator::{gemini, openphone};
use workflows::names;

use crate::harness::{HEADER, OPEN_CLINIC, SLUG, World, eventually, go_on, number, quick, row};

const LINE: &str = "+442079460100";
const OPENPHONE_KEY: &str = "op_key_of_the_test_000000";
const GEMINI_KEY: &str = "gm_key_of_the_test_000000";
const HOOK_SECRET: &str = "whsec_dGVzdC1zZWNyZXQtb2YtdGhpcnR5LXR3by1ieXRlcyE=";
const PATIENCE: Duration = Duration::from_secs(60);

/// A clinic with a line at OpenPhone, and somebody who reads.
struct Clinic {
    world: World,
    phone: openphone::Running,
    gemini: gemini::Running,
}

fn fast() -> openphone::Scenario {
    openphone::Scenario::default().at_speed(10_000.0)
}

fn settings(extraction: &str) -> String {
    format!(
        "{OPEN_CLINIC}
[texts]
numbers = [{LINE:?}]
from = {LINE:?}
recording_megabytes = 1
recording_days = 3

[extraction]
enabled = true
model = \"gemini-test\"
{extraction}
"
    )
}

impl Clinic {
    /// One with an appointment of Ada Archer, who has the first number, in three days.
    async fn open(
        extraction: &str,
        phone: openphone::Scenario,
        gemini: gemini::Scenario,
    ) -> Result<Clinic> {
        let mut world = World::without_processes(&settings(extraction), quick()).await?;
        let made = world
            .operate(&["tenant", "add-source", SLUG, "--provider", "quo"])
            .await?;
        let mut words = made.split_whitespace();
        let key = words
            .find_map(|word| word.strip_prefix("/hooks/"))
            .context("the address was not printed")?;
        world
            .operate_with(
                &["tenant", "add-secret", SLUG, "--source", key],
                HOOK_SECRET,
            )
            .await?;
        let url = world.ingress_url(&format!("/hooks/{key}"));
        let phone = openphone::Config::with_lines(OPENPHONE_KEY, &[LINE], phone).telling(
            &url,
            openphone::Shape::Quo,
            HOOK_SECRET,
        );
        let phone = openphone::start(phone).await?;
        let gemini = gemini::start(gemini::Config::with_key(GEMINI_KEY, gemini)).await?;
        let variable = |name: &str, value: String| (name.to_owned(), value);
        world.extra.extend([
            variable("BELLHOP_OPENPHONE_BASE_URL", phone.base_url()),
            variable("BELLHOP_GEMINI_BASE_URL", gemini.base_url()),
            variable("BELLHOP_TEXTS_ALLOW_PRIVATE", "yes".to_owned()),
        ]);
        for (name, key) in [("openphone_api", OPENPHONE_KEY), ("gemini", GEMINI_KEY)] {
            world
                .operate_with(&["tenant", "add-secret", SLUG, "--channel", name], key)
                .await?;
        }
        world.start_worker("all")?;
        world.start_ingress().await?;
        world
            .import(&format!("{HEADER}{}", row("A1", 1, 3)))
            .await?;
        world.settled().await?;
        Ok(Clinic {
            world,
            phone,
            gemini,
        })
    }

    fn text(&self, from: &str, body: &str) -> Result<String> {
        let id = self.phone.text_from(from, LINE, body);
        id.context("there is such a line")
    }

    /// Waits until every webhook was heard and came to its end.
    async fn heard(&self) -> Result<()> {
        ensure!(self.phone.quiet(PATIENCE).await, "OpenPhone still sends");
        eventually("every event came to its end", || async {
            let open = "events where state not in ('succeeded', 'invalid')";
            Ok(self.world.count(open).await? == 0 && self.world.store.outbox_length().await? == 0)
        })
        .await
    }

    /// As [`Clinic::heard`], and until nothing waits to be read.
    async fn read(&self) -> Result<()> {
        self.heard().await?;
        self.comes_to(
            "everything is read",
            "extractions where state in ('waiting', 'reading')",
            0,
        )
        .await
    }

    async fn comes_to(&self, what: &str, counted: &str, count: i64) -> Result<()> {
        eventually(what, || async {
            Ok(self.world.count(counted).await? == count)
        })
        .await
    }

    /// Takes the tenant's reading ahead, step by step, until a count is reached.
    async fn reading_goes_on(&self, by: SignedDuration, counted: &str, count: i64) -> Result<()> {
        let client = self.world.client().await?;
        let id = names::reading_id(self.world.tenant);
        eventually(counted, || async {
            go_on(&client, &id, by).await?;
            Ok(self.world.count(counted).await? == count)
        })
        .await
    }

    async fn contact(&self, column: &str) -> Result<String> {
        let of = number(1);
        self.world
            .sql(&format!(
                "select {column} from contacts where e164 = '{of}'"
            ))
            .await
    }

    /// The command's output, which has to succeed.
    async fn tell(&self, words: &[&str]) -> Result<String> {
        let tenant = ["--tenant", SLUG];
        self.world.operate(&[words, &tenant[..]].concat()).await
    }
}

/// A clinic in which a text was read after a failure, a text of ours was in doubt, and a sound is kept; answers with the
/// ids of their processes.
pub(crate) async fn every_kind_of_work() -> Result<(World, [String; 3])> {
    let phone = fast().with_sends(&number(1), &[openphone::Fault::ServerErrorAfter]);
    let reader = gemini::Scenario::default().with_faults(&[gemini::Fault::Overloaded]);
    let clinic = Clinic::open("", phone, reader).await?;
    clinic.text(&number(1), "Good morning")?;
    clinic
        .phone
        .call_from(&number(1), LINE, openphone::CallStory::default());
    clinic.heard().await?;
    clinic
        .tell(&["texts", "send", "--to", &number(1), "Good evening"])
        .await?;
    let read = "extractions where state = 'read'";
    clinic
        .reading_goes_on(SignedDuration::from_secs(20), read, 1)
        .await?;
    for (what, counted) in [
        ("the text is sent", "outbound_texts where state = 'sent'"),
        ("the sound is kept", "sounds where kept_at is not null"),
    ] {
        clinic.comes_to(what, counted, 1).await?;
    }
    let id = |of: &'static str| clinic.world.sql(of);
    let text = TextId::from_uuid(id("select id from outbound_texts").await?.parse()?);
    let sound = SoundId::from_uuid(id("select id from sounds").await?.parse()?);
    let ids = [
        names::reading_id(clinic.world.tenant),
        names::text_id(text),
        names::sound_id(sound),
    ];
    Ok((clinic.world, ids))
}
