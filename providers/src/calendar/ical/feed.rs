//! A whole feed: its events, and the zones it defines.

use std::collections::HashMap;

use domain::calendar::{FreeBusy, Span};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    event::Event,
    lay::Lay,
    line::{Line, lines},
    time::entries,
    zone::{Definition, Observance},
};

/// Most events of a feed. One with more is nobody's diary.
const MOST_EVENTS: usize = 50_000;

/// Why a feed says nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoFeed {
    #[error("no iCalendar")]
    NotACalendar,
    /// It ends before it is complete, or its parts are not in order.
    #[error("an iCalendar that is cut off or broken")]
    Broken,
    #[error("an iCalendar with too many events")]
    TooManyEvents,
}

/// What a feed says of taken times. Holds no text of any event.
#[derive(Debug, Default)]
pub struct Feed {
    pub(super) events: Vec<Event>,
    pub(super) zones: HashMap<String, Definition>,
    /// The calendar's own zone, by name.
    pub(super) zone: Option<String>,
    /// Something takes time and it is not known when.
    pub(super) is_unclear: bool,
}

impl Feed {
    /// Reads a feed. Events that are not understood are kept as unknown times.
    pub fn read(bytes: &[u8]) -> Result<Feed, NoFeed> {
        let mut reader = Reader::default();
        for line in lines(bytes) {
            reader.read(&line)?;
        }
        reader.finish()
    }

    /// The taken times of the span. Times without a zone are those of the calendar's own, else of `zone`.
    pub fn free_busy(&self, asked: Span, zone: &TimeZone, read_at: Timestamp) -> FreeBusy {
        Lay::new(self, asked, zone).free_busy(read_at)
    }
}

/// Where in a feed a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Calendar,
    Event,
    FreeBusy,
    Zone,
    Observance,
    Other,
}

impl Part {
    fn of(name: &str, outer: Option<Part>) -> Result<Part, NoFeed> {
        Ok(match (name, outer) {
            ("VCALENDAR", None) => Part::Calendar,
            (_, None) => return Err(NoFeed::NotACalendar),
            ("VEVENT", Some(Part::Calendar)) => Part::Event,
            ("VFREEBUSY", Some(Part::Calendar)) => Part::FreeBusy,
            ("VTIMEZONE", Some(Part::Calendar)) => Part::Zone,
            ("STANDARD" | "DAYLIGHT", Some(Part::Zone)) => Part::Observance,
            _ => Part::Other,
        })
    }
}

#[derive(Default)]
struct Reader {
    feed: Feed,
    /// The parts that are begun and not yet ended, with their names.
    open: Vec<(String, Part)>,
    is_any: bool,
    event: Event,
    zone: (String, Definition),
    observance: Option<Observance>,
}

impl Reader {
    fn read(&mut self, line: &Line) -> Result<(), NoFeed> {
        match line.name.as_str() {
            "BEGIN" => self.begin(line.value.trim().to_ascii_uppercase()),
            "END" => self.end(&line.value.trim().to_ascii_uppercase()),
            _ => self.property(line),
        }
    }

    fn begin(&mut self, name: String) -> Result<(), NoFeed> {
        let part = Part::of(&name, self.part())?;
        match part {
            Part::Event => self.event = Event::default(),
            Part::Zone => self.zone = Default::default(),
            Part::Observance => self.observance = Some(Observance::new(name == "DAYLIGHT")),
            Part::Calendar | Part::FreeBusy | Part::Other => {}
        }
        self.is_any = true;
        self.open.push((name, part));
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), NoFeed> {
        let Some((begun, part)) = self.open.pop() else {
            return Err(NoFeed::NotACalendar);
        };
        if begun != name {
            return Err(NoFeed::Broken);
        }
        match part {
            Part::Event => {
                let event = std::mem::take(&mut self.event);
                self.add(event)?;
            }
            Part::Zone => {
                let (name, definition) = std::mem::take(&mut self.zone);
                self.feed.zones.insert(name, definition);
            }
            Part::Observance => self.zone.1.add(self.observance.take()),
            Part::Calendar | Part::FreeBusy | Part::Other => {}
        }
        Ok(())
    }

    fn property(&mut self, line: &Line) -> Result<(), NoFeed> {
        match self.part() {
            None => return Err(NoFeed::NotACalendar),
            Some(Part::Calendar) if line.name == "X-WR-TIMEZONE" => {
                self.feed.zone = Some(line.text());
            }
            Some(Part::Event) => self.event.read(line),
            Some(Part::FreeBusy) if line.name == "FREEBUSY" => self.taken(line)?,
            Some(Part::Zone) if line.name == "TZID" => self.zone.0 = line.text(),
            Some(Part::Zone) => self.zone.1.read(line),
            Some(Part::Observance) => {
                if let Some(observance) = &mut self.observance {
                    observance.read(line);
                }
            }
            Some(Part::Calendar | Part::FreeBusy | Part::Other) => {}
        }
        Ok(())
    }

    /// The stretches of a `FREEBUSY`, unless they are said to be free.
    fn taken(&mut self, line: &Line) -> Result<(), NoFeed> {
        let kind = line.param("FBTYPE").unwrap_or("BUSY");
        if kind.eq_ignore_ascii_case("FREE") {
            return Ok(());
        }
        for entry in entries(line) {
            match entry {
                Some(entry @ (_, Some(_))) => self.add(Event::stretch(entry))?,
                _ => self.feed.is_unclear = true,
            }
        }
        Ok(())
    }

    fn add(&mut self, event: Event) -> Result<(), NoFeed> {
        if self.feed.events.len() >= MOST_EVENTS {
            return Err(NoFeed::TooManyEvents);
        }
        self.feed.events.push(event);
        Ok(())
    }

    fn part(&self) -> Option<Part> {
        self.open.last().map(|(_, part)| *part)
    }

    fn finish(self) -> Result<Feed, NoFeed> {
        match (self.is_any, self.open.is_empty()) {
            (true, true) => Ok(self.feed),
            (true, false) => Err(NoFeed::Broken),
            (false, _) => Err(NoFeed::NotACalendar),
        }
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
