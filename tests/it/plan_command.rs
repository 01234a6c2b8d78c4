//! `bellhop plan`, run as a person runs it: files in, a plan out, and no server anywhere.
//!
//! The clock of these tests stands at Friday 26 March 2027, 09:00 in London. That is Good Friday; the Monday
//! after is a holiday too, and on the Sunday between the clocks go forward.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

const NOW: &str = "2027-03-26T09:00:00Z";
const HEADER: &str =
    "external_id,name,phone,appointment_at,timezone,call_before_hours,status,contact_timezone";
/// Weekday hours without holidays, so that only weekends are closed.
const NO_HOLIDAYS: &str = "[hours]\nholidays = \"none\"\n";

#[test]
fn the_element_of_an_appointment_has_exactly_the_promised_keys() -> Result<()> {
    let plan = Case::new("keys")?
        .settings(NO_HOLIDAYS)?
        .plan(&[row("2027-03-31 10:00")])?;
    let keys: Vec<&str> = plan
        .only()?
        .as_object()
        .context("an object")?
        .keys()
        .map(String::as_str)
        .collect();
    let mut expected = [
        "external_id",
        "appointment_at",
        "ideal_at",
        "planned_at",
        "planned_local",
        "adjustment",
        "refused",
        "reasons",
        "retries_if_unanswered",
    ];
    expected.sort_unstable();
    let mut keys = keys;
    keys.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(plan.code, 0);
    Ok(())
}

#[test]
fn a_call_in_open_hours_is_left_where_it_was_asked_for() -> Result<()> {
    let plan = Case::new("asked")?
        .settings(NO_HOLIDAYS)?
        .plan(&[row("2027-03-31 10:00")])?;
    plan.is_only([
        ("external_id", "\"A1\""),
        ("appointment_at", "\"2027-03-31T09:00:00Z\""),
        ("ideal_at", "\"2027-03-30T09:00:00Z\""),
        ("planned_at", "\"2027-03-30T09:00:00Z\""),
        ("planned_local", "\"2027-03-30T10:00:00+01:00\""),
        ("adjustment", "\"none\""),
        ("refused", "null"),
        // Two hours after the first call, then eight hours after the second, which is closed: the next morning.
        (
            "retries_if_unanswered",
            r#"["2027-03-30T11:00:00Z","2027-03-31T07:00:00Z"]"#,
        ),
    ])
}

#[test]
fn a_call_on_a_weekend_moves_forward_to_monday() -> Result<()> {
    let plan = Case::new("forward")?
        .settings(NO_HOLIDAYS)?
        .plan(&[row("2027-03-29 15:00")])?;
    plan.is_only([
        ("ideal_at", "\"2027-03-28T14:00:00Z\""),
        ("planned_at", "\"2027-03-29T07:00:00Z\""),
        ("planned_local", "\"2027-03-29T08:00:00+01:00\""),
        ("adjustment", "\"forward\""),
        ("refused", "null"),
    ])?;
    plan.reasons_say(&[
        "Sunday 28 March 2027 has no calling hours",
        "moved forward to the first open time, Monday 29",
    ])
}

#[test]
fn a_call_that_would_come_too_near_to_the_appointment_moves_backward() -> Result<()> {
    // Monday 08:00 is less than two hours before 09:00; Friday's hours end at 20:00 GMT.
    let plan = Case::new("backward")?
        .settings(NO_HOLIDAYS)?
        .plan(&[row("2027-03-29 09:00")])?;
    plan.is_only([
        ("planned_at", "\"2027-03-26T19:00:00Z\""),
        ("planned_local", "\"2027-03-26T19:00:00+00:00\""),
        ("adjustment", "\"backward\""),
        ("refused", "null"),
    ])?;
    plan.reasons_say(&["less than 2 hours before the appointment", "moved backward"])
}

