use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::phone::NumberWarning;

const HEADER: &str = "external_id,name,phone,email,appointment_at,timezone,country,type,provider,duration_minutes,location,instructions,call_before_hours";

fn options() -> ImportOptions {
    let time_zone = TimeZone::get("Europe/London").unwrap();
    ImportOptions {
        defaults: ImportDefaults {
            time_zone,
            country: Country::GB,
        },
        mapping: None,
    }
}

fn mapped(toml: &str) -> ImportOptions {
    ImportOptions {
        mapping: Some(HeaderMapping::parse(toml).unwrap()),
        ..options()
    }
}

type Rows = Vec<Result<AppointmentRow, BadRow>>;

fn read_with(bytes: &[u8], format: Format, options: &ImportOptions) -> (Rows, Vec<String>) {
    let mut import = read_appointments(bytes, format, options).unwrap();
    let rows: Rows = import.by_ref().collect();
    (rows, import.notes())
}

fn csv(text: impl AsRef<[u8]>) -> Rows {
    read_with(text.as_ref(), Format::Csv, &options()).0
}

fn json(text: &str) -> Rows {
    read_with(text.as_bytes(), Format::Json, &options()).0
}

fn good(rows: Rows) -> Vec<AppointmentRow> {
    rows.into_iter().map(|row| row.unwrap()).collect()
}

/// Line, column and reason of everything that is wrong.
fn problems(rows: &Rows) -> Vec<(u64, &str, &str)> {
    let bad = rows.iter().filter_map(|row| row.as_ref().err());
    bad.flat_map(|row| &row.problems)
        .map(|found| (found.line, found.column.as_str(), found.reason.as_str()))
        .collect()
}

/// The only row of a file with the minimal columns and these cells.
fn one(column: &str, value: &str) -> Result<AppointmentRow, BadRow> {
    let (phone, at) = match column {
        "phone" => (value, "2027-03-29 09:00"),
        "appointment_at" => ("07700 900123", value),
        _ => ("07700 900123", "2027-03-29 09:00"),
    };
    let (extra, cell) = if matches!(column, "phone" | "appointment_at") {
        ("email", "")
    } else {
        (column, value)
    };
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let file = format!(
        "external_id,phone,appointment_at,{extra}\nA1,{},{},{}\n",
        quoted(phone),
        quoted(at),
        quoted(cell)
    );
    csv(file).remove(0)
}

/// The only problem of a row with this cell.
fn reason(column: &str, value: &str) -> String {
    let bad = one(column, value).unwrap_err();
    let [problem] = &bad.problems[..] else {
        panic!("{bad:?}")
    };
    assert_eq!(
        (
            problem.column.as_str(),
            problem.value.as_str(),
            problem.line
        ),
        (column, value, 2)
    );
    problem.reason.clone()
}

#[test]
fn a_full_row_is_read() {
    let row = "A1,Ada Lovelace,07700 900123,ada@example.com,2027-03-29 09:00,Europe/London,GB,Check-up,Dr Babbage,30,Room 2,Bring glasses,48";
    let rows = good(csv(format!("{HEADER}\n{row}\n")));
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(
        (row.line, row.external_id.as_str(), row.name.as_str()),
        (2, "A1", "Ada Lovelace")
    );
    assert_eq!(row.number.as_ref().unwrap().number.e164(), "+447700900123");
    assert_eq!(row.starts_at.to_string(), "2027-03-29T08:00:00Z");
    assert_eq!(
        (row.time_zone.as_str(), row.country, row.local_choice),
        ("Europe/London", Country::GB, LocalChoice::Exact)
    );
    assert_eq!(row.email.as_deref(), Some("ada@example.com"));
    assert_eq!(row.kind.as_deref(), Some("Check-up"));
    assert_eq!(row.provider.as_deref(), Some("Dr Babbage"));
    assert_eq!(
        (row.duration_minutes, row.call_before_hours),
        (Some(30), Some(48))
    );
    assert_eq!(row.location.as_deref(), Some("Room 2"));
    assert_eq!(row.instructions.as_deref(), Some("Bring glasses"));
    assert_eq!(row.status, AppointmentStatus::Scheduled);
    assert_eq!(row.warnings.len(), 1);
    assert_eq!(
        row.warnings[0].reason,
        NumberWarning::OutsideKnownRanges.words()
    );
}

