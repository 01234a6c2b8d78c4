//! One row of a file, cell by cell: to an appointment, or to everything that is wrong with it.

use std::collections::HashMap;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::{
    appointment::AppointmentStatus,
    context::privacy::is_invisible,
    country::Country,
    near::{nearest, squeezed},
    phone::{self, ParsedNumber},
    text::Field,
    zone::{self, LocalChoice},
};

use super::{
    AppointmentRow, BadRow, Column, ImportDefaults, Problem, RawRow,
    when::{self, Orders, When},
};

const YEARS: std::ops::RangeInclusive<i16> = 2000..=2100;
const CALL_BEFORE_HOURS: std::ops::RangeInclusive<u16> = 1..=168;
const DURATION_MINUTES: std::ops::RangeInclusive<u16> = 1..=24 * 60;
const MOST_CONTACT_ZONES: usize = 10;
/// For how many unknown zones a near name is sought: every search goes through all names there are.
const MOST_ZONE_GUESSES: usize = 50;

/// The longest text of a column, in characters.
const fn limit(column: Column) -> usize {
    match column {
        Column::Instructions => 2000,
        Column::Location => 500,
        Column::Email => 254,
        _ => 200,
    }
}

/// Reads rows; remembers the ids seen and the zones looked up.
pub(super) struct RowReader {
    defaults: ImportDefaults,
    default_zone: Zone,
    zones: HashMap<String, Result<Zone, String>>,
    unknown_zones: usize,
    first_lines: HashMap<Box<str>, u64>,
}

#[derive(Clone)]
struct Zone {
    name: String,
    zone: TimeZone,
}

impl RowReader {
    pub(super) fn new(defaults: ImportDefaults) -> RowReader {
        let default_zone = Zone {
            name: zone::name(&defaults.time_zone).to_owned(),
            zone: defaults.time_zone.clone(),
        };
        RowReader {
            defaults,
            default_zone,
            zones: HashMap::new(),
            unknown_zones: 0,
            first_lines: HashMap::new(),
        }
    }

    pub(super) fn read(&mut self, raw: &RawRow<'_>) -> Result<AppointmentRow, BadRow> {
        let mut row = Row {
            raw,
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        let external_id = self.external_id(&mut row);
        let country = row.country(self.defaults.country);
        let zone = self.zone(&mut row);
        let starts = row.starts_at(self.orders(country), zone.as_ref());
        let appointment = AppointmentRow {
            line: raw.line,
            external_id,
            name: row.name(),
            number: country.and_then(|country| row.number(country)),
            email: row.email(),
            starts_at: starts.map_or(Timestamp::UNIX_EPOCH, |(instant, _)| instant),
            local_choice: starts.map_or(LocalChoice::Exact, |(_, choice)| choice),
            time_zone: zone
                .as_ref()
                .map(|zone| zone.name.clone())
                .unwrap_or_default(),
            country: country.unwrap_or(self.defaults.country),
            status: row.status(),
            kind: row.text(Column::Kind),
            provider: row.text(Column::Provider),
            location: row.text(Column::Location),
            instructions: row.text(Column::Instructions),
            duration_minutes: row.duration(),
            call_before_hours: row.call_before_hours(),
            contact_zones: self.contact_zones(&mut row),
            consent_source: row.text(Column::ConsentSource),
            consent_at: row.consent_at(self.orders(country), zone.as_ref()),
            preferences: row.preferences(),
            warnings: Vec::new(),
        };
        if row.problems.is_empty() {
            Ok(AppointmentRow {
                warnings: row.warnings,
                ..appointment
            })
        } else {
            Err(BadRow {
                line: raw.line,
                problems: row.problems,
            })
        }
    }

    fn orders(&self, contact: Option<Country>) -> Orders {
        let business = self.defaults.country.date_order();
        Orders {
            business,
            contact: contact.map_or(business, Country::date_order),
        }
    }

    fn external_id(&mut self, row: &mut Row<'_, '_>) -> String {
        let column = Column::ExternalId;
        let Some(id) = row.text(column) else {
            if row.problems.is_empty() {
                row.problem(column, "the appointment has no id; without one a second import would make a second appointment");
            }
            return String::new();
        };
        // A bad row keeps its id too: which of the two rows is right is not for us to guess.
        let line = row.raw.line;
        match self.first_lines.get(id.as_str()) {
            Some(first) => row.problem(column, format!("line {first} has the same id")),
            None => {
                self.first_lines.insert(id.clone().into(), line);
            }
        }
        id
    }

    fn zone(&mut self, row: &mut Row<'_, '_>) -> Option<Zone> {
        let Some(name) = row.text(Column::TimeZone) else {
            return Some(self.default_zone.clone());
        };
        match self.find_zone(&name) {
            Ok(zone) => Some(zone),
            Err(reason) => {
                row.problem(Column::TimeZone, reason);
                None
            }
        }
    }

    fn contact_zones(&mut self, row: &mut Row<'_, '_>) -> Vec<String> {
        let column = Column::ContactTimeZone;
        let text = row.text(column).unwrap_or_default();
        let mut zones: Vec<String> = Vec::new();
        for name in text
            .split(';')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            match self.find_zone(name) {
                Ok(zone) if zones.contains(&zone.name) => {}
                Ok(zone) => zones.push(zone.name),
                Err(reason) => row.problem(column, reason),
            }
        }
        if zones.len() > MOST_CONTACT_ZONES {
            row.problem(column, format!("more than {MOST_CONTACT_ZONES} time zones"));
        }
        zones
    }

