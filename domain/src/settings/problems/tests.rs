use jiff::civil::date;

use crate::{
    alert::Channel,
    context,
    holidays::HolidayCalendar,
    inbound,
    settings::{LateBooking, RetryStrategy, Settings, SmtpTls, TimeOfDay, Told},
};

const EVERYTHING: &str = r#"
[tenant]
name = "Harbour Dental"
timezone = "Europe/London"
country = "GB"
live = true
health_mode = true
locale = "en-GB"
callback_number = "020 7946 0123"

[reminders]
call_before_hours = 48
minimum_lead_hours = 3
appointment_buffer_hours = 2
last_start_minutes = 30
late_booking = "skip"

[hours]
monday = ["08:00-12:00", "13:00-24:00"]
tuesday = ["00:00-02:00"]
wednesday = []
thursday = []
friday = []
saturday = ["09:00-12:00"]
sunday = []
holidays = ["2027-01-01", 2027-12-27]

[retries]
max_retries = 5
strategy = "backoff"
no_answer_hours = 3
voicemail_hours = 9
busy_hours = 2
failed_hours = 5

[limits]
per_15_minutes = 10
per_day = 100
concurrent = 2
same_number_cooldown_minutes = 0
per_contact_per_day = 3
per_contact_per_week = 0

[consent]
required = true

[retell]
agent_id = "agent_1"
from_number = "+442079460123"
calls_per_second = 0
outcome_field = "what_they_want"

[vapi]
assistant_id = "8a7b-assistant"
phone_number_id = "9e8d-number"
outcome_field = "what_they_want"
fallback = "forward"
fallback_assistant_id = "8a7c-assistant"
forward_to = "+442079460125"
apology = "We are closed."

[inbound]
numbers = ["+442079460124"]
agent_ids = ["agent_2", "8a7b-assistant"]
shared_numbers = ["+442079460199"]
tell = ["name", "issues", "sentiment"]
override_agent_id = "agent_3"

[scripts]
health = "Hello {customer_first_name}. {promotion}"

[[announcements]]
name = "promotion"
text = "Two for one"
from = 2027-01-01
until = "2027-01-31"

[alerts]
critical = ["sms", "slack"]
error = ["email"]
warning = []
info = []
digest_minutes = 10
quiet_minutes = 20
processing_seconds = 7
failure_percent = 0.5
failure_minimum = 50
queue_length = 500
not_placed_minutes = 6
not_started_minutes = 3

[alerts.slack]
enabled = true

[alerts.email]
to = ["desk@harbour.example", "owner@harbour.example"]
from = "bellhop@harbour.example"
smtp_host = "smtp.harbour.example"
smtp_port = 465
smtp_tls = "implicit"
smtp_user = "bellhop"

[alerts.sms]
to = ["+447700900123"]
from = "Harbour"
account = "AC0123456789abcdef0123456789abcdef"

[events]
tries = 5
first_delay_seconds = 10
delay_factor = 2.5
longest_delay_seconds = 600

[report]
enabled = true
at = "07:30"
channels = ["email"]
"#;

fn fields(toml: &str) -> Vec<String> {
    Settings::from_toml(toml)
        .unwrap_err()
        .into_iter()
        .map(|problem| problem.field)
        .collect()
}

fn reason(toml: &str) -> String {
    let problems = Settings::from_toml(toml).unwrap_err();
    let [problem] = problems.as_slice() else {
        panic!("{problems:?}")
    };
    problem.to_string()
}

#[test]
fn an_empty_file_means_the_defaults() {
    let settings = Settings::from_toml("").unwrap();
    assert_eq!(settings, Settings::default());
    assert_eq!(settings.reminders.call_before_hours, 24);
    assert_eq!(
        settings
            .hours
            .friday
            .first()
            .map(ToString::to_string)
            .as_deref(),
        Some("08:00-20:00")
    );
    assert_eq!(settings.retries.strategy, RetryStrategy::Adaptive);
    assert_eq!(
        settings.inbound.tell,
        [
            Told::Name,
            Told::Appointments,
            Told::LastCall,
            Told::Issues,
            Told::FreeTimes
        ]
    );
    assert!(!settings.tenant.live);
    assert_eq!(settings.problems(), []);
}