#[test]
fn a_late_booking_is_called_soon_or_skipped_as_the_settings_say() -> Result<()> {
    let rows = [row("2027-03-26 18:00")];
    let soon = Case::new("late")?.settings(NO_HOLIDAYS)?.plan(&rows)?;
    soon.is_only([
        ("planned_at", "\"2027-03-26T09:00:00Z\""),
        ("adjustment", "\"late\""),
        ("refused", "null"),
    ])?;
    let skip = format!("[reminders]\nlate_booking = \"skip\"\n{NO_HOLIDAYS}");
    let skipped = Case::new("skip")?.settings(&skip)?.plan(&rows)?;
    skipped.is_only([
        ("planned_at", "null"),
        ("planned_local", "null"),
        ("adjustment", "\"late\""),
        ("refused", "\"late_booking\""),
        ("retries_if_unanswered", "[]"),
    ])?;
    skipped.reasons_say(&[
        "became known only on Friday 26 March 2027",
        "late bookings are skipped",
    ])
}

#[test]
fn a_holiday_is_named_among_the_reasons() -> Result<()> {
    let rows = [row("2027-03-30 15:00")];
    let plan = Case::new("holiday")?.plan(&rows)?;
    plan.is_only([
        ("planned_at", "\"2027-03-30T07:00:00Z\""),
        ("adjustment", "\"forward\""),
    ])?;
    plan.reasons_say(&["Monday 29 March 2027 is a holiday: Easter Monday"])
}

#[test]
fn what_is_not_called_has_the_code_of_its_reason() -> Result<()> {
    let rows = [
        "cancelled,,020 7946 0001,2027-03-31 10:00,,,cancelled,".to_owned(),
        "confirmed,,020 7946 0002,2027-03-31 10:00,,,confirmed,".to_owned(),
        "deleted,,020 7946 0003,2027-03-31 10:00,,,deleted,".to_owned(),
        "asked,,020 7946 0004,2027-03-31 10:00,,,reschedule_requested,".to_owned(),
        "numberless,,,2027-03-31 10:00,,,,".to_owned(),
        "past,,020 7946 0005,2027-03-25 10:00,,,,".to_owned(),
        // Good Friday, weekend and Easter Monday leave no time but the last hour.
        "closed,,020 7946 0006,2027-03-30 08:30,,,,".to_owned(),
    ];
    let plan = Case::new("refusals")?.plan(&rows)?;
    let refused: Vec<(&str, &str)> = plan
        .elements
        .iter()
        .filter_map(|each| {
            Some((
                each.get("external_id")?.as_str()?,
                each.get("refused")?.as_str()?,
            ))
        })
        .collect();
    assert_eq!(
        refused,
        [
            ("cancelled", "appointment_cancelled"),
            ("confirmed", "appointment_confirmed"),
            ("deleted", "appointment_cancelled"),
            ("asked", "awaiting_reschedule"),
            ("numberless", "number_missing"),
            ("past", "appointment_past"),
            ("closed", "no_open_time"),
        ]
    );
    for element in &plan.elements {
        ensure!(element.get("planned_at") == Some(&Value::Null), "{element}");
        ensure!(
            element.get("planned_local") == Some(&Value::Null),
            "{element}"
        );
        ensure!(
            element.get("retries_if_unanswered") == Some(&Value::Array(Vec::new())),
            "{element}"
        );
        ensure!(
            element
                .get("reasons")
                .and_then(Value::as_array)
                .is_some_and(|words| !words.is_empty()),
            "{element}"
        );
    }
    Ok(())
}

#[test]
fn consent_is_required_only_where_the_settings_say_so() -> Result<()> {
    let case = Case::new("consent")?;
    let file = case.file(
        "consent.csv",
        "external_id,phone,appointment_at,consent_at\nwith,020 7946 0001,2027-03-31 10:00,2027-01-01 09:00\n\
         without,020 7946 0002,2027-03-31 10:00,\n",
    )?;
    let refusals = |case: &Case| -> Result<Vec<Value>> {
        let plan = case.run_json(&["--file".into(), file.clone()])?;
        Ok(plan
            .elements
            .iter()
            .filter_map(|each| each.get("refused").cloned())
            .collect())
    };
    assert_eq!(refusals(&case)?, [Value::Null, Value::Null]);
    let strict = case.settings("[consent]\nrequired = true\n")?;
    assert_eq!(refusals(&strict)?, [Value::Null, "consent_missing".into()]);
    Ok(())
}