#[test]
fn empty_cells_take_the_defaults() {
    let rows = good(csv(format!(
        "{HEADER}\nA1,,07700 900123,,2027-01-29 09:00,,,,,,,,\n"
    )));
    assert_eq!(rows[0].time_zone, "Europe/London");
    assert_eq!(rows[0].starts_at.to_string(), "2027-01-29T09:00:00Z");
    assert_eq!(
        (
            rows[0].country,
            rows[0].call_before_hours,
            rows[0].name.as_str()
        ),
        (Country::GB, None, "")
    );
    assert!(rows[0].contact_zones.is_empty());
}

#[test]
fn a_row_without_a_number_goes_in_with_a_warning() {
    let row = one("phone", "").unwrap();
    assert_eq!(row.number, None);
    assert_eq!(
        row.warnings[0].reason,
        "there is no phone number, so nobody will be called"
    );
}

#[test]
fn every_problem_of_a_row_is_listed() {
    let rows = csv(format!(
        "{HEADER}\nA1,Ada,999,,2027-02-30 09:00,Mars/Olympus,XX,,,zero,,,200\n"
    ));
    let columns: Vec<&str> = problems(&rows)
        .into_iter()
        .map(|(_, column, _)| column)
        .collect();
    assert_eq!(
        columns,
        [
            "country",
            "timezone",
            "appointment_at",
            "duration_minutes",
            "call_before_hours"
        ]
    );
}

#[test]
fn common_export_headers_are_recognised() {
    for header in [
        "Appointment ID,Patient Name,Mobile,Appointment Date,Appointment Time",
        "ID,Client,Phone Number,Date,Start Time",
        "Booking Ref,Customer Name,Telephone,Start Date,Time",
        "appointment-id,FULL NAME,Cell Phone,appointmentDate,appointmentTime",
        "Ref,Name,Contact Number,Date,Start",
    ] {
        let rows = good(csv(format!(
            "{header}\nA1,Ada Lovelace,07700 900123,29/03/2027,9:00 AM\n"
        )));
        assert_eq!(
            (rows[0].external_id.as_str(), rows[0].name.as_str()),
            ("A1", "Ada Lovelace"),
            "{header}"
        );
        assert_eq!(
            rows[0].starts_at.to_string(),
            "2027-03-29T08:00:00Z",
            "{header}"
        );
    }
    let rows = good(csv(
        "ID,First Name,Surname,Tel,Start,Practitioner,Service,Time Zone\nA1,Ada,Lovelace,07700 900123,2027-03-29 09:00,Dr B,Cut,Europe/Paris\n",
    ));
    assert_eq!(rows[0].name, "Ada Lovelace");
    assert_eq!(
        (rows[0].provider.as_deref(), rows[0].kind.as_deref()),
        (Some("Dr B"), Some("Cut"))
    );
    assert_eq!(rows[0].starts_at.to_string(), "2027-03-29T07:00:00Z");
}

#[test]
fn a_midnight_that_a_spreadsheet_adds_to_a_date_is_dropped() {
    let rows = good(csv(
        "id,phone,date,time\nA1,07700 900123,29/03/2027 00:00:00,14:30\n",
    ));
    assert_eq!(rows[0].starts_at.to_string(), "2027-03-29T13:30:00Z");
}

#[test]
fn of_several_numbers_the_first_filled_one_is_called_mobiles_first() {
    let file = "id,Home Phone,Mobile,start\nA1,020 7946 0018,07700 900123,2027-03-29 09:00\nA2,020 7946 0018,,2027-03-29 09:00\n";
    let rows = good(csv(file));
    assert_eq!(
        rows[0].number.as_ref().unwrap().number.e164(),
        "+447700900123"
    );
    assert_eq!(
        rows[1].number.as_ref().unwrap().number.e164(),
        "+442079460018"
    );
}

#[test]
fn notes_of_the_staff_are_not_read_out_because_of_their_header() {
    let file = "id,phone,start,Notes\nA1,07700 900123,2027-03-29 09:00,owes us money\n";
    let (rows, notes) = read_with(file.as_bytes(), Format::Csv, &options());
    assert_eq!(good(rows)[0].instructions, None);
    assert!(
        notes
            .iter()
            .any(|note| note.contains("notes may hold what the person called must not hear")),
        "{notes:?}"
    );
    let (rows, _) = read_with(
        file.as_bytes(),
        Format::Csv,
        &mapped("instructions = \"Notes\""),
    );
    assert_eq!(good(rows)[0].instructions.as_deref(), Some("owes us money"));
}

