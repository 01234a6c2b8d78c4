//! The demonstration clinic: its settings, and a week of appointments like an export from a calendar.

use anyhow::{Result, anyhow};
use domain::settings::Settings;
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use rand::{SeedableRng, rngs::StdRng, seq::IndexedRandom};

pub(super) const SLUG: &str = "harbour-dental";
pub(super) const API_KEY: &str = "key_demo_0000000000000000";
/// Of the range that Ofcom keeps for fiction, as are all numbers here.
pub(super) const OPTED_OUT: &str = "+447700900002";

/// The agent's, and the number that it answers.
pub(super) const AGENT: &str = "agent_demo";
pub(super) const NUMBER: &str = "+442079460000";
/// The line at OpenPhone.
pub(super) const LINE: &str = "+442079460010";

/// Somebody of the inbound morning, with an appointment after those of the week.
pub(super) struct Patient {
    name: &'static str,
    number: u32,
    pub(super) e164: &'static str,
}

pub(super) const BOOKS: Patient = patient("Iris Hart", 990, "+447700900990");
pub(super) const MOVES: Patient = patient("Owen Marsh", 991, "+447700900991");
pub(super) const WRITES: Patient = patient("Priya Nair", 992, "+447700900992");
/// Of somebody the clinic does not know.
pub(super) const STRANGER: &str = "+447700900993";

const fn patient(name: &'static str, number: u32, e164: &'static str) -> Patient {
    Patient { name, number, e164 }
}

const SETTINGS: &str = r#"
[tenant]
name = "Harbour Dental"
timezone = "Europe/London"
country = "GB"
live = true
health_mode = true
callback_number = "+442079460000"

[reminders]
call_before_hours = 24

[retell]
agent_id = "agent_demo"
from_number = "+442079460000"

[booking]
enabled = true

[texts]
numbers = ["+442079460010"]
from = "+442079460010"

[extraction]
enabled = true
model = "gemini-of-the-demo"

[followups]
owner = "the front desk"

[crm]
provider = "zoho"
reference_field = "Bellhop_Id"
requests_per_minute = 6000

[crm.fields]
first_name = "First_Name"
last_name = "Last_Name"
phone = "Phone"
email = "Email"
do_not_call = "Do_Not_Call"
"#;

pub(super) fn settings() -> Result<Settings> {
    Settings::from_toml(SETTINGS).map_err(|problems| anyhow!("{problems:?}"))
}

const FIRST: &[&str] = &[
    "Ada", "Ben", "Chloe", "Dev", "Esme", "Femi", "Grace", "Hugo", "Isla", "Jonah", "Kira", "Liam",
];
const LAST: &[&str] = &[
    "Archer", "Brook", "Chandra", "Doyle", "Evans", "Fisher", "Grant", "Hale", "Iqbal", "Jones",
];
const KINDS: &[&str] = &["Check-up", "Hygienist", "Filling", "Consultation"];
const PROVIDERS: &[&str] = &["Dr Okafor", "Dr Lindqvist", "Ms Patel"];

/// A CSV of `count` good rows, those of the people of the morning, and a few bad ones, in the days after `now`.
pub(super) fn appointments(now: Timestamp, count: u32, seed: u64) -> Result<String> {
    let zone = TimeZone::get("Europe/London")?;
    let mut random = StdRng::seed_from_u64(seed);
    let mut day = now.to_zoned(zone).date().tomorrow()?;
    let header = String::from(
        "external_id,name,phone,email,appointment_at,timezone,country,type,provider,duration_minutes,location,instructions,call_before_hours\n",
    );
    let mut week = String::new();
    let mut on_day = 0;
    for number in 1..=count {
        while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) || on_day == 12 {
            day = day.tomorrow()?;
            on_day = 0;
        }
        on_day += 1;
        let name = format!("{} {}", pick(FIRST, &mut random), pick(LAST, &mut random));
        let at = day
            .at(9, 0, 0, 0)
            .checked_add((i64::from(on_day - 1) * 40).minutes())?;
        // Ten numbers are for others.
        let line = if number < 990 { number } else { number + 10 };
        let lead = if number % 9 == 0 { "2" } else { "" };
        week.push_str(&format!(
            "APT-{number:04},{name},07700 9{line:05},,{},,,{},{},30,12 Quay Street,Please bring your membership card,{lead}\n",
            at.strftime("%Y-%m-%d %H:%M"),
            pick(KINDS, &mut random),
            pick(PROVIDERS, &mut random),
        ));
    }
    // First, so that they are the first whom the CRM hears of.
    let mut text = header;
    for (place, patient) in [BOOKS, MOVES, WRITES].into_iter().enumerate() {
        let at = after(day, 3)?
            .at(10, 0, 0, 0)
            .checked_add((i64::try_from(place)? * 40).minutes())?;
        text.push_str(&format!(
            "IN-{:04},{},07700 9{:05},,{},,,Check-up,Dr Okafor,30,12 Quay Street,,\n",
            place + 1,
            patient.name,
            patient.number,
            at.strftime("%Y-%m-%d %H:%M"),
        ));
    }
    text.push_str(&week);
    let soon = day.strftime("%Y-%m-%d");
    text.push_str(&format!(
        "APT-0001,Ada Archer,07700 900001,,{soon} 09:00,,,Check-up,,30,,,\n"
    ));
    text.push_str("BAD-0001,Nobody Here,12,,2027-02-30 10:00,,,Check-up,,30,,,\n");
    text.push_str(
        "BAD-0002,Spring Gap,07700 900950,,2027-03-28 01:30,Europe/London,GB,Check-up,,30,,,\n",
    );
    Ok(text)
}

/// So many weekdays later.
fn after(mut day: Date, weekdays: u32) -> Result<Date> {
    for _ in 0..weekdays {
        day = day.tomorrow()?;
        while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            day = day.tomorrow()?;
        }
    }
    Ok(day)
}

fn pick<'a>(of: &'a [&'a str], random: &mut StdRng) -> &'a str {
    of.choose(random).copied().unwrap_or_default()
}