    fn find_zone(&mut self, name: &str) -> Result<Zone, String> {
        if let Some(known) = self.zones.get(name) {
            return known.clone();
        }
        let found = match TimeZone::get(name) {
            Ok(_) => look_up_zone(name),
            Err(_) if self.unknown_zones < MOST_ZONE_GUESSES => look_up_zone(name),
            Err(_) => Err(NO_SUCH_ZONE.to_owned()),
        };
        self.unknown_zones += usize::from(found.is_err());
        self.zones.insert(name.to_owned(), found.clone());
        found
    }
}

const NO_SUCH_ZONE: &str = "there is no time zone of this name; write one such as Europe/London";

fn look_up_zone(name: &str) -> Result<Zone, String> {
    if let Some(place) = place_of_abbreviation(name) {
        return Err(format!(
            "an abbreviation does not say when the clocks change; write a place such as {place}"
        ));
    }
    zone::find(name)
        .map(|found| Zone {
            name: zone::name(&found).to_owned(),
            zone: found,
        })
        .map_err(|unknown| {
            let near = unknown.nearest.or_else(|| {
                let names: Vec<String> = jiff::tz::db()
                    .available()
                    .map(|name| name.to_string())
                    .collect();
                nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
            });
            near.map_or(NO_SUCH_ZONE.to_owned(), |near| {
                format!("there is no time zone of this name; did you mean {near}?")
            })
        })
}

/// IANA keeps these three as offsets that know no summer time; people who write them mean a place.
fn place_of_abbreviation(name: &str) -> Option<&'static str> {
    match name.to_ascii_uppercase().as_str() {
        "EST" => Some("America/New_York"),
        "MST" => Some("America/Denver"),
        "HST" => Some("Pacific/Honolulu"),
        _ => None,
    }
}

