//! What the agent wants: read from a function's name and its arguments.

use jiff::{Timestamp, civil::Date};
use serde_json::{Map, Value};

use super::{
    Argument, Asked, Function, Misunderstanding, Proof, Unclear, Wanted,
    args::Args,
    when::{Clock, Said},
};
use crate::{
    country::Country,
    ids::AppointmentId,
    inbound::{CallerNumber, caller_number},
    near::squeezed,
    phone::PhoneNumber,
    settings::Settings,
};

/// The longest note, in characters; a longer one is cut.
const LONGEST_NOTE: usize = 2000;
/// The longest reason for cancelling, in characters; a longer one is cut.
const LONGEST_REASON: usize = 300;

/// A wish, as far as words tell. It holds personal data and so has no `Debug`.
#[derive(Clone, PartialEq)]
pub struct Wish {
    /// The caller's name, as it was given.
    pub name: Option<String>,
    /// A number that was given: to call back, or to opt out.
    pub phone: Option<PhoneNumber>,
    /// The appointment that is meant.
    pub which: Which,
    pub want: Want,
}

/// How an appointment was chosen: by everything that is set; by nothing, the one that can be meant.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Which {
    /// As an answer told it.
    pub id: Option<AppointmentId>,
    pub at: Option<Asked>,
    /// The next one was asked for in so many words.
    pub next: bool,
}

#[derive(Clone, PartialEq)]
pub enum Want {
    LookUp,
    Confirm,
    Cancel {
        reason: Option<String>,
    },
    Reschedule {
        to: Option<Wanted>,
    },
    FreeSlots(Search),
    Book {
        at: Option<Wanted>,
        kind: Option<String>,
    },
    Note {
        text: String,
        urgent: bool,
    },
    OptOut,
}

/// Which free times are asked for; all that can be booked without any of these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Search {
    /// The first and the last day.
    pub from: Option<Date>,
    pub until: Option<Date>,
    pub part: Option<PartOfDay>,
}

coded_enum! {
    PartOfDay {
        /// Before noon.
        Morning = "morning",
        /// From noon to before 5 PM.
        Afternoon = "afternoon",
        /// From 5 PM.
        Evening = "evening",
    }
}

impl PartOfDay {
    pub(super) fn holds(self, hour: i8) -> bool {
        match self {
            PartOfDay::Morning => hour < 12,
            PartOfDay::Afternoon => (12..17).contains(&hour),
            PartOfDay::Evening => hour >= 17,
        }
    }
}

/// The keys of a day or time, squeezed.
#[derive(Clone, Copy)]
struct Keys {
    /// A day and a time, or a day.
    moment: &'static [&'static str],
    day: &'static [&'static str],
    /// A time, or both.
    time: &'static [&'static str],
}

/// Those of the appointment that is meant …
const OLD: Keys = Keys {
    moment: &[
        "appointmentdatetime",
        "appointmentstartsat",
        "currentdatetime",
        "olddatetime",
        "from",
    ],
    day: &[
        "appointmentdate",
        "appointmentday",
        "currentdate",
        "olddate",
    ],
    time: &["appointmenttime", "currenttime", "oldtime"],
};
/// … of the one that is wanted instead …
const NEW: Keys = Keys {
    moment: &["newdatetime", "newstartsat", "newslot", "to"],
    day: &["newdate", "newday"],
    time: &["newtime", "newstart", "newstarttime"],
};
/// … and where a function needs only one.
const PLAIN: Keys = Keys {
    moment: &["datetime", "when", "startsat", "slot"],
    day: &["date", "day"],
    time: &["time", "start", "starttime"],
};
/// An id, "next", or a day and time.
const CHOICES: &[&str] = &["appointment", "which"];
const IDS: &[&str] = &["appointmentid", "id", "bookingid"];
const NAMES: &[&str] = &["name", "fullname", "customername", "callername"];
const PHONES: &[&str] = &[
    "phone",
    "phonenumber",
    "number",
    "callbacknumber",
    "callback",
];
const KINDS: &[&str] = &["type", "kind", "appointmenttype", "service"];
const TEXTS: &[&str] = &["text", "note", "message", "content"];

impl Wish {
    /// Reads a wish at `now`; the tenant's zone is that of local times, its country that of numbers.
    pub fn read(
        function: &str,
        arguments: &Map<String, Value>,
        now: Timestamp,
        settings: &Settings,
    ) -> Result<Wish, Misunderstanding> {
        let function =
            Function::named(function).ok_or(Argument::Function.is(Unclear::NotUnderstood))?;
        let zone = settings.tenant.zone_or_utc();
        let reader = Reader {
            args: Args(arguments),
            clock: Clock { now, zone: &zone },
        };
        let country = settings.tenant.country();
        let (which, want) = reader.want(function)?;
        let phone = match function {
            Function::LookUp | Function::Confirm | Function::Cancel => None,
            _ => reader.phone(country)?,
        };
        Ok(Wish {
            name: reader.args.words(Argument::Name, NAMES)?,
            phone,
            which,
            want,
        })
    }

    pub fn function(&self) -> Function {
        match self.want {
            Want::LookUp => Function::LookUp,
            Want::Confirm => Function::Confirm,
            Want::Cancel { .. } => Function::Cancel,
            Want::Reschedule { .. } => Function::Reschedule,
            Want::FreeSlots(_) => Function::FreeSlots,
            Want::Book { .. } => Function::Book,
            Want::Note { .. } => Function::Note,
            Want::OptOut => Function::OptOut,
        }
    }

