//! Which header means which column.

use crate::near::{nearest, squeezed};

use super::mapping::HeaderMapping;

macro_rules! columns {
    ($($(#[$doc:meta])* $variant:ident = $code:literal: $($alias:literal)*;)*) => {
        /// What a cell can mean.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Column {
            $($(#[$doc])* $variant,)*
        }

        impl Column {
            pub(super) const ALL: &[Column] = &[$(Column::$variant),*];
            pub(super) const COUNT: usize = Column::ALL.len();

            /// The canonical header.
            pub const fn code(self) -> &'static str {
                match self { $(Column::$variant => $code),* }
            }

            /// Other headers that mean it, as [`squeezed`] leaves them, the likelier first.
            const fn aliases(self) -> &'static [&'static str] {
                match self { $(Column::$variant => &[$($alias),*]),* }
            }
        }
    };
}

columns! {
    ExternalId = "external_id":
        "appointmentid" "appointmentref" "appointmentreference" "appointmentnumber" "bookingid" "bookingref"
        "bookingreference" "bookingnumber" "apptid" "reference" "ref" "id" "uid";
    Name = "name":
        "patientname" "clientname" "customername" "contactname" "fullname" "patient" "client" "customer" "attendee";
    FirstName = "first_name": "forename" "givenname" "patientfirstname" "clientfirstname" "customerfirstname";
    LastName = "last_name":
        "surname" "familyname" "patientlastname" "patientsurname" "clientlastname" "customerlastname";
    /// Several may stand side by side: the first that is filled is called, mobiles first.
    Phone = "phone":
        "mobile" "mobilephone" "mobilenumber" "mobileno" "phonemobile" "cell" "cellphone" "cellnumber" "phone" "phonenumber"
        "phoneno" "telephone" "telephonenumber" "tel" "telno" "contactnumber" "contactphone" "patientphone"
        "patientmobile" "customerphone" "clientphone" "clientmobile" "primaryphone" "phone1" "homephone" "phonehome"
        "hometelephone" "landline" "workphone" "phonework" "phone2";
    Email = "email": "emailaddress" "mail" "patientemail" "clientemail" "customeremail";
    AppointmentAt = "appointment_at":
        "appointmentdatetime" "appointmentdateandtime" "datetime" "dateandtime" "startdatetime"
        "startdateandtime" "startsat" "startat" "start" "starts" "scheduledat" "scheduledfor" "when" "appointment"
        "bookingdatetime";
    AppointmentDate = "appointment_date": "date" "startdate" "apptdate" "bookingdate" "dateofappointment";
    AppointmentTime = "appointment_time": "time" "starttime" "appttime" "bookingtime" "timeofappointment";
    TimeZone = "timezone": "tz" "zone" "appointmenttimezone" "ianatimezone";
    Country = "country": "countrycode" "phonecountry";
    Kind = "type":
        "appointmenttype" "appttype" "service" "servicename" "treatment" "bookingtype" "eventtype";
    Provider = "provider":
        "practitioner" "practitionername" "providername" "doctor" "dentist" "clinician" "staff" "staffmember"
        "stylist" "therapist" "technician" "consultant" "owner" "ownername" "with";
    DurationMinutes = "duration_minutes": "duration" "durationmins" "durationmin" "length" "lengthminutes" "minutes";
    Location = "location": "site" "branch" "clinic" "practice" "room" "venue" "locationname";
    Instructions = "instructions": "specialinstructions" "patientinstructions" "clientinstructions" "preparation";
    CallBeforeHours = "call_before_hours": "hoursbefore" "reminderhours" "remindhoursbefore" "callhoursbefore";
    ContactTimeZone = "contact_timezone":
        "contacttimezones" "patienttimezone" "clienttimezone" "customertimezone" "contactzone";
    Status = "status": "appointmentstatus" "bookingstatus";
    ConsentSource = "consent_source": "consent" "consentfrom";
    ConsentAt = "consent_at": "consentdate" "consentedat" "consentgivenat" "consenttime";
    Preferences = "preferences": "patientpreferences" "contactpreferences" "clientpreferences";
}

impl Column {
    /// The column with this canonical name, in any case and spacing.
    pub fn from_code(code: &str) -> Option<Column> {
        let code = squeezed(code);
        Column::ALL
            .iter()
            .copied()
            .find(|column| squeezed(column.code()) == code)
    }

    /// The column that a header means, and how likely it is the one meant (0 is likeliest).
    fn recognise(header: &str) -> Option<(Column, usize)> {
        let header = squeezed(header);
        Column::ALL.iter().find_map(|column| {
            let alias = column
                .aliases()
                .iter()
                .position(|alias| *alias == header)
                .map(|at| at + 1);
            let rank = alias.or_else(|| (squeezed(column.code()) == header).then_some(0));
            rank.map(|rank| (*column, rank))
        })
    }
}

/// Why the file as a whole cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    #[error("the file is empty")]
    Empty,
    /// What the file is instead.
    #[error("{0}")]
    NotThisFormat(String),
    #[error("{}; the file has: {}", list(.missing), quoted(.found))]
    MissingColumns {
        missing: Vec<MissingColumn>,
        found: Vec<String>,
    },
    #[error("the columns {} both mean {}; rename one or name the right one in a mapping file", quoted(.headers), .column.code())]
    RepeatedColumn {
        column: Column,
        headers: Vec<String>,
    },
    #[error("the mapping reads {field} from {header:?}, which the file does not have{}", did_you_mean(.nearest))]
    MappedHeaderMissing {
        field: &'static str,
        header: String,
        nearest: Option<String>,
    },
    #[error("line {line}, column {column}: {reason}")]
    Json {
        line: usize,
        column: usize,
        reason: String,
    },
}