#[test]
fn a_local_time_that_the_clocks_skip_is_a_bad_row_and_the_others_are_planned() -> Result<()> {
    let case = Case::new("gap")?;
    let rejects = case.folder.join("rejects.csv");
    let rows = [
        "gap,,020 7946 0001,2027-03-28 01:30,,,,".to_owned(),
        row("2027-03-31 10:00"),
    ];
    let plan = case.plan_with(&rows, &["--rejects".into(), rejects.display().to_string()])?;
    assert_eq!((plan.code, plan.elements.len()), (1, 1));
    for part in [
        "1 row rejected",
        "line 2, appointment_at",
        "does not exist in Europe/London",
        "2027-03-28 01:30",
    ] {
        ensure!(
            plan.errors.contains(part),
            "{part:?} is not in {}",
            plan.errors
        );
    }
    let written = std::fs::read_to_string(rejects)?;
    ensure!(
        written.starts_with("line,column,value,reason\n2,appointment_at,2027-03-28 01:30,"),
        "{written}"
    );
    Ok(())
}

#[test]
fn each_appointment_is_planned_in_its_own_zone() -> Result<()> {
    let rows = ["A1,,020 7946 0001,2027-03-31 10:00,America/New_York,,,".to_owned()];
    let plan = Case::new("zone")?.plan(&rows)?;
    plan.is_only([
        ("appointment_at", "\"2027-03-31T14:00:00Z\""),
        ("planned_at", "\"2027-03-30T14:00:00Z\""),
        ("planned_local", "\"2027-03-30T10:00:00-04:00\""),
    ])
}

#[test]
fn hours_are_judged_where_the_person_is() -> Result<()> {
    // 24 hours before is 04:00 in New York; its calling hours begin at 08:00, when London has 13:00.
    let rows = ["A1,,020 7946 0001,2027-04-01 09:00,Europe/London,,,America/New_York".to_owned()];
    let plan = Case::new("contact-zone")?.plan(&rows)?;
    plan.is_only([
        ("ideal_at", "\"2027-03-31T08:00:00Z\""),
        ("planned_at", "\"2027-03-31T12:00:00Z\""),
        ("planned_local", "\"2027-03-31T08:00:00-04:00\""),
        ("adjustment", "\"forward\""),
    ])
}

#[test]
fn an_appointment_may_have_its_own_hours_before() -> Result<()> {
    let rows = [
        "A1,,020 7946 0001,2027-04-08 10:00,,48,,".to_owned(),
        "A2,,020 7946 0002,2027-04-08 10:00,,2,,".to_owned(),
    ];
    let plan = Case::new("hours-before")?.plan(&rows)?;
    let planned: Vec<&Value> = plan
        .elements
        .iter()
        .filter_map(|each| each.get("planned_at"))
        .collect();
    assert_eq!(planned, ["2027-04-06T09:00:00Z", "2027-04-08T07:00:00Z"]);
    let retries = plan
        .elements
        .last()
        .and_then(|each| each.get("retries_if_unanswered"));
    assert_eq!(
        retries,
        Some(&Value::Array(Vec::new())),
        "the next try would lie inside the buffer"
    );
    Ok(())
}

#[test]
fn the_retries_follow_the_settings() -> Result<()> {
    let settings = format!(
        "{NO_HOLIDAYS}[retries]\nstrategy = \"backoff\"\nno_answer_hours = 2\nmax_retries = 3\n"
    );
    let plan = Case::new("retries")?
        .settings(&settings)?
        .plan(&["A1,,020 7946 0001,2027-04-08 08:00,,48,,".to_owned()])?;
    plan.is_only([
        ("planned_at", "\"2027-04-06T07:00:00Z\""),
        (
            "retries_if_unanswered",
            r#"["2027-04-06T09:00:00Z","2027-04-06T12:00:00Z","2027-04-06T16:30:00Z"]"#,
        ),
    ])?;
    let none = Case::new("no-retries")?
        .settings("[retries]\nmax_retries = 0\n")?
        .plan(&[row("2027-03-31 10:00")])?;
    none.is_only([("retries_if_unanswered", "[]")])
}

