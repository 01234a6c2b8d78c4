//! Two callers: one books, one moves an appointment.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use domain::{
    call::Direction,
    ids::{AppointmentId, ContactId},
};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use simulator::retell::{Caller, Outcome};
use store::{ContactRow, Upcoming};

use super::{Morning, Place, note, seen, tell};
use crate::{commands::demo::clinic, plain};

/// An appointment that was made in a call.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands::demo) struct Booked {
    pub(in crate::commands::demo) contact: ContactId,
    pub(in crate::commands::demo) at: Timestamp,
}

/// A reminder that was moved in a call.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands::demo) struct Moved {
    pub(in crate::commands::demo) appointment: AppointmentId,
    pub(in crate::commands::demo) from: Timestamp,
    pub(in crate::commands::demo) to: Timestamp,
}

/// Both are on the phone until they have what they want, and say so in the end.
pub(super) fn let_talk(place: &Place<'_>) -> Result<()> {
    place.vendors.let_talk(&[
        (clinic::BOOKS.e164, Outcome::Confirmed),
        (clinic::MOVES.e164, Outcome::Rescheduled),
    ])
}

pub(super) async fn books(place: &Place<'_>, morning: &mut Morning) -> Result<()> {
    let call = Call::taken(
        place,
        clinic::BOOKS.e164,
        "to confirm an appointment and to book another",
        morning,
    )
    .await?;
    let own = call.appointment().await?;
    call.ask("confirm", json!({})).await?;
    let wished = call.free_time_after(&own, "morning").await?;
    call.ask(
        "book",
        json!({"datetime": wished.to_string(), "type": "Hygienist"}),
    )
    .await?;
    let mut ahead = place
        .tx()
        .await?
        .upcoming(call.who.id, Timestamp::now(), 10)
        .await?;
    ahead.retain(|each| each.starts_at == wished);
    let [made] = ahead.as_slice() else {
        anyhow::bail!(
            "the call booked {} appointments instead of one",
            ahead.len()
        );
    };
    let reminder = seen("no reminder waits for what was booked", || {
        place.reminder_waits_until(made.id)
    })
    .await?;
    let booked = format!(
        "{}, {}; its reminder calls on {}",
        place.time(made.starts_at),
        made.kind.as_deref().unwrap_or("appointment"),
        place.time(reminder)
    );
    note("booked", &booked)?;
    morning.booked = Some(Booked {
        contact: call.who.id,
        at: made.starts_at,
    });
    call.over().await
}

pub(super) async fn moves(place: &Place<'_>, morning: &mut Morning) -> Result<()> {
    let call = Call::taken(place, clinic::MOVES.e164, "to move an appointment", morning).await?;
    let own = call.appointment().await?;
    let waits = place.reminder_waits_until(own.id).await?;
    let before = waits.context("no reminder waits for the appointment that is to be moved")?;
    let wished = call.free_time_after(&own, "afternoon").await?;
    let asked = Instant::now();
    call.ask("reschedule", json!({"new_datetime": wished.to_string()}))
        .await?;
    let after = seen(
        "the reminder of the moved appointment did not move",
        || async {
            let now = place.reminder_waits_until(own.id).await?;
            Ok(now.filter(|now| *now != before))
        },
    )
    .await?;
    let took = asked.elapsed();
    let moved = call.appointment().await?;
    ensure!(
        moved.id == own.id && moved.starts_at == wished,
        "the appointment did not move to the time that was asked for"
    );
    let times = (place.time(own.starts_at), place.time(moved.starts_at));
    note("moved", &format!("from {} to {}", times.0, times.1))?;
    let reminder = format!(
        "from {} to {}, {:.1} s after the agent asked",
        place.time(before),
        place.time(after),
        took.as_secs_f64()
    );
    note("reminder", &reminder)?;
    morning.moved = Some(Moved {
        appointment: own.id,
        from: before,
        to: after,
    });
    call.over().await
}

/// A call that was taken.
struct Call<'a> {
    place: &'a Place<'a>,
    id: String,
    who: ContactRow,
}

impl<'a> Call<'a> {
    /// It rings, the clinic is asked who that is, and the agent picks up with the answer.
    async fn taken(
        place: &'a Place<'a>,
        e164: &str,
        wish: &str,
        morning: &mut Morning,
    ) -> Result<Self> {
        let who = place.person(e164).await?;
        tell(&format!("{} calls ({e164}) {wish}", who.name))?;
        let rang = place
            .vendors
            .retell
            .ring(&Caller {
                key: clinic::API_KEY.to_owned(),
                from_number: e164.to_owned(),
                to_number: clinic::NUMBER.to_owned(),
                agent_id: Some(clinic::AGENT.to_owned()),
            })
            .await;
        note(
            "greeting",
            &format!("“{}”", plain(rang.variable("greeting"))),
        )?;
        let id = rang.provider_call_id.clone();
        let id = id.with_context(|| format!("nobody took the call of {}", who.name))?;
        let first_name = who.name.split_whitespace().next().unwrap_or_default();
        ensure!(
            rang.variable("is_known") == "true" && rang.variable("greeting").contains(first_name),
            "{} was not greeted by name",
            who.name
        );
        morning.greeted += 1;
        Ok(Self { place, id, who })
    }

    /// The agent asks for a function. Fails when it is not done.
    async fn ask(&self, name: &str, arguments: Value) -> Result<Value> {
        let asked = self
            .place
            .vendors
            .retell
            .ask(&self.id, name, arguments)
            .await;
        let answer = asked.context("the call was over too early")?;
        let answered = answer.told().with_context(|| {
            format!(
                "the agent's {name} was answered with the statuses {:?}",
                answer.statuses
            )
        })?;
        let words = answered.get("say").and_then(Value::as_str);
        let words = plain(words.unwrap_or_default());
        note(name, &format!("“{words}”"))?;
        ensure!(answer.is_done(), "the agent's {name} was refused: {words}");
        Ok(answered)
    }

    /// The caller's next appointment, as it is stored.
    async fn appointment(&self) -> Result<Upcoming> {
        let now = Timestamp::now();
        let mut ahead = self.place.tx().await?.upcoming(self.who.id, now, 1).await?;
        let next = ahead.pop();
        next.with_context(|| format!("{} has no appointment", self.who.name))
    }

    /// The first time that the agent is offered, on a day after another appointment.
    async fn free_time_after(&self, other: &Upcoming, part: &str) -> Result<Timestamp> {
        let day = other.starts_at.to_zoned(self.place.zone.clone()).date();
        let from = day.checked_add(1.day())?.to_string();
        let told = self
            .ask("free_slots", json!({"from": from, "part": part}))
            .await?;
        let first = told.pointer("/free_times/0/starts_at");
        let first = first
            .and_then(Value::as_str)
            .context("no free time was offered")?;
        first
            .parse()
            .context("the time that was offered cannot be read")
    }

    /// They hang up, and the call comes to its end in the records.
    async fn over(&self) -> Result<()> {
        self.place.vendors.retell.end_talk(&self.id);
        seen("the call of the morning did not come to an end", || async {
            let calls = self.place.tx().await?.last_calls(self.who.id, 1).await?;
            Ok(calls
                .into_iter()
                .find(|call| call.direction == Direction::Inbound))
        })
        .await?;
        Ok(())
    }
}