/// A column that every row needs and the file lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingColumn {
    pub name: &'static str,
    /// The header of the file that was perhaps meant.
    pub nearest: Option<String>,
}

/// For each column the headers it is read from, the likeliest first, as positions in the header row.
pub(super) struct Layout {
    pub(super) headers: Vec<String>,
    sources: [Vec<usize>; Column::COUNT],
    notes: Vec<String>,
}

impl Layout {
    /// Recognises a header row.
    pub(super) fn recognise(
        headers: Vec<String>,
        mapping: Option<&HeaderMapping>,
    ) -> Result<Layout, HeaderProblem> {
        let mut layout = Layout {
            headers,
            sources: Default::default(),
            notes: Vec::new(),
        };
        let mapped = layout.apply_mapping(mapping)?;
        let mut found = layout.recognised(&mapped);
        found.sort_by_key(|(column, rank, at)| (*column as usize, *rank, *at));
        let mut spare = Vec::new();
        for group in found.chunk_by(|a, b| a.0 == b.0) {
            spare.extend(layout.take_group(group)?);
        }
        layout.require_columns()?;
        layout.note_ignored(&spare);
        Ok(layout)
    }

    /// The positions at which the column stands.
    pub(super) fn sources(&self, column: Column) -> &[usize] {
        &self.sources[column as usize]
    }

    /// Whether anything is read from this position.
    pub(super) fn is_used(&self, at: usize) -> bool {
        self.sources.iter().flatten().any(|source| *source == at)
    }

    /// How many of the headers mean something.
    pub(super) fn known_headers(headers: &[String]) -> usize {
        headers
            .iter()
            .filter(|header| Column::recognise(header).is_some())
            .count()
    }

    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Fixes the columns that the mapping names; returns the header positions it used.
    fn apply_mapping(
        &mut self,
        mapping: Option<&HeaderMapping>,
    ) -> Result<Vec<usize>, HeaderProblem> {
        let mut used = Vec::new();
        for (column, header) in mapping.into_iter().flat_map(HeaderMapping::entries) {
            let exact = self
                .headers
                .iter()
                .position(|found| found.trim() == header.trim());
            let similar = || {
                self.headers
                    .iter()
                    .position(|found| squeezed(found) == squeezed(header))
            };
            let Some(at) = exact.or_else(similar) else {
                let nearest =
                    nearest(header, self.headers.iter().map(String::as_str)).map(str::to_owned);
                let header = header.to_owned();
                return Err(HeaderProblem::MappedHeaderMissing {
                    field: column.code(),
                    header,
                    nearest,
                });
            };
            self.sources[column as usize] = vec![at];
            used.push(at);
        }
        Ok(used)
    }

    fn recognised(&self, mapped: &[usize]) -> Vec<(Column, usize, usize)> {
        let open = self
            .headers
            .iter()
            .enumerate()
            .filter(|(at, _)| !mapped.contains(at));
        let known = open.filter_map(|(at, header)| {
            Column::recognise(header).map(|(column, rank)| (column, rank, at))
        });
        known
            .filter(|(column, _, _)| self.sources(*column).is_empty())
            .collect()
    }

