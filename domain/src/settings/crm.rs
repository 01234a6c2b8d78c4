//! Settings of the CRM: which one, what of a contact is kept in step with it, and who is right when both changed.
//!
//! No secret is a setting: the OAuth client's id, its secret and the refresh token are stored encrypted, under the
//! provider codes of [`SECRETS`]. The token of the notification channel is the secret of the tenant's `zoho` source.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TimeOfDay;
use crate::crm::Field;

/// The provider codes under which the secrets of the CRM are stored.
pub const SECRETS: &[&str] = &["zoho_client_id", "zoho_client_secret", "zoho_refresh_token"];

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Crm {
    pub provider: CrmProvider,
    pub data_centre: DataCentre,
    /// The hosts in place of the data centre's own: an https address without a path.
    pub accounts_url: Option<String>,
    pub api_url: Option<String>,
    /// Where the CRM keeps the people.
    pub module: String,
    /// A field of the module that is unique and holds our id of the contact. Without one the CRM goes by the e-mail,
    /// and somebody without one may be made twice when an answer is lost.
    pub reference_field: Option<String>,
    pub import: CrmImport,
    /// The name of each field at the CRM. What is not named stays where it is.
    pub fields: BTreeMap<Field, String>,
    /// Who is right when both sides changed a field.
    pub rule: Rule,
    /// The same for single fields.
    pub rules: BTreeMap<Field, Rule>,
    /// What it means that one side emptied a field.
    pub cleared: Cleared,
    pub push_notes: bool,
    pub push_calls: bool,
    /// In the tenant's zone: when everything is compared.
    pub reconcile_at: TimeOfDay,
    pub requests_per_minute: u32,
    /// In any 24 hours.
    pub requests_per_day: u32,
    /// How long a notification channel is asked for. The CRM may grant less.
    pub channel_hours: u32,
}

coded_enum! {
    CrmProvider {
        None = "none",
        Zoho = "zoho",
    }
}

coded_enum! {
    /// Whose records become contacts here.
    CrmImport {
        /// Theirs who call.
        Callers = "callers",
        /// Everybody's with a number.
        All = "all",
    }
}

coded_enum! {
    /// Where the CRM keeps the tenant's data. Nothing of one works at another.
    DataCentre {
        UnitedStates = "us",
        Europe = "eu",
        India = "in",
        Australia = "au",
        China = "cn",
        Japan = "jp",
        Canada = "ca",
        SaudiArabia = "sa",
        UnitedKingdom = "uk",
        Emirates = "ae",
    }
}

coded_enum! {
    /// Who is right when both sides changed a field since they were last in step.
    Rule {
        /// Who changed it last; when that cannot be told, a person says.
        Newest = "newest",
        Ours = "ours",
        Theirs = "theirs",
        Ask = "ask",
    }
}

coded_enum! {
    /// What it means that one side emptied a field that both had.
    Cleared {
        /// It is emptied on the other side too.
        Follow = "follow",
        /// The other side's value comes back.
        Keep = "keep",
        Ask = "ask",
    }
}

impl Crm {
    pub fn is_on(&self) -> bool {
        self.provider != CrmProvider::None
    }

    /// The fields that are kept in step, each with its name at the CRM.
    pub fn mapped(&self) -> impl Iterator<Item = (Field, &str)> {
        let fields = self.fields.iter();
        fields.map(|(field, name)| (*field, name.as_str()))
    }

    /// Who is right about this field.
    pub fn rule_of(&self, field: Field) -> Rule {
        self.rules.get(&field).copied().unwrap_or(self.rule)
    }
}

impl Default for Crm {
    fn default() -> Self {
        let fields = [
            (Field::FirstName, "First_Name"),
            (Field::LastName, "Last_Name"),
            (Field::Phone, "Phone"),
            (Field::Mobile, "Mobile"),
            (Field::Email, "Email"),
        ];
        Crm {
            provider: CrmProvider::None,
            data_centre: DataCentre::Europe,
            accounts_url: None,
            api_url: None,
            module: "Contacts".to_owned(),
            reference_field: None,
            import: CrmImport::Callers,
            fields: fields.map(|(field, name)| (field, name.to_owned())).into(),
            rule: Rule::Newest,
            rules: BTreeMap::new(),
            cleared: Cleared::Ask,
            push_notes: true,
            push_calls: true,
            reconcile_at: TimeOfDay::new(2, 30),
            requests_per_minute: 60,
            requests_per_day: 5_000,
            channel_hours: 24,
        }
    }
}
