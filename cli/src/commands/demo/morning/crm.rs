//! Zoho: what it knew before, what the front desk changes there, and whether both sides are in step.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use domain::{country::Country, phone};
use serde_json::{Value, json};
use store::Told;

use super::{Place, note, seen, tell};
use crate::{
    commands::demo::{
        clinic::{BOOKS, MOVES, WRITES},
        say,
        vendors::Vendors,
    },
    counted, plain,
};

const PEOPLE: &str = "Contacts";
/// The field that holds our id of a contact.
const REFERENCE: &str = "Bellhop_Id";
const FROM_THE_DESK: &str = "iris.hart@post.example";

/// The people of the morning at Zoho, before anything was connected.
pub(in crate::commands::demo) struct Before(BTreeMap<&'static str, Option<View>>);

/// Zoho knows two of them, and writes numbers in its own way.
pub(in crate::commands::demo) fn seed(vendors: &Vendors) -> Result<Before> {
    for record in [
        json!({"First_Name": "Iris", "Last_Name": "Hart", "Phone": "07700 900 990"}),
        json!({"First_Name": "Priya", "Last_Name": "Nair", "Phone": "+44 7700 900992",
               "Email": "priya.nair@old.example"}),
    ] {
        let made = vendors.zoho.add(PEOPLE, &record);
        made.context("Zoho did not take a record")?;
    }
    let views = [BOOKS.e164, MOVES.e164, WRITES.e164].map(|e164| (e164, View::of(vendors, e164)));
    Ok(Before(views.into()))
}

/// Waits until the clinic has its subscription, and the people of the morning are in step for the first time.
pub(super) async fn connected(place: &Place<'_>) -> Result<()> {
    let otherwise = "Zoho and the clinic did not come into step";
    in_time(otherwise, place, || async {
        let is_heard = !place.vendors.zoho.channels().is_empty();
        Ok((is_heard && are_same(place).await?).then_some(()))
    })
    .await?;
    say("Zoho is connected, and tells of changes")?;
    Ok(())
}

/// The front desk enters an address at Zoho; in the end both sides hold the same.
pub(super) async fn morning(place: &Place<'_>, before: &Before) -> Result<()> {
    let who = place.person(BOOKS.e164).await?;
    tell(&format!(
        "The front desk enters {}'s e-mail at Zoho",
        who.name
    ))?;
    let record = record_of(place.vendors, BOOKS.e164);
    let id = record.as_ref().and_then(|record| text(record, "id"));
    let id = id.context("Zoho has no record of the caller")?;
    let change = json!({"Email": FROM_THE_DESK});
    ensure!(
        place.vendors.zoho.edit(PEOPLE, id, &change),
        "Zoho did not take the front desk's change"
    );
    let otherwise = "what the front desk entered at Zoho did not arrive";
    let email = in_time(otherwise, place, || async {
        Ok(place.person(BOOKS.e164).await?.email)
    })
    .await?;
    note("here now", &plain(&email))?;
    ensure!(
        email == FROM_THE_DESK,
        "another e-mail address arrived than was entered at Zoho"
    );
    let otherwise = "the calls of the morning were not written at Zoho";
    in_time(otherwise, place, || async {
        let mut callers = [BOOKS, MOVES].into_iter();
        let written = callers.all(|caller| {
            let view = View::of(place.vendors, caller.e164);
            view.is_some_and(|view| view.calls == 1)
        });
        Ok((written && are_same(place).await?).then_some(()))
    })
    .await?;
    tell("Zoho's records before and after")?;
    for (e164, before) in &before.0 {
        let name = place.person(e164).await?.name;
        let after = View::of(place.vendors, e164);
        note(&name, &format!("before: {}", words(before.as_ref())))?;
        crate::say!("{:17}after:  {}", "", words(after.as_ref()))?;
    }
    Ok(())
}

/// Waits until nothing is to be done at Zoho and nothing differs.
pub(in crate::commands::demo) async fn in_step(place: &Place<'_>) -> Result<()> {
    in_time("Zoho and the clinic were not in step", place, || async {
        let standing = Standing::read(place).await?;
        Ok(standing.is_in_step().then_some(()))
    })
    .await
}

/// Waits for something while the process that keeps both in step lives on.
async fn in_time<T, F, Fut>(otherwise: &str, place: &Place<'_>, look: F) -> Result<T>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<Option<T>>>,
{
    seen(otherwise, || async {
        if let Some(seen) = look().await? {
            return Ok(Some(seen));
        }
        place.crm_goes_on().await?;
        look().await
    })
    .await
}

/// Whether the people of the morning hold the same on both sides.
async fn are_same(place: &Place<'_>) -> Result<bool> {
    for patient in [BOOKS, MOVES, WRITES] {
        let contact = place.person(patient.e164).await?.id;
        let contact = place.tx().await?.lock_crm_contact(contact).await?;
        let record = record_of(place.vendors, patient.e164);
        let both = contact.zip(record);
        if !both.is_some_and(|(ours, theirs)| is_same(&theirs, &ours.told)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How both sides compare.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::commands::demo) struct Standing {
    /// Contacts whose record holds the same.
    pub(in crate::commands::demo) in_step: u64,
    pub(in crate::commands::demo) differ: u64,
    /// Contacts without a record.
    pub(in crate::commands::demo) without: u64,
    /// Records of the same number, and calls and notes that were written again.
    pub(in crate::commands::demo) double: u64,
    pub(in crate::commands::demo) calls: usize,
    /// What is to be done, conflicts included.
    pub(in crate::commands::demo) open: i64,
}

impl Standing {
    pub(in crate::commands::demo) async fn read(place: &Place<'_>) -> Result<Self> {
        let zoho = &place.vendors.zoho;
        let mut tx = place.tx().await?;
        let counts = tx.crm_counts().await?;
        let queued: i64 = counts.queued.iter().map(|(_, all, _)| all).sum();
        let mut standing = Self {
            open: queued + counts.conflicts,
            without: tx.crm_unlinked(10_000).await?.len() as u64,
            ..Self::default()
        };
        let mut numbers = BTreeSet::new();
        for record in zoho.records(PEOPLE) {
            let id = text(&record, "id").unwrap_or_default();
            let contact = tx.crm_contact_of(&id.parse()?).await?;
            let contact = match contact {
                Some(contact) => tx.lock_crm_contact(contact).await?,
                None => None,
            };
            let same = contact.is_some_and(|contact| is_same(&record, &contact.told));
            standing.in_step += u64::from(same);
            standing.differ += u64::from(!same);
            standing.double += u64::from(!numbers.insert(number(&record)));
        }
        let (calls, notes) = (zoho.records("Calls"), zoho.records("Notes"));
        standing.calls = calls.len();
        standing.double += again(&calls, "Description") + again(&notes, "Note_Content");
        Ok(standing)
    }

    pub(in crate::commands::demo) fn is_in_step(&self) -> bool {
        self.differ + self.without + self.double == 0 && self.open == 0
    }
}

/// How many hold the mark of one before: each call and note carries our id.
fn again(entries: &[Value], field: &str) -> u64 {
    let mut marks = BTreeSet::new();
    let marked = entries.iter().filter_map(|entry| {
        let (_, mark) = text(entry, field)?.rsplit_once("[ref ")?;
        Some(mark.to_owned())
    });
    marked.filter(|mark| !marks.insert(mark.clone())).count() as u64
}

fn is_same(record: &Value, ours: &Told) -> bool {
    let parts = [text(record, "First_Name"), text(record, "Last_Name")];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let quiet = record.get("Do_Not_Call").and_then(Value::as_bool);
    ours.name.as_deref() == Some(name.as_str())
        && ours.email.as_deref() == text(record, "Email")
        && ours.phone == number(record)
        && ours.do_not_call == quiet.unwrap_or_default()
}

/// A record as it is shown.
struct View {
    email: Option<String>,
    /// It carries our id.
    is_ours: bool,
    calls: usize,
}

impl View {
    fn of(vendors: &Vendors, e164: &str) -> Option<Self> {
        let record = record_of(vendors, e164)?;
        let calls = vendors.zoho.records("Calls");
        let id = record.get("id");
        let of = |name: &str| text(&record, name).map(str::to_owned);
        Some(Self {
            email: of("Email"),
            is_ours: of(REFERENCE).is_some(),
            calls: calls
                .iter()
                .filter(|call| call.pointer("/Who_Id/id") == id)
                .count(),
        })
    }
}

fn words(view: Option<&View>) -> String {
    let Some(view) = view else {
        return "no record".to_owned();
    };
    let made = if view.is_ours {
        ", made by Bellhop"
    } else {
        ""
    };
    format!(
        "e-mail {}, {}{made}",
        view.email.as_deref().unwrap_or("-"),
        counted(view.calls as u64, "call"),
    )
}

fn record_of(vendors: &Vendors, e164: &str) -> Option<Value> {
    let mut records = vendors.zoho.records(PEOPLE).into_iter();
    records.find(|record| number(record).as_deref() == Some(e164))
}

fn number(record: &Value) -> Option<String> {
    let parsed = phone::parse(text(record, "Phone")?, Country::GB).ok()?;
    Some(parsed.number.e164().to_owned())
}

fn text<'a>(record: &'a Value, name: &str) -> Option<&'a str> {
    record
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}