    /// Takes the likeliest of several headers for one column, or all of them for phone numbers; returns the others.
    fn take_group(
        &mut self,
        group: &[(Column, usize, usize)],
    ) -> Result<Vec<usize>, HeaderProblem> {
        let Some((column, best, first)) = group.first().copied() else {
            return Ok(Vec::new());
        };
        let all: Vec<usize> = group.iter().map(|(_, _, at)| *at).collect();
        if column == Column::Phone {
            self.sources[column as usize] = all;
            return Ok(Vec::new());
        }
        if group.iter().filter(|(_, rank, _)| *rank == best).count() > 1 {
            let headers = all
                .iter()
                .filter_map(|at| self.headers.get(*at).cloned())
                .collect();
            return Err(HeaderProblem::RepeatedColumn { column, headers });
        }
        self.sources[column as usize] = vec![first];
        Ok(all.into_iter().skip(1).collect())
    }

    fn require_columns(&self) -> Result<(), HeaderProblem> {
        let has = |column: Column| !self.sources(column).is_empty();
        let has_time = has(Column::AppointmentAt)
            || has(Column::AppointmentDate)
            || has(Column::AppointmentTime);
        let needed = [
            (Column::ExternalId, has(Column::ExternalId)),
            (Column::Phone, has(Column::Phone)),
            (Column::AppointmentAt, has_time),
        ];
        let missing: Vec<MissingColumn> = needed
            .into_iter()
            .filter(|(_, present)| !present)
            .map(|(column, _)| MissingColumn {
                name: column.code(),
                nearest: self.nearest_header(column),
            })
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(HeaderProblem::MissingColumns {
            missing,
            found: self.headers.clone(),
        })
    }

    /// The unrecognised header that is nearest to one of the column's names.
    fn nearest_header(&self, column: Column) -> Option<String> {
        let unknown = || {
            self.headers
                .iter()
                .map(String::as_str)
                .filter(|header| Column::recognise(header).is_none())
        };
        std::iter::once(column.code())
            .chain(
                column
                    .aliases()
                    .iter()
                    .copied()
                    .filter(|alias| alias.len() > 4),
            )
            .find_map(|name| nearest(name, unknown()))
            .map(str::to_owned)
    }

    fn note_ignored(&mut self, spare: &[usize]) {
        let is_unknown = |at: &usize| !self.is_used(*at) && !spare.contains(at);
        let text = |at: usize| self.headers.get(at).cloned().unwrap_or_default();
        let unknown: Vec<String> = (0..self.headers.len())
            .filter(is_unknown)
            .map(text)
            .collect();
        let spare: Vec<String> = spare.iter().copied().map(text).collect();
        let unknown: Vec<String> = unknown
            .into_iter()
            .filter(|header| !header.trim().is_empty())
            .collect();
        if !unknown.is_empty() {
            self.notes.push(format!(
                "columns that are not known here and are ignored: {}",
                quoted(&unknown)
            ));
        }
        for header in &unknown {
            if is_private_note(header) {
                self.notes.push(format!(
                    "the column {header:?} is ignored: notes may hold what the person called must not hear; \
                     if it is written for them, name it as instructions in a mapping file"
                ));
            } else if let Some(near) =
                nearest(header, Column::ALL.iter().map(|column| column.code()))
            {
                self.notes.push(format!(
                    "is the column {header:?} meant as {near}? It is ignored as it stands"
                ));
            }
        }
        if !spare.is_empty() {
            self.notes.push(format!(
                "columns ignored because another one means the same: {}",
                quoted(&spare)
            ));
        }
    }
}

/// Whether staff write for each other in such a column: it must not be read out because of its name alone.
fn is_private_note(header: &str) -> bool {
    matches!(
        squeezed(header).as_str(),
        "notes" | "note" | "comments" | "comment" | "appointmentnotes" | "remarks"
    )
}

fn list(missing: &[MissingColumn]) -> String {
    let each = missing.iter().map(|column| match &column.nearest {
        Some(near) => format!(
            "no column {} (is it {near:?}? Then rename it or use a mapping file)",
            column.name
        ),
        None => format!("no column {}", column.name),
    });
    each.collect::<Vec<_>>().join(", ")
}

/// At most 40 headers, quoted, with control characters escaped.
fn quoted(headers: &[String]) -> String {
    let shown = headers
        .iter()
        .take(40)
        .map(|header| format!("{:?}", header.chars().take(60).collect::<String>()));
    let more = headers.len().saturating_sub(40);
    let rest = (more > 0).then(|| format!("and {more} more"));
    shown.chain(rest).collect::<Vec<_>>().join(", ")
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|header| format!("; did you mean {header:?}?"))
        .unwrap_or_default()
}