#[test]
fn calls_after_the_days_asked_for_are_counted_and_left_out() -> Result<()> {
    let rows = [
        "near,,020 7946 0001,2027-04-09 09:30,,,,".to_owned(),
        "far,,020 7946 0002,2027-04-13 10:00,,,,".to_owned(),
        "far-and-cancelled,,020 7946 0003,2027-04-13 10:00,,,cancelled,".to_owned(),
    ];
    let case = Case::new("days")?;
    let ids = |plan: &Plan| -> Vec<Value> {
        plan.elements
            .iter()
            .filter_map(|each| each.get("external_id").cloned())
            .collect()
    };
    let plan = case.plan(&rows)?;
    assert_eq!(ids(&plan), ["near"]);
    ensure!(
        plan.errors.contains("2 appointments left out"),
        "{}",
        plan.errors
    );
    let longer = case.plan_with(&rows, &["--days".into(), "17".into()])?;
    assert_eq!(ids(&longer).len(), 3);
    ensure!(!longer.errors.contains("left out"), "{}", longer.errors);
    let shorter = case.plan_with(&rows, &["--days".into(), "1".into()])?;
    assert_eq!((shorter.elements.len(), shorter.code), (0, 0));
    Ok(())
}

#[test]
fn a_tenant_that_is_not_live_is_planned_and_a_note_says_that_nobody_is_dialed() -> Result<()> {
    let plan = Case::new("not-live")?.plan(&[row("2027-03-31 10:00")])?;
    plan.is_only([("refused", "null")])?;
    ensure!(
        plan.errors.contains("not live: nobody is dialed"),
        "{}",
        plan.errors
    );
    ensure!(plan.errors.contains("opt-outs"), "{}", plan.errors);
    let live = "[tenant]\nname = \"Harbour Dental\"\nlive = true\n[retell]\nagent_id = \"agent_1\"\nfrom_number = \"+442079460000\"\n";
    let plan = Case::new("live")?
        .settings(live)?
        .plan(&[row("2027-03-31 10:00")])?;
    ensure!(!plan.errors.contains("not live"), "{}", plan.errors);
    Ok(())
}

#[test]
fn a_comparison_shows_only_the_appointments_whose_calls_change() -> Result<()> {
    let case = Case::new("compare")?;
    let other = case.file("other.toml", "[hours]\nholidays = \"none\"\n")?;
    let rows = [
        // Wanted on Easter Monday: called then, instead of a day later.
        "earlier,,020 7946 0001,2027-03-30 15:00,,,,".to_owned(),
        "same,,020 7946 0002,2027-04-01 10:00,,,,".to_owned(),
        // No time at all with the holidays, Easter Monday without them.
        "called,,020 7946 0003,2027-03-30 08:30,,,,".to_owned(),
    ];
    let plan = case.plan_with(&rows, &["--compare".into(), other])?;
    let shown: Vec<(&Value, &Value, &Value)> = plan
        .elements
        .iter()
        .filter_map(|each| {
            let planned = |which: &str| each.get(which)?.get("planned_at");
            Some((each.get("external_id")?, planned("old")?, planned("new")?))
        })
        .collect();
    assert_eq!(
        shown,
        [
            (
                &"earlier".into(),
                &"2027-03-30T07:00:00Z".into(),
                &"2027-03-29T14:00:00Z".into()
            ),
            (
                &"called".into(),
                &Value::Null,
                &"2027-03-29T07:30:00Z".into()
            ),
        ]
    );
    ensure!(
        plan.errors.contains("1 called earlier") && plan.errors.contains("1 stay as they are"),
        "{}",
        plan.errors
    );
    assert_eq!(plan.code, 0);
    Ok(())
}

#[test]
fn a_comparison_with_the_same_settings_shows_nothing() -> Result<()> {
    let case = Case::new("compare-same")?;
    let other = case.file("other.toml", "")?;
    let rows = [
        row("2027-03-31 10:00"),
        "gap,,020 7946 0002,2027-03-28 01:30,,,,".to_owned(),
    ];
    let plan = case.plan_with(&rows, &["--compare".into(), other])?;
    assert_eq!((plan.elements.len(), plan.code), (0, 1));
    ensure!(
        plan.errors.matches("line 3").count() == 1 && plan.errors.contains("1 stay"),
        "{}",
        plan.errors
    );
    Ok(())
}