#[test]
fn every_key_is_read_and_survives_storage_as_json() {
    let settings = Settings::from_toml(EVERYTHING).unwrap();
    assert_eq!(settings.reminders.late_booking, LateBooking::Skip);
    assert_eq!(
        settings.hours.holidays,
        HolidayCalendar::Dates(vec![date(2027, 1, 1), date(2027, 12, 27)])
    );
    assert_eq!(settings.hours.monday.len(), 2);
    assert_eq!(
        settings.announcements.first().and_then(|each| each.until),
        Some(date(2027, 1, 31))
    );
    assert_eq!(settings.alerts.critical, [Channel::Sms, Channel::Slack]);
    assert_eq!(settings.alerts.email.smtp_tls, SmtpTls::Implicit);
    assert_eq!(settings.events.delay_factor, Some(2.5));
    assert_eq!(settings.report.at, TimeOfDay::new(7, 30));
    assert_eq!(
        settings.inbound.tell,
        [Told::Name, Told::Issues, Told::Sentiment]
    );
    let json = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
}

#[test]
fn every_problem_is_named_at_once() {
    let toml = r#"
[tenant]
timezone = "Europe/Lodnon"
country = "Britain"
live = "yes"
[reminders]
call_before_hours = 169
minimum_lead_hours = -1
late_booking = "maybe"
colour = "green"
[hours]
monday = ["08:00-12:00", "11:00-13:00", "22:00-02:00", "9-5"]
holidays = "wales"
[retries]
max_retries = 6
busy_hours = 0
[limits]
per_day = 0
concurrent = 0
[retell]
from_number = "020 7946 0123"
[inbound]
numbers = ["+442079460123", "020 7946 0123"]
agent_ids = ["agent 1", ""]
shared_numbers = ["+0"]
tell = ["name", "colour"]
override_agent_id = " "
colour = "green"
[[announcements]]
name = "two words"
text = " "
[colours]
[alerts]
critical = ["slack", "pigeon"]
digest_minutes = 0
failure_percent = 101.0
queue_length = "many"
[alerts.email]
to = ["desk@harbour.example", "desk"]
smtp_port = 70000
colour = "green"
[alerts.sms]
account = "AC1"
[alerts.pager]
to = ["somebody"]
[events]
tries = 0
delay_factor = 0.5
[report]
at = "24:00"
channels = ["sms"]
"#;
    let mut expected = vec![
        "alerts.critical[1]",
        "alerts.digest_minutes",
        "alerts.email.colour",
        "alerts.email.from",
        "alerts.email.smtp_host",
        "alerts.email.smtp_port",
        "alerts.email.to[1]",
        "alerts.failure_percent",
        "alerts.pager",
        "alerts.queue_length",
        "alerts.sms.account",
        "events.delay_factor",
        "events.tries",
        "report.at",
        "report.channels[0]",
        "announcements[0].name",
        "announcements[0].text",
        "colours",
        "hours.holidays",
        "hours.monday[3]",
        "inbound.agent_ids[0]",
        "inbound.agent_ids[1]",
        "inbound.colour",
        "inbound.numbers[1]",
        "inbound.override_agent_id",
        "inbound.shared_numbers[0]",
        "inbound.tell[1]",
        "limits.concurrent",
        "limits.per_day",
        "reminders.call_before_hours",
        "reminders.colour",
        "reminders.late_booking",
        "reminders.minimum_lead_hours",
        "retell.from_number",
        "retries.busy_hours",
        "retries.max_retries",
        "tenant.country",
        "tenant.live",
        "tenant.timezone",
    ];
    expected.sort_unstable();
    let mut found = fields(toml);
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn windows_that_cannot_be_meant_are_refused_with_advice() {
    let windows = |text: &str| format!("[hours]\nmonday = [{text}]");
    assert_eq!(
        reason(&windows("\"22:00-02:00\"")),
        "hours.monday[0] = 22:00-02:00: ends before it starts; write two windows on two days: \
         \"22:00-24:00\" and \"00:00-02:00\" on the next day"
    );
    assert!(reason(&windows("\"20:00-00:00\"")).ends_with("write \"20:00-24:00\""));
    assert!(reason(&windows("\"08:00-08:00\"")).contains("is empty"));
    assert!(reason(&windows("\"08:00-12:00\", \"11:59-13:00\"")).starts_with("hours.monday[1]"));
    assert!(reason(&windows("\"08:00-25:00\"")).contains("no time of day"));
    assert!(Settings::from_toml(&windows("\"12:00-24:00\", \"08:00-12:00\"")).is_ok());
}

#[test]
fn a_week_without_any_calling_hours_is_refused() {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
        .map(|day| format!("{day} = []"))
        .join("\n");
    assert!(reason(&format!("[hours]\n{days}")).contains("nobody would ever be dialed"));
}

#[test]
fn contradictions_are_refused() {
    assert!(
        reason("[reminders]\nminimum_lead_hours = 1\nappointment_buffer_hours = 2").starts_with(
            "reminders.minimum_lead_hours = 1: must not be less than appointment_buffer_hours"
        )
    );
    assert!(
        reason("[reminders]\ncall_before_hours = 2\nminimum_lead_hours = 3\nappointment_buffer_hours = 3")
            .starts_with("reminders.call_before_hours = 2: lies inside appointment_buffer_hours")
    );
}

#[test]
fn a_live_tenant_needs_what_a_call_needs() {
    assert_eq!(
        fields("[tenant]\nlive = true"),
        ["tenant.name", "retell.agent_id", "retell.from_number"]
    );
}

#[test]
fn broken_toml_is_shown_by_line_and_column() {
    let problems = Settings::from_toml("[tenant]\nname = \"Harbour\nlive = true\n").unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].field.starts_with("line 2, column "),
        "{problems:?}"
    );
    assert_eq!(problems[0].value, "name = \"Harbour");
    assert!(fields("[tenant]\nlive = true\nlive = false\n")[0].starts_with("line 3"));
}