/// The row that is being read, and what was found about it.
struct Row<'r, 'f> {
    raw: &'r RawRow<'f>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Row<'_, '_> {
    fn problem(&mut self, column: Column, reason: impl Into<String>) {
        let found = self.found(column, reason.into());
        self.problems.push(found);
    }

    fn warning(&mut self, column: Column, reason: impl Into<String>) {
        let found = self.found(column, reason.into());
        self.warnings.push(found);
    }

    fn found(&self, column: Column, reason: String) -> Problem {
        let header = self.header(column);
        let column = if header.is_empty() {
            column.code()
        } else {
            header
        };
        Problem {
            line: self.raw.line,
            column: column.to_owned(),
            value: self.cell_of(header).to_owned(),
            reason,
        }
    }

    fn header(&self, column: Column) -> &str {
        self.raw
            .cells
            .get(column as usize)
            .map_or("", |cell| cell.header)
    }

    fn cell(&self, column: Column) -> &str {
        self.raw
            .cells
            .get(column as usize)
            .map_or("", |cell| cell.text.as_ref())
    }

    fn cell_of(&self, header: &str) -> &str {
        self.raw
            .cells
            .iter()
            .find(|cell| cell.header == header)
            .map_or("", |cell| cell.text.as_ref())
    }

    /// The cell on one line, trimmed; `None` when it is empty or was found bad.
    fn text(&mut self, column: Column) -> Option<String> {
        let cell = self.cell(column);
        if cell.is_empty() {
            return None;
        }
        if cell.chars().any(|c| c.is_control() && !c.is_whitespace()) {
            self.problem(column, "the cell holds control characters");
            return None;
        }
        let text = one_line(cell);
        if text.chars().count() > limit(column) {
            self.problem(
                column,
                format!("the cell is longer than {} characters", limit(column)),
            );
            return None;
        }
        if text.contains('\u{fffd}') {
            self.warning(
                column,
                "the cell holds characters that an earlier conversion has lost",
            );
        }
        (!text.is_empty()).then_some(text)
    }

    fn name(&mut self) -> String {
        let whole = self.text(Column::Name);
        let parts = [self.text(Column::FirstName), self.text(Column::LastName)];
        whole.unwrap_or_else(|| parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }

    /// The country of the row; `None` when the cell names none.
    fn country(&mut self, default: Country) -> Option<Country> {
        let Some(text) = self.text(Column::Country) else {
            return self
                .problems
                .iter()
                .all(|problem| problem.column != self.header(Column::Country))
                .then_some(default);
        };
        let country = text.parse().ok();
        if country.is_none() {
            self.problem(
                Column::Country,
                "there is no country with this code; write two letters such as GB",
            );
        }
        country
    }

    fn number(&mut self, country: Country) -> Option<ParsedNumber> {
        let column = Column::Phone;
        match phone::parse(self.cell(column), country) {
            Ok(parsed) => {
                if let Some(warning) = parsed.warning {
                    self.warning(column, warning.words());
                }
                Some(parsed)
            }
            Err(phone::PhoneError::Empty) => {
                self.warning(column, "there is no phone number, so nobody will be called");
                None
            }
            Err(error) => {
                self.problem(column, error.to_string());
                None
            }
        }
    }

    /// An address that cannot be one is left out: it is no reason to leave out the reminder.
    fn email(&mut self) -> Option<String> {
        let text = self.text(Column::Email)?;
        let (user, host) = text.rsplit_once('@').unwrap_or_default();
        let plausible = !user.is_empty()
            && host.split('.').count() > 1
            && host.split('.').all(|part| !part.is_empty())
            && !text.contains(char::is_whitespace);
        if !plausible {
            self.warning(Column::Email, "this is no email address and was left out");
        }
        plausible.then_some(text)
    }

    /// As an operator may type them, on one line; others are no reason to go without the appointment.
    fn preferences(&mut self) -> Option<String> {
        let column = Column::Preferences;
        let cell = self.cell(column).split_whitespace();
        let text = cell.collect::<Vec<_>>().join(" ");
        // No text of this field is read by the rules of a country.
        match Field::Preferences.typed(&text, Country::GB) {
            Ok(typed) => (!typed.is_empty()).then_some(typed.0),
            Err(problem) => {
                self.warning(column, format!("{problem}; it was left out"));
                None
            }
        }
    }

    fn starts_at(
        &mut self,
        orders: Orders,
        zone: Option<&Zone>,
    ) -> Option<(Timestamp, LocalChoice)> {
        let (column, text) = self.when_text();
        if text.is_empty() {
            self.problem(column, "the appointment has no date and time");
            return None;
        }
        let when = self.read_when(column, when::parse(&text, orders))?;
        self.instant(column, when, zone)
    }

    fn consent_at(&mut self, orders: Orders, zone: Option<&Zone>) -> Option<Timestamp> {
        let column = Column::ConsentAt;
        let text = self.text(column)?;
        let when = self.read_when(column, when::parse_day(&text, orders))?;
        self.instant(column, when, zone).map(|(instant, _)| instant)
    }

    /// The text that says when the appointment is, from one cell or from a date cell and a time cell.
    fn when_text(&self) -> (Column, String) {
        let cell = |column| one_line(self.cell(column));
        let whole = cell(Column::AppointmentAt);
        let date = cell(Column::AppointmentDate);
        let time = cell(Column::AppointmentTime);
        // `Start` often holds the time alone, beside a date.
        let is_time_alone =
            |text: &str| !text.is_empty() && text.len() <= 11 && !text.contains(['/', '-']);
        match (whole.as_str(), date.as_str(), time.as_str()) {
            (whole, date, _) if is_time_alone(whole) && !date.is_empty() => (
                Column::AppointmentAt,
                format!("{} {whole}", without_midnight(date)),
            ),
            ("", date, time) if !date.is_empty() && is_time_alone(time) => (
                Column::AppointmentDate,
                format!("{} {time}", without_midnight(date)),
            ),
            ("", "", "") => {
                let columns = [
                    Column::AppointmentAt,
                    Column::AppointmentDate,
                    Column::AppointmentTime,
                ];
                let present = columns
                    .into_iter()
                    .find(|column| !self.header(*column).is_empty());
                (present.unwrap_or(Column::AppointmentAt), String::new())
            }
            ("", date, "") => (Column::AppointmentDate, date.to_owned()),
            ("", _, time) => (Column::AppointmentTime, time.to_owned()),
            (whole, _, _) => (Column::AppointmentAt, whole.to_owned()),
        }
    }

    fn read_when(&mut self, column: Column, read: Result<When, when::WhenError>) -> Option<When> {
        read.map_err(|error| self.problem(column, error.to_string()))
            .ok()
    }

    fn instant(
        &mut self,
        column: Column,
        when: When,
        zone: Option<&Zone>,
    ) -> Option<(Timestamp, LocalChoice)> {
        let zone = zone?;
        let found = match when {
            When::Instant(instant) => Ok((instant, LocalChoice::Exact)),
            When::Local(local) => zone::local_to_instant(local, &zone.zone),
        };
        let (instant, choice) = match found {
            Ok(found) => found,
            Err(skipped) => {
                self.problem(column, skipped.to_string());
                return None;
            }
        };
        let local: DateTime = zone.zone.to_datetime(instant);
        if !YEARS.contains(&local.year()) {
            self.problem(
                column,
                format!("the year is outside {} to {}", YEARS.start(), YEARS.end()),
            );
            return None;
        }
        Some((instant, choice))
    }

    fn status(&mut self) -> AppointmentStatus {
        let Some(text) = self.text(Column::Status) else {
            return AppointmentStatus::Scheduled;
        };
        match squeezed(&text).as_str() {
            "scheduled" | "booked" | "unconfirmed" | "pending" | "active" | "new" => {
                AppointmentStatus::Scheduled
            }
            "confirmed" => AppointmentStatus::Confirmed,
            "cancelled" | "canceled" => AppointmentStatus::Cancelled,
            "deleted" => AppointmentStatus::Deleted,
            "reschedulerequested" => AppointmentStatus::RescheduleRequested,
            _ => {
                let codes: Vec<&str> = AppointmentStatus::ALL
                    .iter()
                    .map(|status| status.code())
                    .collect();
                self.problem(
                    Column::Status,
                    format!("this status is not known; it may be {}", codes.join(", ")),
                );
                AppointmentStatus::Scheduled
            }
        }
    }

    /// Minutes, as `30`, `30 min` or `0:30`.
    fn duration(&mut self) -> Option<u16> {
        let column = Column::DurationMinutes;
        let text = self.text(column)?.to_lowercase();
        let minutes = match text.split_once(':') {
            Some((hours, minutes)) if minutes.len() == 2 => whole_number(hours)
                .zip(whole_number(minutes))
                .and_then(|(h, m)| h.checked_mul(60)?.checked_add(m)),
            _ => {
                let units = ["minutes", "minute", "mins", "min", "m"];
                let bare = units
                    .iter()
                    .find_map(|unit| text.strip_suffix(unit))
                    .unwrap_or(&text);
                whole_number(bare)
            }
        };
        self.in_range(column, minutes, DURATION_MINUTES, "minutes")
    }

    fn call_before_hours(&mut self) -> Option<u16> {
        let column = Column::CallBeforeHours;
        let text = self.text(column)?;
        self.in_range(column, whole_number(&text), CALL_BEFORE_HOURS, "hours")
    }

    fn in_range(
        &mut self,
        column: Column,
        value: Option<u16>,
        range: std::ops::RangeInclusive<u16>,
        unit: &str,
    ) -> Option<u16> {
        let value = value.filter(|value| range.contains(value));
        if value.is_none() {
            self.problem(
                column,
                format!(
                    "this must be a whole number of {unit} from {} to {}",
                    range.start(),
                    range.end()
                ),
            );
        }
        value
    }
}

/// A whole number; a spreadsheet's `30.0` too.
fn whole_number(text: &str) -> Option<u16> {
    let text = text.trim();
    let text = text.strip_suffix(".0").unwrap_or(text);
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

/// A date column of a spreadsheet brings a midnight along.
fn without_midnight(date: &str) -> &str {
    [" 00:00:00", "T00:00:00", " 00:00", " 0:00"]
        .iter()
        .find_map(|end| date.strip_suffix(end))
        .unwrap_or(date)
}

/// Without marks that cannot be seen, every run of spaces and line ends as one space.
fn one_line(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}
