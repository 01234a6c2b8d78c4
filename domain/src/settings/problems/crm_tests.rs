use crate::{
    crm::Field,
    settings::{Cleared, CrmImport, CrmProvider, DataCentre, Rule, Settings, TimeOfDay},
};

fn fields(toml: &str) -> Vec<String> {
    match Settings::from_toml(toml) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.into_iter().map(|each| each.field).collect(),
    }
}

#[test]
fn every_key_of_the_crm_is_read() {
    let settings = Settings::from_toml(
        r#"
[crm]
provider = "zoho"
data_centre = "uk"
import = "all"
accounts_url = "https://accounts.zoho.uk"
api_url = "https://www.zohoapis.uk"
module = "Leads"
reference_field = "Bellhop_Id"
rule = "theirs"
cleared = "follow"
push_notes = false
push_calls = false
reconcile_at = "03:15"
requests_per_minute = 30
requests_per_day = 2000
channel_hours = 168
[crm.fields]
last_name = "Surname"
phone = "Mobile"
do_not_call = "Do_Not_Call"
[crm.rules]
email = "ask"
"#,
    );
    let crm = settings.unwrap().crm;
    assert_eq!(crm.provider, CrmProvider::Zoho);
    assert_eq!(crm.data_centre, DataCentre::UnitedKingdom);
    assert_eq!(crm.cleared, Cleared::Follow);
    assert_eq!(crm.import, CrmImport::All);
    assert_eq!(crm.reconcile_at, TimeOfDay::new(3, 15));
    assert_eq!(crm.rule_of(Field::Email), Rule::Ask);
    assert_eq!(crm.rule_of(Field::Phone), Rule::Theirs);
    let mapped: Vec<_> = crm.mapped().collect();
    assert_eq!(
        mapped,
        [
            (Field::LastName, "Surname"),
            (Field::Phone, "Mobile"),
            (Field::DoNotCall, "Do_Not_Call")
        ]
    );
}

#[test]
fn what_cannot_be_is_refused_by_its_field() {
    let table = [
        ("provider = \"hubspot\"", "crm.provider"),
        ("data_centre = \"moon\"", "crm.data_centre"),
        (
            "accounts_url = \"http://accounts.zoho.eu\"",
            "crm.accounts_url",
        ),
        ("api_url = \"https://www.zohoapis.eu/crm\"", "crm.api_url"),
        ("api_url = \"https://user@host\"", "crm.api_url"),
        ("module = \"My Contacts\"", "crm.module"),
        ("module = \"\"", "crm.module"),
        ("reference_field = \"id\"", "crm.reference_field"),
        ("reference_field = \"\"", "crm.reference_field"),
        ("rule = \"oldest\"", "crm.rule"),
        ("cleared = \"never\"", "crm.cleared"),
        ("reconcile_at = \"24:00\"", "crm.reconcile_at"),
        ("requests_per_minute = 0", "crm.requests_per_minute"),
        ("requests_per_day = 0", "crm.requests_per_day"),
        ("channel_hours = 169", "crm.channel_hours"),
        ("colour = \"green\"", "crm.colour"),
        ("client_secret = \"s\"", "crm.client_secret"),
        (
            "fields = { last_name = \"Last Name\" }",
            "crm.fields.last_name",
        ),
        (
            "fields = { last_name = \"Modified_Time\" }",
            "crm.fields.last_name",
        ),
        (
            "fields = { last_name = \"Name\", email = \"Name\" }",
            "crm.fields.email",
        ),
        ("fields = { colour = \"Colour\" }", "crm.fields.colour"),
        ("fields = { last_name = \"\" }", "crm.fields.last_name"),
        ("rules = { email = \"oldest\" }", "crm.rules.email"),
        (
            "rules = { do_not_call = \"ours\" }",
            "crm.rules.do_not_call",
        ),
        (
            "provider = \"zoho\"\nfields = { email = \"Email\" }",
            "crm.fields.last_name",
        ),
    ];
    for (line, field) in table {
        assert_eq!(fields(&format!("[crm]\n{line}\n")), [field], "{line}");
    }
}

#[test]
fn a_secret_is_never_repeated() {
    let toml = "[crm]\nrefresh_token = \"1000.abcdef\"";
    let problems = Settings::from_toml(toml).unwrap_err();
    assert!(!format!("{problems:?}").contains("1000.abcdef"));
}