#[test]
fn a_whole_list_in_the_wrong_place_is_one_problem() {
    assert_eq!(
        fields("[reminders]\ncall_before_hours = [24]"),
        ["reminders.call_before_hours"]
    );
    assert_eq!(
        fields("[hours]\nholidays = [\"2027-02-30\", \"2027-01-01\"]"),
        ["hours.holidays[0]"]
    );
    assert_eq!(fields("tenant = 1"), ["tenant"]);
}

#[test]
fn hours_too_short_for_the_last_start_are_advised_against() {
    let settings = |to: &str| {
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday"];
        Settings::from_toml(&format!(
            "[hours]\n{}",
            days.map(|day| format!("{day} = [\"09:00-{to}\"]"))
                .join("\n")
        ))
        .unwrap()
    };
    assert_eq!(
        settings("09:59").advice()[0].field,
        "reminders.last_start_minutes"
    );
    assert_eq!(settings("10:00").advice(), []);
    let over_midnight = "[hours]\nmonday = [\"23:30-24:00\"]\ntuesday = [\"00:00-00:30\"]\nwednesday = []\nthursday = []\nfriday = []";
    assert_eq!(Settings::from_toml(over_midnight).unwrap().advice(), []);
}

#[test]
fn a_script_that_could_not_be_spoken_is_refused() {
    assert_eq!(
        reason("[scripts]\nhealth = \"Hi {customer_frist_name}\""),
        "scripts.health: there is no placeholder {customer_frist_name}; did you mean {customer_first_name}?"
    );
    assert_eq!(
        fields("[scripts]\nhealth = \"{customer_name}, your biopsy\"\ngeneral = \" \""),
        ["scripts.health", "scripts.health", "scripts.general"]
    );
    let general =
        "[tenant]\nhealth_mode = false\n[scripts]\ngeneral = \"{customer_name}, your biopsy\"";
    assert!(Settings::from_toml(general).is_ok());
}

#[test]
fn a_script_may_name_the_announcements_and_nothing_else_of_them() {
    let with = |announcement: &str, script: &str| {
        format!(
            "[scripts]\ngeneral = \"Hello. {script}\"\n[[announcements]]\nname = \"offer\"\n{announcement}"
        )
    };
    assert!(Settings::from_toml(&with("text = \"Two for one\"", "{offer}")).is_ok());
    assert_eq!(
        fields(&with("text = \"Two for one\"", "{ofer}")),
        ["scripts.general"]
    );
    // The announcement is what is wrong here, not the script that names it.
    assert_eq!(
        fields(&with("texts = \"Two for one\"", "{offer}")),
        ["announcements[0]"]
    );
}

#[test]
fn an_announcement_cannot_take_the_name_of_a_built_in_variable() {
    for name in context::VARIABLES.iter().chain(inbound::VARIABLES) {
        assert_eq!(
            reason(&format!(
                "[[announcements]]\nname = \"{name}\"\ntext = \"Two for one\""
            )),
            format!(
                "announcements[0].name = {name}: is a variable of every call already; choose another name"
            )
        );
    }
}

#[test]
fn a_channel_needs_what_it_takes_to_send() {
    assert_eq!(
        fields("[alerts.email]\nto = [\"desk@harbour.example\"]"),
        ["alerts.email.from", "alerts.email.smtp_host"]
    );
    assert_eq!(
        fields("[alerts.sms]\nto = [\"+447700900123\"]"),
        ["alerts.sms.from", "alerts.sms.account"]
    );
    // What is unreadable is named once, and not as missing too.
    assert_eq!(
        fields(
            "[alerts.email]\nto = [\"desk@harbour.example\"]\nfrom = 5\nsmtp_host = \"localhost\""
        ),
        ["alerts.email.from"]
    );
}