#[test]
fn preferences_are_read_under_their_headers_as_far_as_an_agent_is_told() {
    let longest = "x".repeat(300);
    let too_long = "x".repeat(301);
    for header in [
        "Preferences",
        "Patient Preferences",
        "contact_preferences",
        "Client Preferences",
    ] {
        for (cell, is_read) in [
            ("After five", true),
            (&longest, true),
            (&too_long, false),
            ("After\u{7}five", false),
            ("After five\u{e0041}", false),
        ] {
            // The appointment is called about all the same.
            let row = one(header, cell).unwrap();
            let warned = row.warnings.iter().any(|warning| warning.column == header);
            assert_eq!(
                (row.preferences.as_deref(), warned),
                (is_read.then_some(cell), !is_read)
            );
        }
    }
}

#[test]
fn unknown_columns_are_named_once_and_ignored() {
    let file = "id,phone,start,Shoe Size,Instrctions\nA1,07700 900123,2027-03-29 09:00,42,x\nA2,07700 900123,2027-03-29 09:00,43,y\n";
    let (rows, notes) = read_with(file.as_bytes(), Format::Csv, &options());
    assert_eq!(good(rows).len(), 2);
    assert_eq!(
        notes[0],
        "columns that are not known here and are ignored: \"Shoe Size\", \"Instrctions\""
    );
    assert_eq!(
        notes[1],
        "is the column \"Instrctions\" meant as instructions? It is ignored as it stands"
    );
    assert_eq!(notes.len(), 2);
}

#[test]
fn a_file_without_a_needed_column_is_refused_with_what_it_has() {
    let problem = read_appointments(
        b"Externl Id,telefon,when\nA1,x,y\n",
        Format::Csv,
        &options(),
    )
    .err()
    .unwrap();
    assert_eq!(
        problem.to_string(),
        "no column external_id (is it \"Externl Id\"? Then rename it or use a mapping file), no column phone; \
         the file has: \"Externl Id\", \"telefon\", \"when\""
    );
    let problem = read_appointments(b"1,Ada,07700900123\n", Format::Csv, &options())
        .err()
        .unwrap();
    assert!(matches!(problem, HeaderProblem::MissingColumns { missing, .. } if missing.len() == 3));
}

