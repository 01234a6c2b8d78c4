//! Public holidays: the bank holidays of the United Kingdom by nation, or a list of dates.

mod uk;

use std::borrow::Cow;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use uk::{Nation, of_year};

/// Which days are holidays. In settings: `"england-and-wales"`, `"scotland"`, `"northern-ireland"`, `"none"`
/// or a list of dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HolidayCalendar {
    EnglandAndWales,
    Scotland,
    NorthernIreland,
    None,
    /// The tenant's own days; sorted or not.
    Dates(Vec<Date>),
}

impl HolidayCalendar {
    /// The name of the holiday on that day, if it is one.
    pub fn name_of(&self, date: Date) -> Option<Cow<'static, str>> {
        match self {
            HolidayCalendar::Dates(dates) => dates
                .contains(&date)
                .then_some(Cow::Borrowed("a day of the business's list")),
            HolidayCalendar::None => None,
            named => uk::name_of(named.nation()?, date),
        }
    }

    pub fn contains(&self, date: Date) -> bool {
        match self {
            HolidayCalendar::Dates(dates) => dates.contains(&date),
            HolidayCalendar::None => false,
            named => named
                .nation()
                .is_some_and(|nation| uk::contains(nation, date)),
        }
    }

    fn nation(&self) -> Option<Nation> {
        match self {
            HolidayCalendar::EnglandAndWales => Some(Nation::EnglandAndWales),
            HolidayCalendar::Scotland => Some(Nation::Scotland),
            HolidayCalendar::NorthernIreland => Some(Nation::NorthernIreland),
            HolidayCalendar::None | HolidayCalendar::Dates(_) => None,
        }
    }
}

const NAMED: [(&str, HolidayCalendar); 4] = [
    ("england-and-wales", HolidayCalendar::EnglandAndWales),
    ("scotland", HolidayCalendar::Scotland),
    ("northern-ireland", HolidayCalendar::NorthernIreland),
    ("none", HolidayCalendar::None),
];

impl Serialize for HolidayCalendar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            HolidayCalendar::Dates(dates) => dates.serialize(serializer),
            named => {
                let name = NAMED
                    .iter()
                    .find(|(_, calendar)| calendar == named)
                    .map_or("none", |(name, _)| name);
                serializer.serialize_str(name)
            }
        }
    }
}

impl<'de> Deserialize<'de> for HolidayCalendar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = HolidayCalendar;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"england-and-wales\", \"scotland\", \"northern-ireland\", \"none\" or a list of dates")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<HolidayCalendar, E> {
                let known = NAMED.into_iter().find(|(name, _)| *name == text);
                known
                    .map(|(_, calendar)| calendar)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(
                self,
                mut sequence: A,
            ) -> Result<HolidayCalendar, A::Error> {
                let mut dates = Vec::new();
                while let Some(text) = sequence.next_element::<String>()? {
                    let date = text.parse::<Date>();
                    dates.push(date.map_err(|_| {
                        de::Error::custom(format_args!(
                            "{text:?} is no date; write it as \"2027-12-27\""
                        ))
                    })?);
                }
                Ok(HolidayCalendar::Dates(dates))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}