#[test]
fn addresses_numbers_and_senders_are_told_apart_from_slips() {
    let mail = |to: &str| {
        format!(
            "[alerts.email]\nto = [\"{to}\"]\nfrom = \"a@b.example\"\nsmtp_host = \"mail.example\""
        )
    };
    for right in [
        "desk@harbour.example",
        "a.b+c@sub.host-1.example",
        "root@localhost",
    ] {
        assert!(Settings::from_toml(&mail(right)).is_ok(), "{right}");
    }
    for wrong in [
        "desk",
        "@example.com",
        "a@",
        "a@b@c",
        "a b@c.example",
        "Ada <a@b.example>",
        "a@b..c",
    ] {
        assert_eq!(fields(&mail(wrong)), ["alerts.email.to[0]"], "{wrong}");
    }
    for right in [
        "+442079460000",
        "Harbour 1",
        "MG0123456789abcdef0123456789abcdef",
    ] {
        assert!(
            Settings::from_toml(&format!("[alerts.sms]\nfrom = \"{right}\"")).is_ok(),
            "{right}"
        );
    }
    for wrong in ["", "020 7946 0000", "Harbour Dental", "12345", "MG 1!"] {
        assert_eq!(
            fields(&format!("[alerts.sms]\nfrom = \"{wrong}\"")),
            ["alerts.sms.from"],
            "{wrong}"
        );
    }
}

#[test]
fn a_password_is_never_sent_in_clear_over_the_network() {
    let with = |host: &str, tls: &str| {
        format!(
            "[alerts.email]\nsmtp_host = \"{host}\"\nsmtp_tls = \"{tls}\"\nsmtp_user = \"bellhop\""
        )
    };
    assert_eq!(
        fields(&with("smtp.example.com", "none")),
        ["alerts.email.smtp_tls"]
    );
    assert!(Settings::from_toml(&with("smtp.example.com", "starttls")).is_ok());
    assert!(Settings::from_toml(&with("127.0.0.1", "none")).is_ok());
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    for (section, key) in [
        ("alerts.slack", "webhook_url"),
        ("alerts.email", "smtp_password"),
        ("alerts.sms", "auth_token"),
        ("retell", "api_key"),
    ] {
        let problem = reason(&format!("[{section}]\n{key} = \"hunter2\""));
        assert!(
            problem.starts_with(&format!(
                "{section}.{key}: is no setting; `bellhop tenant add-key`"
            )),
            "{problem}"
        );
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}

#[test]
fn the_report_does_not_come_at_a_time_that_is_skipped_or_repeated() {
    let text =
        |zone: &str, at: &str| format!("[tenant]\ntimezone = \"{zone}\"\n[report]\nat = \"{at}\"");
    for (zone, at) in [
        ("Europe/London", "01:30"),
        ("Europe/London", "01:00"),
        ("Europe/Berlin", "02:59"),
        ("America/New_York", "01:00"),
        ("America/New_York", "02:30"),
        ("Australia/Lord_Howe", "01:45"),
        ("Africa/Cairo", "00:30"),
        ("Africa/Cairo", "23:30"),
    ] {
        assert_eq!(fields(&text(zone, at)), ["report.at"], "{zone} {at}");
    }
    for (zone, at) in [
        ("Europe/London", "00:59"),
        ("Europe/London", "02:00"),
        ("Europe/Berlin", "01:30"),
        ("America/New_York", "03:00"),
        ("Asia/Kolkata", "01:30"),
        ("UTC", "01:30"),
    ] {
        assert!(Settings::from_toml(&text(zone, at)).is_ok(), "{zone} {at}");
    }
    let off = "[tenant]\ntimezone = \"Europe/London\"\n[report]\nenabled = false\nat = \"01:30\"";
    assert!(Settings::from_toml(off).is_ok());
}

#[test]
fn critical_trouble_and_the_report_must_reach_somebody() {
    assert_eq!(fields("[alerts]\ncritical = []"), ["alerts.critical"]);
    assert_eq!(fields("[report]\nchannels = []"), ["report.channels"]);
    assert!(Settings::from_toml("[report]\nenabled = false\nchannels = []").is_ok());
}

#[test]
fn delays_that_shrink_are_refused() {
    assert!(
        reason("[events]\nfirst_delay_seconds = 60\nlongest_delay_seconds = 30").starts_with(
            "events.longest_delay_seconds = 30: must not be less than first_delay_seconds (60)"
        )
    );
}

#[test]
fn the_examples_are_right() {
    for (name, example) in [
        ("tenant", include_str!("../../../../examples/tenant.toml")),
        (
            "any-hour",
            include_str!("../../../../examples/any-hour.toml"),
        ),
    ] {
        let read = Settings::from_toml(example);
        assert!(read.is_ok(), "{name}: {read:?}");
    }
}
