//! What could not be understood of a wish, and what the agent says then.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Answer, Function};
use crate::{
    settings::Settings,
    spoken::{self, Locale},
    zone,
};

coded_enum! {
    /// What of a wish was not understood.
    Argument {
        Function = "function",
        /// Which appointment is meant.
        Appointment = "appointment",
        /// The day or time that is wanted.
        Time = "time",
        /// The part of the day that is wanted.
        Part = "part",
        Name = "name",
        /// The number to call back.
        Phone = "phone",
        /// What kind of appointment is wanted.
        Kind = "kind",
        /// What a note says.
        Text = "text",
    }
}

/// Why it was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unclear {
    Missing,
    NotUnderstood,
    /// Two arguments say different things.
    Contradiction,
    /// A date such as `03/04/2027`.
    EitherOf(Date, Date),
    NoSuchDate,
    NoSuchTime,
    /// Not the weekday that was named with it.
    OtherWeekday(Date),
    /// A time of day without a day.
    DayMissing,
    /// A local time that the clocks skip.
    SkippedByClocks,
}

/// A wish that was not understood. It holds no words of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misunderstanding {
    pub argument: Argument,
    pub unclear: Unclear,
}

impl Argument {
    pub(super) const fn is(self, unclear: Unclear) -> Misunderstanding {
        Misunderstanding {
            argument: self,
            unclear,
        }
    }
}

impl Unclear {
    /// The stable code, as told to the agent's model.
    pub const fn code(self) -> &'static str {
        match self {
            Unclear::Missing => "missing",
            Unclear::NotUnderstood => "not_understood",
            Unclear::Contradiction => "contradiction",
            Unclear::EitherOf(..) => "either_of",
            Unclear::NoSuchDate => "no_such_date",
            Unclear::NoSuchTime => "no_such_time",
            Unclear::OtherWeekday(_) => "other_weekday",
            Unclear::DayMissing => "day_missing",
            Unclear::SkippedByClocks => "skipped_by_clocks",
        }
    }
}

impl Misunderstanding {
    /// What the agent is answered: what to ask the person. Nothing was changed. `function`: when that was understood.
    pub fn answer(
        &self,
        now: Timestamp,
        function: Option<Function>,
        settings: &Settings,
    ) -> Answer {
        let locale = Locale::of(&settings.tenant.locale);
        let mut answer = Answer::of(function, false, self.question(locale));
        answer.tell("reason", "not_understood");
        answer.tell("argument", self.argument.code());
        answer.tell("unclear", self.unclear.code());
        if let Unclear::EitherOf(one, other) = self.unclear {
            answer.tell("dates", [one.to_string(), other.to_string()]);
        }
        if matches!(self.argument, Argument::Time | Argument::Appointment) {
            let zone = settings.tenant.zone_or_utc();
            answer.tell("format", "YYYY-MM-DD HH:MM");
            answer.tell("timezone", zone::name(&zone));
            // Models do not know it.
            let today = zone.to_datetime(now).date();
            answer.tell("today", format!("{} {today}", spoken::day(today)));
        }
        answer
    }

    fn question(&self, locale: Locale) -> String {
        let date = |date: Date| spoken::date(date, locale);
        match (self.argument, self.unclear) {
            (Argument::Function, _) => {
                "I cannot do that, but I can take a note for a colleague.".to_owned()
            }
            (_, Unclear::EitherOf(one, other)) => {
                format!("Is that {} or {}?", date(one), date(other))
            }
            (_, Unclear::OtherWeekday(of)) => format!(
                "{} is a {}. Which day do you mean?",
                capital(date(of)),
                spoken::day(of)
            ),
            (_, Unclear::NoSuchDate) => "There is no such date. Which day is it?".to_owned(),
            (_, Unclear::NoSuchTime) => "There is no such time. Which time is it?".to_owned(),
            (_, Unclear::SkippedByClocks) => {
                "The clocks change then, and there is no such time that day. Which other time would suit?"
                    .to_owned()
            }
            (Argument::Appointment, _) => "Which day and time is your appointment?".to_owned(),
            (Argument::Time, Unclear::DayMissing) => "Which day would suit?".to_owned(),
            (Argument::Time, _) => "Which day and time would suit?".to_owned(),
            (Argument::Part, _) => {
                "Would the morning, the afternoon or the evening suit?".to_owned()
            }
            (Argument::Name, _) => "May I have your full name?".to_owned(),
            (Argument::Phone, _) => "Which number can we call you back on?".to_owned(),
            (Argument::Kind, _) => "What is the appointment for?".to_owned(),
            (Argument::Text, _) => "What should I note down?".to_owned(),
        }
    }
}

/// `The 3rd of April`.
fn capital(text: String) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