#[test]
fn a_comparison_reads_each_row_by_both_settings() -> Result<()> {
    let case = Case::new("compare-zone")?;
    let other = case.file("other.toml", "[tenant]\ntimezone = \"America/New_York\"\n")?;
    let rows = [
        row("2027-03-31 10:00"),
        "gap,,020 7946 0002,2027-03-28 01:30,,,,".to_owned(),
    ];
    let plan = case.plan_with(&rows, &["--compare".into(), other])?;
    let [moved, gap] = plan.elements.as_slice() else {
        anyhow::bail!("{:?}", plan.elements)
    };
    let at = |which: &str| moved.get(which).and_then(|each| each.get("appointment_at"));
    assert_eq!(at("old"), Some(&"2027-03-31T09:00:00Z".into()));
    assert_eq!(at("new"), Some(&"2027-03-31T14:00:00Z".into()));
    ensure!(
        gap.get("old") == Some(&Value::Null) && gap.get("new").is_some_and(Value::is_object),
        "{gap}"
    );
    ensure!(
        plan.errors.contains("(with the old settings)") && plan.code == 1,
        "{}",
        plan.errors
    );
    Ok(())
}

#[test]
fn a_table_shows_local_times_reasons_and_a_summary() -> Result<()> {
    let case = Case::new("table")?.settings(NO_HOLIDAYS)?;
    let file = case.csv(&[
        row("2027-03-29 15:00"),
        "A2,,020 7946 0002,2027-03-31 10:00,,,cancelled,".to_owned(),
    ])?;
    let output = case.run(&["--file".into(), file])?;
    let text = String::from_utf8(output.stdout)?;
    for part in [
        "Mon 2027-03-29 15:00 BST",
        "Mon 2027-03-29 08:00 BST",
        "forward",
        "Sunday 28 March 2027 has no calling hours",
        "appointment_cancelled",
        "the appointment was cancelled",
        "2 appointments until Fri 2027-04-09 10:00 BST: 1 to be called (1 moved forward), 1 not called (1 appointment_cancelled)",
    ] {
        ensure!(text.contains(part), "{part:?} is not in\n{text}");
    }
    let other = case.file("other.toml", "[reminders]\ncall_before_hours = 48\n")?;
    let file = case.csv(&[row("2027-04-01 15:00")])?;
    let output = case.run(&["--file".into(), file, "--compare".into(), other])?;
    let text = String::from_utf8(output.stdout)?;
    for part in [
        "Wed 2027-03-31 15:00 BST",
        "Tue 2027-03-30 15:00 BST",
        "the new settings change 1 appointment",
    ] {
        ensure!(text.contains(part), "{part:?} is not in\n{text}");
    }
    Ok(())
}

#[test]
fn a_rush_beyond_the_limit_is_foretold() -> Result<()> {
    let rows: Vec<String> = (0..30)
        .map(|id| format!("A{id},,020 7946 00{id:02},2027-03-31 10:0{},,,,", id % 10))
        .collect();
    let plan = Case::new("rush")?.plan(&rows)?;
    ensure!(
        plan.errors
            .contains("30 first calls fall within 15 minutes from Tue 2027-03-30 10:00 BST"),
        "{}",
        plan.errors
    );
    Ok(())
}

#[test]
fn bad_settings_are_refused_with_every_field_and_reason() -> Result<()> {
    let case = Case::new("bad-settings")?;
    let file = case.csv(&[row("2027-03-31 10:00")])?;
    let bad = case.file(
        "bad.toml",
        "[hours]\nmonday = [\"22:00-02:00\"]\n[retries]\nmax_retries = 9\nwrong = 1\n",
    )?;
    let good = case.file("good.toml", "")?;
    for arguments in [
        vec!["--settings", bad.as_str()],
        vec!["--settings", &good, "--compare", &bad],
    ] {
        let output = bellhop()
            .args(["plan", "--file", &file, "--json"])
            .args(arguments)
            .output()?;
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        let errors = String::from_utf8(output.stderr)?;
        for part in [
            "hours.monday[0]",
            "write two windows on two days",
            "retries.max_retries",
            "must be 0 to 5",
            "retries.wrong",
        ] {
            ensure!(errors.contains(part), "{part:?} is not in {errors}");
        }
    }
    Ok(())
}

