//! One window of calling hours, such as `08:00-20:00`, and a time of day.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub const DAY_MINUTES: u16 = 24 * 60;

/// Wall-clock minutes of a day, from the first to before the last. May be written the wrong way round;
/// [`super::Settings::problems`] says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Window {
    from: u16,
    to: u16,
}

/// The text was not a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    #[error("write a window as \"08:00-20:00\"")]
    Shape,
    #[error(
        "{0:?} is no time of day; write hours and minutes as \"08:00\", up to \"23:59\" or \"24:00\" as an end"
    )]
    Time(String),
    #[error("\"24:00\" can only end a window; a day begins at \"00:00\"")]
    StartsAtMidnightOfNextDay,
}

impl Window {
    /// From and to in minutes after midnight; anything beyond the day means its end.
    pub const fn new(from: u16, to: u16) -> Window {
        const fn within_day(minutes: u16) -> u16 {
            if minutes > DAY_MINUTES {
                DAY_MINUTES
            } else {
                minutes
            }
        }
        Window {
            from: within_day(from),
            to: within_day(to),
        }
    }

    /// Minutes after midnight at which it opens.
    pub const fn from(self) -> u16 {
        self.from
    }

    /// Minutes after midnight at which it has closed, up to 1440.
    pub const fn to(self) -> u16 {
        self.to
    }

    /// Zero for a window that ends before it starts.
    pub const fn minutes(self) -> u16 {
        self.to.saturating_sub(self.from)
    }
}

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Window, WindowError> {
        let (from, to) = text.split_once(['-', '–']).ok_or(WindowError::Shape)?;
        let (from, to) = (minutes_of(from)?, minutes_of(to)?);
        if from == DAY_MINUTES {
            return Err(WindowError::StartsAtMidnightOfNextDay);
        }
        Ok(Window { from, to })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Window { from, to } = self;
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02}",
            from / 60,
            from % 60,
            to / 60,
            to % 60
        )
    }
}

impl From<Window> for String {
    fn from(window: Window) -> String {
        window.to_string()
    }
}

impl TryFrom<String> for Window {
    type Error = WindowError;

    fn try_from(text: String) -> Result<Window, WindowError> {
        text.parse()
    }
}

/// A wall-clock time of day, such as `08:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TimeOfDay {
    minutes: u16,
}

impl TimeOfDay {
    /// Beyond the day it is the day's last minute.
    pub const fn new(hour: u16, minute: u16) -> TimeOfDay {
        let minutes = hour.saturating_mul(60).saturating_add(minute);
        TimeOfDay {
            minutes: if minutes < DAY_MINUTES {
                minutes
            } else {
                DAY_MINUTES - 1
            },
        }
    }

    pub const fn hour(self) -> u16 {
        self.minutes / 60
    }

    pub const fn minute(self) -> u16 {
        self.minutes % 60
    }
}

impl FromStr for TimeOfDay {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<TimeOfDay, WindowError> {
        match minutes_of(text)? {
            DAY_MINUTES => Err(WindowError::Time(text.trim().to_owned())),
            minutes => Ok(TimeOfDay { minutes }),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour(), self.minute())
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> String {
        time.to_string()
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = WindowError;

    fn try_from(text: String) -> Result<TimeOfDay, WindowError> {
        text.parse()
    }
}

fn minutes_of(text: &str) -> Result<u16, WindowError> {
    let text = text.trim();
    let wrong = || WindowError::Time(text.to_owned());
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let digits = |part: &str, longest: usize| {
        let fits =
            (1..=longest).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| part.parse::<u16>().ok()).flatten()
    };
    let hour = digits(hour, 2).ok_or_else(wrong)?;
    let minute = digits(minute, 2)
        .filter(|minute| *minute < 60)
        .ok_or_else(wrong)?;
    let minutes = hour * 60 + minute;
    if minutes > DAY_MINUTES {
        Err(wrong())
    } else {
        Ok(minutes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_survives_its_own_text() {
        for text in ["08:00-20:00", "00:00-24:00", "23:59-24:00", "22:00-02:00"] {
            let window: Window = text.parse().unwrap();
            assert_eq!(window.to_string(), text);
        }
    }

    #[test]
    fn a_time_of_day_survives_its_own_text_and_midnight_begins_the_day() {
        for text in ["00:00", "08:05", "23:59"] {
            let time: TimeOfDay = text.parse().unwrap();
            assert_eq!(time.to_string(), text);
            assert_eq!(TimeOfDay::new(time.hour(), time.minute()), time);
        }
        for text in ["24:00", "8", "", "08:60", "noon"] {
            assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_unclear_window_is_refused() {
        for text in [
            "",
            "08:00",
            "8-20",
            "08:00-24:01",
            "08:60-09:00",
            "24:00-24:00",
            "08:00-25:00",
            "08:00-+9:00",
        ] {
            assert!(text.parse::<Window>().is_err(), "{text}");
        }
    }
}
