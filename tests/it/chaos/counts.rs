//! What came of a campaign.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Serialize;
use simulator::senders::Fault;

use super::{Wave, blows::Kind, effects, endpoints::Endpoint, progress::Watch, questions, stored};
use crate::harness::World;

/// A campaign's counts; those under `harm` have to be 0.
#[derive(Debug, Default, Serialize)]
pub(super) struct Counts {
    pub(super) seed: u64,
    pub(super) seconds: u64,
    /// Different webhooks, and those of them that were answered with a 2xx at least once.
    pub(super) webhooks: u64,
    pub(super) acknowledged: u64,
    pub(super) requests: u64,
    pub(super) unanswered: u64,
    pub(super) answers: BTreeMap<u16, u64>,
    pub(super) faults: BTreeMap<Fault, u64>,
    pub(super) blows: BTreeMap<Kind, u64>,
    /// Rows of events that senders sent.
    pub(super) stored: u64,
    /// Deliveries of an event that was stored already.
    pub(super) duplicates: u64,
    /// Well signed nonsense that was kept.
    pub(super) nonsense_kept: u64,
    pub(super) states: BTreeMap<String, u64>,
    /// Webhooks that are questions and no events, and those whose answers are kept with their calls.
    pub(super) questions: u64,
    pub(super) questions_kept: u64,
    pub(super) agent_messages: u64,
    pub(super) tool_uses: u64,
    pub(super) reminders: u64,
    pub(super) dial_requests: u64,
    pub(super) calls: u64,
    pub(super) calls_stuck: u64,
    pub(super) endings: BTreeMap<String, i64>,
    pub(super) harm: Harm,
}

/// What must never be.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Harm {
    /// Acknowledged, and not in the database.
    pub(super) lost: u64,
    /// In the database more than once.
    pub(super) stored_twice: u64,
    /// Came to an end more than once.
    pub(super) processed_twice: u64,
    /// Messages and tool uses of agents that are missing, doubled, or nobody's.
    pub(super) effects_wrong: u64,
    /// Questions that are among the events, and answers that are kept more often than anybody asked.
    pub(super) questions_wrong: u64,
    /// Forgeries that were answered with a 2xx, or are in the database.
    pub(super) forged: u64,
    /// Given up, left half-way, or judged unreadable although sound.
    pub(super) not_processed: u64,
    pub(super) never_acknowledged: u64,
    pub(super) double_dials: u64,
}

impl Counts {
    pub(super) fn new(seed: u64, watch: &Watch) -> Self {
        Self {
            seed,
            seconds: watch.elapsed().as_secs(),
            blows: watch.blows(),
            ..Self::default()
        }
    }

    pub(super) async fn count(
        &mut self,
        world: &World,
        endpoints: &[Endpoint],
        waves: &[Wave],
    ) -> Result<()> {
        for wave in waves {
            self.sent(wave);
        }
        stored::compare(self, world, endpoints, waves).await?;
        effects::compare(self, world, endpoints, waves).await?;
        questions::compare(self, world, endpoints, waves).await?;
        self.called(world).await
    }

    fn sent(&mut self, wave: &Wave) {
        let totals = wave.sent.totals();
        self.webhooks += totals.events;
        self.acknowledged += totals.acknowledged;
        self.requests += totals.requests;
        self.unanswered += totals.unanswered;
        for (status, count) in totals.answers {
            *self.answers.entry(status).or_default() += count;
        }
        for (fault, count) in totals.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        self.harm.forged += totals.forgeries_acknowledged;
        self.harm.never_acknowledged += totals.pending + totals.gave_up + totals.lost;
    }

    async fn called(&mut self, world: &World) -> Result<()> {
        let totals = world.retell.totals();
        self.dial_requests = totals.create_requests as u64;
        self.calls = totals.calls_placed as u64;
        self.calls_stuck = totals.calls_stuck as u64;
        self.harm.double_dials = totals.double_dials as u64;
        self.harm.forged += totals.bad_signatures_accepted as u64;
        for (ending, _, count) in world.report().await?.endings {
            *self.endings.entry(ending).or_default() += count;
            self.reminders += count as u64;
        }
        Ok(())
    }

    pub(super) fn print(&self) -> Result<()> {
        let rate = self
            .webhooks
            .checked_div(self.seconds)
            .unwrap_or(self.webhooks);
        eprintln!("\nFault campaign, seed {}, {} s", self.seed, self.seconds);
        eprintln!(
            "  webhooks        {} ({rate}/s from start to the last one settled), {} acknowledged",
            self.webhooks, self.acknowledged
        );
        eprintln!(
            "  requests        {}, {} unanswered; by status {:?}",
            self.requests, self.unanswered, self.answers
        );
        eprintln!("  faults          {:?}", self.faults);
        eprintln!("  blows           {:?}", self.blows);
        eprintln!(
            "  stored          {} once each, {} duplicates recognised, {} of nonsense; by state {:?}",
            self.stored, self.duplicates, self.nonsense_kept, self.states
        );
        eprintln!(
            "  questions       {}, the answers to {} kept with their calls",
            self.questions, self.questions_kept
        );
        eprintln!(
            "  agents          {} messages, {} tool uses",
            self.agent_messages, self.tool_uses
        );
        eprintln!(
            "  calls           {} reminders, {} requests to dial, {} calls of which {} stuck; reminders ended {:?}",
            self.reminders, self.dial_requests, self.calls, self.calls_stuck, self.endings
        );
        eprintln!("  harm            {:?}", self.harm);
        eprintln!("{}", serde_json::to_string(self)?);
        Ok(())
    }

    pub(super) fn assert_sound(&self) -> Result<()> {
        ensure!(
            self.harm == Harm::default(),
            "harm was done: {:?}",
            self.harm
        );
        Ok(())
    }
}