#[test]
fn a_file_that_cannot_be_read_as_a_whole_is_refused() -> Result<()> {
    let case = Case::new("bad-file")?;
    let missing = case.folder.join("missing.csv").display().to_string();
    for (file, part) in [
        (missing, "cannot read"),
        (
            case.file("wrong.csv", "a,b\n1,2\n")?,
            "no column external_id",
        ),
        (case.file("wrong.json", "{}")?, "array"),
    ] {
        let output = case.run(&["--file".into(), file])?;
        let errors = String::from_utf8(output.stderr)?;
        ensure!(
            output.status.code() == Some(2) && errors.contains(part),
            "{part:?} is not in {errors}"
        );
    }
    Ok(())
}

#[test]
fn the_rejects_file_cannot_be_one_that_is_read() -> Result<()> {
    let case = Case::new("rejects-itself")?;
    let file = case.csv(&[row("2027-03-28 01:30")])?;
    let before = std::fs::read(&file)?;
    let output = case.run(&[
        "--file".into(),
        file.clone(),
        "--rejects".into(),
        file.clone(),
    ])?;
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read(&file)?, before);
    Ok(())
}

/// Told before anything asks for a server, so that it can be tested here.
#[test]
fn nor_can_an_imports_be_one_that_is_read_or_written_besides() -> Result<()> {
    let case = Case::new("import-rejects")?;
    let file = case.csv(&[row("2027-03-28 01:30")])?;
    let mapping = case.file("mapping.toml", "external_id = \"external_id\"\n")?;
    // Not there yet: the import would make it.
    let warnings = file.replace(".csv", ".warnings.csv");
    let read = || Ok::<_, anyhow::Error>((std::fs::read(&file)?, std::fs::read(&mapping)?));
    let before = read()?;
    for rejects in [&file, &mapping, &warnings] {
        let output = bellhop()
            .args(["import", "--tenant", "harbour-dental", "--file", &file])
            .args(["--mapping", &mapping, "--rejects", rejects])
            .output()?;
        let errors = String::from_utf8(output.stderr)?;
        ensure!(
            output.status.code() == Some(2) && errors.contains("--rejects names"),
            "{rejects}: {errors}"
        );
        ensure!(read()? == before, "{rejects} is gone");
    }
    Ok(())
}

#[test]
fn a_mapping_names_the_headers_of_an_unusual_file() -> Result<()> {
    let case = Case::new("mapping")?;
    let file = case.file(
        "odd.csv",
        "Kundennummer;Rufnummer;Beginn\nK1;020 7946 0001;2027-03-31 10:00\n",
    )?;
    let mapping = case.file(
        "mapping.toml",
        "external_id = \"Kundennummer\"\nphone = \"Rufnummer\"\nappointment_at = \"Beginn\"\n",
    )?;
    let plan = case.run_json(&["--file".into(), file, "--mapping".into(), mapping])?;
    plan.is_only([
        ("external_id", "\"K1\""),
        ("planned_at", "\"2027-03-30T09:00:00Z\""),
    ])
}

#[test]
fn json_appointments_are_planned_too() -> Result<()> {
    let case = Case::new("json")?;
    let file = case.file(
        "appointments.json",
        r#"[{"external_id": "J1", "phone": "020 7946 0001", "appointment_at": "2027-03-31T10:00:00+01:00"}]"#,
    )?;
    let plan = case.run_json(&["--file".into(), file])?;
    plan.is_only([
        ("external_id", "\"J1\""),
        ("planned_at", "\"2027-03-30T09:00:00Z\""),
    ])
}