#[test]
fn two_columns_for_one_thing_are_refused() {
    let problem = read_appointments(b"id,phone,start,email,Email\n", Format::Csv, &options())
        .err()
        .unwrap();
    assert!(
        matches!(
            problem,
            HeaderProblem::RepeatedColumn {
                column: Column::Email,
                ..
            }
        ),
        "{problem}"
    );
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    for (bytes, part) in [
        (&b""[..], "empty"),
        (b"\r\n\r\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"%PDF-1.7", "PDF"),
        (b"\"id,phone", "quotation mark"),
    ] {
        let problem = read_appointments(bytes, Format::Csv, &options())
            .err()
            .unwrap()
            .to_string();
        assert!(problem.contains(part), "{problem}");
    }
}

#[test]
fn a_mapping_names_foreign_headers() {
    let file = "Kundennummer,Telefon,Termin\nA1,07700 900123,2027-03-29 09:00\n";
    let mapping =
        "external_id = \"Kundennummer\"\nphone = \"telefon\"\nappointment_at = \"Termin\"";
    assert_eq!(
        good(read_with(file.as_bytes(), Format::Csv, &mapped(mapping)).0)[0].external_id,
        "A1"
    );

    let mapping = mapped("external_id = \"Kundenummer\"");
    let problem = read_appointments(file.as_bytes(), Format::Csv, &mapping)
        .err()
        .unwrap();
    assert_eq!(
        problem.to_string(),
        "the mapping reads external_id from \"Kundenummer\", which the file does not have; did you mean \"Kundennummer\"?"
    );
}

#[test]
fn separators_line_ends_and_marks_of_excel_are_understood() {
    let rows = [
        "id;phone;start",
        "A1;07700 900123;2027-03-29 09:00",
        "A2;07700 900123;2027-03-29 10:00",
    ];
    for separator in [",", ";", "\t", "|"] {
        for end in ["\n", "\r\n", "\r"] {
            for (start, offset) in [("", 0), ("\u{feff}", 0), ("\n\n", 2)] {
                let file = rows.map(|row| row.replace(';', separator)).join(end);
                let file = format!("{}{file}", start.replace('\n', end));
                let rows = good(csv(&file));
                let lines: Vec<u64> = rows.iter().map(|row| row.line).collect();
                assert_eq!(lines, [2 + offset, 3 + offset], "{file:?}");
            }
        }
    }
    assert_eq!(
        good(csv(format!("sep=;\r\n{}", rows.join("\r\n"))))[1].line,
        4
    );
}

#[test]
fn lines_are_those_of_the_file() {
    let file = "id,phone,start,instructions\r\n\
                A1,07700 900123,2027-03-29 09:00,\"one\r\ntwo\nthree\"\r\n\
                \r\n\
                A2,bad,2027-03-29 09:00,\r\n\
                ,,,\r\n\
                A3,07700 900123,2027-03-29 09:00,\"say \"\"hello\"\"\"\r\n\
                A4,bad,2027-03-29 09:00,";
    let rows = csv(file);
    let lines: Vec<u64> = rows
        .iter()
        .map(|row| row.as_ref().map_or_else(|bad| bad.line, |row| row.line))
        .collect();
    assert_eq!(lines, [2, 6, 8, 9]);
    assert_eq!(
        rows[0].as_ref().unwrap().instructions.as_deref(),
        Some("one two three")
    );
    assert_eq!(
        rows[2].as_ref().unwrap().instructions.as_deref(),
        Some("say \"hello\"")
    );
}

#[test]
fn a_forgotten_quotation_mark_spoils_one_row_only() {
    let file = "id,phone,start,location\n\
                A1,07700 900123,2027-03-29 09:00,\"Room 1\n\
                A2,07700 900123,2027-03-29 09:00,\"Room 2, East\"\n\
                A3,07700 900123,2027-03-29 09:00,Room \"3\"\n\
                A4,07700 900123,2027-03-29 09:00,\"Room 4\n\
                A5,07700 900123,2027-03-29 09:00,Room 5\n";
    let rows = csv(file);
    let lines: Vec<u64> = problems(&rows).iter().map(|(line, ..)| *line).collect();
    assert_eq!(lines, [2, 5]);
    let taken: Vec<String> = rows
        .into_iter()
        .flatten()
        .filter_map(|row| row.location)
        .collect();
    assert_eq!(taken, ["Room 2, East", "Room \"3\"", "Room 5"]);
}

#[test]
fn a_cell_too_many_is_refused_and_cells_too_few_are_noted() {
    let file = "id,phone,start,location,email\n\
                A1,07700 900123,2027-03-29 09:00,1, High Street,a@example.com\n\
                A2,07700 900123,2027-03-29 09:00\n\
                A3,07700 900123,2027-03-29 09:00,x,,,,\n";
    let (rows, notes) = read_with(file.as_bytes(), Format::Csv, &options());
    assert_eq!(problems(&rows).len(), 1);
    assert!(
        problems(&rows)[0]
            .2
            .starts_with("the row has 6 cells, the header 5")
    );
    assert!(
        notes.contains(&"rows with fewer cells than the header: 1, the first on line 3".to_owned()),
        "{notes:?}"
    );
}

#[test]
fn a_row_that_is_too_long_is_refused() {
    let long = "x".repeat(csv_rows::LONGEST_ROW);
    let file = format!(
        "id,phone,start,location\nA1,07700 900123,2027-03-29 09:00,{long}\nA2,07700 900123,2027-03-29 09:00,x\n"
    );
    let rows = csv(file);
    assert_eq!(problems(&rows), [(2, "", "the row is longer than 64 KiB")]);
    assert_eq!(rows[1].as_ref().unwrap().line, 3);
}

#[test]
fn utf16_and_windows_1252_are_read() {
    let file = "id,name,phone,start\nA1,José Müller,07700 900123,2027-03-29 09:00\n";
    let little: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(file.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let big: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(file.encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    let (windows, _, _) = encoding_rs::WINDOWS_1252.encode(file);
    for bytes in [
        &little[..],
        &little[2..],
        &big,
        &big[2..],
        &windows,
        file.as_bytes(),
    ] {
        assert_eq!(good(csv(bytes))[0].name, "José Müller");
    }
    let (_, notes) = read_with(&windows, Format::Csv, &options());
    assert_eq!(
        notes,
        ["rows that are not UTF-8 and were read as Windows-1252: 1, the first on line 2"]
    );
}

#[test]
fn rows_in_different_encodings_are_read_each_and_a_mixed_row_is_refused() {
    let mut file = b"id,name,location,phone,start\n".to_vec();
    file.extend("A1,José,x,07700 900123,2027-03-29 09:00\n".as_bytes());
    file.extend(b"A2,Jos\xe9,x,07700 900123,2027-03-29 09:00\n");
    file.extend("A3,José,".as_bytes());
    file.extend(b"Caf\xe9,07700 900123,2027-03-29 09:00\n");
    let rows = csv(&file);
    assert_eq!(
        problems(&rows),
        [(4, "", "the row mixes UTF-8 with another encoding")]
    );
    assert_eq!(
        rows[0].as_ref().unwrap().name,
        rows[1].as_ref().unwrap().name
    );
}

#[test]
fn zones_are_looked_up_and_near_names_suggested() {
    assert_eq!(
        one("timezone", "america/new_york").unwrap().time_zone,
        "America/New_York"
    );
    for (zone, expected) in [
        (
            "London",
            "there is no time zone of this name; did you mean Europe/London?",
        ),
        (
            "Europe/Lodnon",
            "there is no time zone of this name; did you mean Europe/London?",
        ),
        (
            "Mars/Olympus",
            "there is no time zone of this name; write one such as Europe/London",
        ),
        (
            "EST",
            "an abbreviation does not say when the clocks change; write a place such as America/New_York",
        ),
    ] {
        assert_eq!(reason("timezone", zone), expected);
    }
}

#[test]
fn a_time_the_clocks_skip_is_refused_and_one_they_show_twice_is_the_first() {
    assert!(
        reason("appointment_at", "2027-03-28 01:30").contains("does not exist in Europe/London")
    );
    let row = one("appointment_at", "2026-10-25 01:30").unwrap();
    assert_eq!(
        (row.starts_at.to_string().as_str(), row.local_choice),
        ("2026-10-25T00:30:00Z", LocalChoice::FirstOfTwo)
    );
    let row = one("appointment_at", "2026-10-25T01:30:00+00:00").unwrap();
    assert_eq!(
        (row.starts_at.to_string().as_str(), row.local_choice),
        ("2026-10-25T01:30:00Z", LocalChoice::Exact)
    );
}

#[test]
fn impossible_times_are_refused() {
    assert_eq!(
        reason("appointment_at", "2027-02-30 09:00"),
        "there is no such date"
    );
    assert_eq!(
        reason("appointment_at", ""),
        "the appointment has no date and time"
    );
    assert_eq!(
        reason("appointment_at", "1999-12-31 23:59"),
        "the year is outside 2000 to 2100"
    );
    assert_eq!(
        reason("appointment_at", "2101-01-01 00:00"),
        "the year is outside 2000 to 2100"
    );
    assert_eq!(
        reason("appointment_at", "9999-12-31 23:59"),
        "the year is outside 2000 to 2100"
    );
    assert_eq!(
        reason("appointment_at", "03/29/2027 09:00"),
        "there is no such date when it is read day first; write it as 2027-03-29"
    );
}

#[test]
fn a_contact_abroad_makes_a_short_date_ambiguous() {
    let file = "id,phone,start,country\nA1,(212) 555-0123,03/04/2027 09:00,US\nA2,(212) 555-0123,29/03/2027 09:00,US\n";
    let rows = csv(file);
    assert_eq!(
        problems(&rows),
        [(
            2,
            "start",
            "this can mean 2027-03-04 or 2027-04-03; write it as 2027-03-29"
        )]
    );
    assert_eq!(
        rows[1].as_ref().unwrap().starts_at.to_string(),
        "2027-03-29T08:00:00Z"
    );
}

#[test]
fn numbers_must_be_within_their_range() {
    for value in [
        "0",
        "169",
        "-1",
        "1.5",
        "a day",
        "24h",
        "99999999999999999999",
    ] {
        assert_eq!(
            reason("call_before_hours", value),
            "this must be a whole number of hours from 1 to 168"
        );
    }
    for (value, hours) in [("1", 1), ("168", 168), ("24.0", 24)] {
        assert_eq!(
            one("call_before_hours", value).unwrap().call_before_hours,
            Some(hours)
        );
    }
    for value in ["0", "1441", "half an hour", "0:5"] {
        assert_eq!(
            reason("duration_minutes", value),
            "this must be a whole number of minutes from 1 to 1440"
        );
    }
    for (value, minutes) in [("30", 30), ("30 min", 30), ("45 minutes", 45), ("1:15", 75)] {
        assert_eq!(
            one("duration_minutes", value).unwrap().duration_minutes,
            Some(minutes)
        );
    }
}

#[test]
fn an_id_is_needed_and_its_second_use_is_refused() {
    let file = "id,phone,start\n,07700 900123,2027-03-29 09:00\nA1,07700 900123,2027-03-29 09:00\n A1 ,07700 900123,2027-03-29 10:00\n";
    let rows = csv(file);
    assert!(
        problems(&rows)[0]
            .2
            .starts_with("the appointment has no id")
    );
    assert_eq!(problems(&rows)[1], (4, "id", "line 3 has the same id"));
    assert_eq!(rows.iter().flatten().count(), 1);
}

#[test]
fn control_characters_and_long_cells_are_refused() {
    assert_eq!(
        reason("name", "Ada\u{0}"),
        "the cell holds control characters"
    );
    assert_eq!(
        reason("name", &"x".repeat(201)),
        "the cell is longer than 200 characters"
    );
    assert!(one("name", &"é".repeat(200)).is_ok());
    assert_eq!(
        reason("instructions", &"x".repeat(2001)),
        "the cell is longer than 2000 characters"
    );
    assert_eq!(
        one("name", " Ada \u{200b}\u{a0} Lovelace\n").unwrap().name,
        "Ada Lovelace"
    );
}

#[test]
fn contact_zones_status_and_consent_are_read() {
    let zones = one(
        "contact_timezone",
        "America/New_York; America/Chicago;america/chicago",
    )
    .unwrap()
    .contact_zones;
    assert_eq!(zones, ["America/New_York", "America/Chicago"]);
    assert!(
        reason("contact_timezone", "America/Chicago;Nowhere").starts_with("there is no time zone")
    );
    assert_eq!(
        one("status", "Canceled").unwrap().status,
        AppointmentStatus::Cancelled
    );
    assert_eq!(
        one("status", "Booked").unwrap().status,
        AppointmentStatus::Scheduled
    );
    assert!(
        reason("status", "arrived")
            .starts_with("this status is not known; it may be scheduled, confirmed")
    );
    assert_eq!(
        one("consent_source", "web form")
            .unwrap()
            .consent_source
            .as_deref(),
        Some("web form")
    );
    assert_eq!(
        one("consent_at", "2026-07-01")
            .unwrap()
            .consent_at
            .unwrap()
            .to_string(),
        "2026-06-30T23:00:00Z"
    );
    assert_eq!(
        reason("consent_at", "yes"),
        "this is no date and time; write it as 2027-03-29 09:00"
    );
}

#[test]
fn an_address_that_is_none_does_not_cost_the_reminder() {
    for address in [
        "ada",
        "@example.com",
        "ada@",
        "ada@localhost",
        "ada@example..com",
        "a b@example.com",
    ] {
        let row = one("email", address).unwrap();
        assert_eq!(row.email, None, "{address}");
        assert!(row.warnings.iter().any(|found| found.column == "email"));
    }
}

#[test]
fn json_objects_are_rows() {
    let rows = good(json(
        r#"[
  {"external_id": "A1", "name": "Jos\u00e9 \"Joe\"", "phone": "07700 900123", "appointment_at": "2027-03-29 09:00", "duration_minutes": 30},
  {"external_id": 17, "phone": 447700900123, "appointment_at": "2027-03-29T09:00:00Z", "email": null,
   "contact_timezone": ["Europe/Paris", "Europe/Berlin"]}
]"#,
    ));
    assert_eq!(
        (
            rows[0].line,
            rows[0].name.as_str(),
            rows[0].duration_minutes
        ),
        (2, "José \"Joe\"", Some(30))
    );
    assert_eq!((rows[1].line, rows[1].external_id.as_str()), (3, "17"));
    assert_eq!(
        rows[1].number.as_ref().unwrap().number.e164(),
        "+447700900123"
    );
    assert_eq!(rows[1].contact_zones, ["Europe/Paris", "Europe/Berlin"]);
    assert_eq!(rows[1].email, None);
}

#[test]
fn a_bad_element_of_an_array_spoils_only_itself() {
    let rows = json(
        r#"[{"id": "A1", "phone": "07700 900123", "start": "2027-03-29 09:00"},
            5, null, ["x"],
            {"id": "A2", "id": "A3", "phone": "07700 900123", "start": "2027-03-29 09:00"},
            {"id": {"x": 1}, "phone": "07700 900123", "start": "2027-03-29 09:00"},
            {"id": "A5", "phone": true, "start": "2027-02-30 09:00", "other": {"x": [1]}},
            {"id": "A4", "phone": "07700 900123", "start": "2027-03-29 09:00"}]"#,
    );
    assert_eq!(rows.iter().flatten().count(), 2);
    let lines: Vec<(u64, &str)> = problems(&rows)
        .iter()
        .map(|(line, column, _)| (*line, *column))
        .collect();
    assert_eq!(
        lines,
        [
            (2, ""),
            (2, ""),
            (2, ""),
            (3, ""),
            (4, "id"),
            (5, "start"),
            (5, "phone")
        ]
    );
}

#[test]
fn json_of_another_shape_is_refused_with_its_place() {
    let shape = |text: &str| {
        read_appointments(text.as_bytes(), Format::Json, &options())
            .err()
            .unwrap()
            .to_string()
    };
    assert!(shape("{\"id\": 1}").contains("must be an array of objects"));
    assert_eq!(
        shape("[{\"id\": 1},\n {\"id\"]"),
        "line 2, column 7: expected `:`"
    );
    assert_eq!(shape("[]"), "the file is empty");
    assert_eq!(shape(""), "the file is empty");
    assert!(shape("[{\"x\": 1}]").starts_with("no column external_id"));
    assert!(shape("\u{0}").starts_with("line 1"));
}

#[test]
fn names_and_texts_stay_out_of_debug_output() {
    let shown = format!("{:?}", one("name", "Ada Lovelace").unwrap());
    assert!(
        !shown.contains("Ada") && !shown.contains("900123"),
        "{shown}"
    );
    let shown = format!("{:?}", one("phone", "Ada 07700 900123").unwrap_err());
    assert!(
        !shown.contains("Ada") && !shown.contains("900123"),
        "{shown}"
    );
}

#[test]
fn progress_goes_from_nothing_to_all() {
    let file = "id,phone,start\nA1,07700 900123,2027-03-29 09:00\n";
    let mut import = read_appointments(file.as_bytes(), Format::Csv, &options()).unwrap();
    assert!(import.progress() < 0.5);
    while import.next().is_some() {}
    assert_eq!(import.progress(), 1.0);
}

/// A cell written as CSV, quoted only where it must be.
fn written(cell: &str) -> String {
    let quoted =
        cell.contains([',', '"', '\n', '\r']) || cell.starts_with(' ') || cell.ends_with(' ');
    if quoted {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "[\",;\n\ra-z0-9\\[\\]{}:é]{0,200}") {
        for body in [bytes.as_slice(), text.as_bytes()] {
            let with_header = [b"id,phone,start,name,timezone\n", body].concat();
            for file in [body, &with_header] {
                for format in [Format::Csv, Format::Json] {
                    if let Ok(import) = read_appointments(file, format, &options()) {
                        for bad in import.filter_map(Result::err) {
                            prop_assert!(!bad.problems.is_empty());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_a_csv_writer_writes_is_read_back_line_by_line(
        names in prop::collection::vec("[a-zé\",;\n\r \\|]{0,20}", 1..20),
        end in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let mut file = format!("id,name,phone,start{end}");
        let mut expected = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let line = 1 + file.replace("\r\n", "\n").replace('\r', "\n").matches('\n').count() as u64;
            expected.push((line, name.split_whitespace().collect::<Vec<_>>().join(" ")));
            file += &format!("A{at},{},07700 900123,2027-03-29 09:00{end}", written(name));
        }
        let read: Vec<(u64, String)> = good(csv(&file)).into_iter().map(|row| (row.line, row.name)).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn every_row_is_either_taken_or_refused(
        cells in prop::collection::vec(("[A-C]?[0-9]", "[0-9+x ]{0,14}", "2027-0[0-9]-[0-3][0-9] [0-2][0-9]:[0-6]0"), 0..40)
    ) {
        let rows: String = cells.iter().map(|(id, phone, start)| format!("{id},{phone},{start}\n")).collect();
        let read = csv(format!("id,phone,start\n{rows}"));
        prop_assert_eq!(read.len(), cells.len());
        let mut ids: Vec<String> = read.into_iter().flatten().map(|row| row.external_id).collect();
        let taken = ids.len();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), taken);
    }
}