    /// What was said to prove who is calling: the name with the appointment that is meant.
    pub fn proof(&self) -> Option<Proof<'_>> {
        Some(Proof {
            name: self.name.as_deref()?,
            appointment: self.which.at?,
        })
    }
}

struct Reader<'a> {
    args: Args<'a>,
    clock: Clock<'a>,
}

impl Reader<'_> {
    fn want(&self, function: Function) -> Result<(Which, Want), Misunderstanding> {
        Ok(match function {
            Function::LookUp => (self.which(&[OLD, PLAIN])?, Want::LookUp),
            Function::Confirm => (self.which(&[OLD, PLAIN])?, Want::Confirm),
            Function::Cancel => {
                let reason = self
                    .args
                    .text(Argument::Text, &["reason"], LONGEST_REASON)?;
                (self.which(&[OLD, PLAIN])?, Want::Cancel { reason })
            }
            Function::Reschedule => self.reschedule()?,
            Function::FreeSlots => (Which::default(), Want::FreeSlots(self.search()?)),
            Function::Book => {
                // Here the appointment's date is that of the new one.
                let at = self.wanted(&[PLAIN, NEW, OLD])?;
                let kind = self.args.words(Argument::Kind, KINDS)?;
                (Which::default(), Want::Book { at, kind })
            }
            Function::Note => {
                let text = self.args.text(Argument::Text, TEXTS, LONGEST_NOTE)?;
                let text = text.ok_or(Argument::Text.is(Unclear::Missing))?;
                let urgent = self.args.is_set(&["urgent", "isurgent"]);
                (Which::default(), Want::Note { text, urgent })
            }
            // It may prove who calls. What of it is not understood is no reason to ask again.
            Function::OptOut => (self.which(&[OLD, PLAIN]).unwrap_or_default(), Want::OptOut),
        })
    }

    /// Plain keys mean the new time, unless other keys say of themselves that they do.
    fn reschedule(&self) -> Result<(Which, Want), Misunderstanding> {
        let names_a_day = |keys: Keys| self.args.has(keys.moment) || self.args.has(keys.day);
        let (old, new): (&[Keys], &[Keys]) = if names_a_day(NEW) && names_a_day(PLAIN) {
            (&[OLD, PLAIN], &[NEW])
        } else {
            (&[OLD], &[NEW, PLAIN])
        };
        let to = self.wanted(new)?;
        Ok((self.which(old)?, Want::Reschedule { to }))
    }

    fn which(&self, keys: &[Keys]) -> Result<Which, Misunderstanding> {
        let argument = Argument::Appointment;
        let mut which = Which::default();
        let mut said = self.said(argument, keys)?;
        if let Some(text) = self.args.words(argument, IDS)? {
            which.id = Some(
                text.parse()
                    .map_err(|_| argument.is(Unclear::NotUnderstood))?,
            );
        }
        if let Some(text) = self.args.words(argument, CHOICES)? {
            match (text.parse(), &said.moment) {
                (Ok(id), _) if which.id.is_none_or(|before| before == id) => which.id = Some(id),
                (Err(_), _) if is_next(&text) => which.next = true,
                (Err(_), None) => said.moment = Some(text),
                _ => return Err(argument.is(Unclear::Contradiction)),
            }
        }
        let at = self.clock.asked(&said);
        which.at = at.map_err(|unclear| argument.is(unclear))?;
        Ok(which)
    }

    fn wanted(&self, keys: &[Keys]) -> Result<Option<Wanted>, Misunderstanding> {
        let said = self.said(Argument::Time, keys)?;
        let wanted = self.clock.wanted(&said);
        wanted.map_err(|unclear| Argument::Time.is(unclear))
    }

    fn said(&self, argument: Argument, keys: &[Keys]) -> Result<Said, Misunderstanding> {
        let words = |of: fn(&Keys) -> &'static [&'static str]| {
            let keys: Vec<&str> = keys.iter().flat_map(of).copied().collect();
            self.args.words(argument, &keys)
        };
        Ok(Said {
            moment: words(|keys| keys.moment)?,
            day: words(|keys| keys.day)?,
            time: words(|keys| keys.time)?,
        })
    }

    fn search(&self) -> Result<Search, Misunderstanding> {
        let day = |keys: &[&str]| {
            let said = self.args.words(Argument::Time, keys)?;
            let day = said.map(|said| self.clock.day(&said)).transpose();
            day.map_err(|unclear| Argument::Time.is(unclear))
        };
        let on = day(&["date", "day", "when", "on", "preferreddate"])?;
        let part = self.args.words(
            Argument::Part,
            &["part", "partofday", "timeofday", "preferredtime"],
        )?;
        let part = part.map(|part| {
            PartOfDay::from_code(&squeezed(&part)).ok_or(Argument::Part.is(Unclear::NotUnderstood))
        });
        let from = day(&["from", "fromdate", "startdate"])?;
        let until = day(&["until", "to", "todate", "enddate"])?;
        Ok(Search {
            from: on.or(from),
            until: on.or(until),
            part: part.transpose()?,
        })
    }

    fn phone(&self, country: Country) -> Result<Option<PhoneNumber>, Misunderstanding> {
        let Some(text) = self.args.words(Argument::Phone, PHONES)? else {
            return Ok(None);
        };
        match caller_number(Some(&text), country) {
            CallerNumber::Given(number) => Ok(Some(number)),
            CallerNumber::Withheld => Err(Argument::Phone.is(Unclear::NotUnderstood)),
        }
    }
}

fn is_next(text: &str) -> bool {
    let words = ["next", "thenext", "nextone", "thenextone", "upcoming"];
    words.contains(&squeezed(text).as_str())
}