#[test]
fn without_now_the_clock_counts() -> Result<()> {
    let case = Case::new("clock")?;
    let file = case.csv(&[
        row("2001-01-01 10:00"),
        "A2,,020 7946 0002,2099-01-05 10:00,,,,".to_owned(),
    ])?;
    let output = bellhop()
        .args(["plan", "--json", "--file", &file])
        .output()?;
    let plan = Plan::of(output)?;
    plan.is_only([
        ("external_id", "\"A1\""),
        ("refused", "\"appointment_past\""),
    ])
}

#[test]
fn cells_cannot_steer_the_terminal() -> Result<()> {
    let case = Case::new("escapes")?;
    let plan = case.plan(&["A1,,020 7946 0001,\u{1b}[31mred,,,,".to_owned()])?;
    ensure!(
        plan.code == 1 && !plan.errors.contains('\u{1b}'),
        "{:?}",
        plan.errors
    );
    Ok(())
}

/// A row of one appointment without anything special.
fn row(appointment_at: &str) -> String {
    format!("A1,Ann,020 7946 0001,{appointment_at},,,,")
}

fn bellhop() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellhop"));
    // Whatever servers the shell has: none of them is needed.
    command.env_clear();
    command
}

/// A folder of its own, with settings once they are given.
struct Case {
    folder: PathBuf,
    settings: Option<String>,
}

impl Case {
    fn new(name: &str) -> Result<Case> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("plan-{name}"));
        std::fs::create_dir_all(&folder)?;
        Ok(Case {
            folder,
            settings: None,
        })
    }

    fn file(&self, name: &str, text: &str) -> Result<String> {
        let path = self.folder.join(name);
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    }

    fn settings(self, toml: &str) -> Result<Case> {
        let settings = Some(self.file("tenant.toml", toml)?);
        Ok(Case { settings, ..self })
    }

    fn csv(&self, rows: &[String]) -> Result<String> {
        self.file(
            "appointments.csv",
            &format!("{HEADER}\n{}\n", rows.join("\n")),
        )
    }

    fn run(&self, arguments: &[String]) -> Result<Output> {
        let mut command = bellhop();
        command.args(["plan", "--now", NOW]).args(arguments);
        if let Some(settings) = &self.settings {
            command.args(["--settings", settings]);
        }
        Ok(command.output()?)
    }

    fn run_json(&self, arguments: &[String]) -> Result<Plan> {
        Plan::of(self.run(&[arguments, &["--json".to_owned()]].concat())?)
    }

    fn plan(&self, rows: &[String]) -> Result<Plan> {
        self.plan_with(rows, &[])
    }

    fn plan_with(&self, rows: &[String], arguments: &[String]) -> Result<Plan> {
        self.run_json(&[&["--file".to_owned(), self.csv(rows)?], arguments].concat())
    }
}

/// What `bellhop plan --json` answered.
struct Plan {
    elements: Vec<Value>,
    errors: String,
    code: i32,
}

impl Plan {
    fn of(output: Output) -> Result<Plan> {
        let errors = String::from_utf8(output.stderr)?;
        let elements = serde_json::from_slice(&output.stdout).with_context(|| errors.clone())?;
        Ok(Plan {
            elements,
            errors,
            code: output.status.code().context("an exit code")?,
        })
    }

    fn only(&self) -> Result<&Value> {
        let [only] = self.elements.as_slice() else {
            anyhow::bail!("{:?}, {}", self.elements, self.errors)
        };
        Ok(only)
    }

    /// The only element has these values, written as JSON.
    fn is_only<const COUNT: usize>(&self, expected: [(&str, &str); COUNT]) -> Result<()> {
        let only = self.only()?;
        for (key, value) in expected {
            let found = only.get(key).context("the key")?.to_string();
            ensure!(found == value, "{key} is {found}, not {value}, in {only:#}");
        }
        Ok(())
    }

    fn reasons_say(&self, parts: &[&str]) -> Result<()> {
        let reasons = self.only()?.get("reasons").context("reasons")?.to_string();
        for part in parts {
            ensure!(reasons.contains(part), "{part:?} is not in {reasons}");
        }
        Ok(())
    }
}
