//! Where the tokens and the data of each of Zoho's data centres are.

use domain::settings::{Crm, DataCentre};
use providers::zoho::Hosts;

/// As Zoho documents them.
const HOSTS: [(DataCentre, &str, &str); 10] = [
    (
        DataCentre::UnitedStates,
        "accounts.zoho.com",
        "www.zohoapis.com",
    ),
    (DataCentre::Europe, "accounts.zoho.eu", "www.zohoapis.eu"),
    (DataCentre::India, "accounts.zoho.in", "www.zohoapis.in"),
    (
        DataCentre::Australia,
        "accounts.zoho.com.au",
        "www.zohoapis.com.au",
    ),
    (
        DataCentre::China,
        "accounts.zoho.com.cn",
        "www.zohoapis.com.cn",
    ),
    (DataCentre::Japan, "accounts.zoho.jp", "www.zohoapis.jp"),
    (
        DataCentre::Canada,
        "accounts.zohocloud.ca",
        "www.zohoapis.ca",
    ),
    (
        DataCentre::SaudiArabia,
        "accounts.zoho.sa",
        "www.zohoapis.sa",
    ),
    (
        DataCentre::UnitedKingdom,
        "accounts.zoho.uk",
        "www.zohoapis.uk",
    ),
    (DataCentre::Emirates, "accounts.zoho.ae", "www.zohoapis.ae"),
];

#[test]
fn each_data_centre_has_its_hosts() {
    assert_eq!(
        HOSTS.map(|(data_centre, ..)| data_centre),
        DataCentre::ALL,
        "every one, once"
    );
    for (data_centre, accounts, api) in HOSTS {
        let crm = Crm {
            data_centre,
            ..Crm::default()
        };
        let expected = Hosts {
            accounts: format!("https://{accounts}"),
            api: format!("https://{api}"),
        };
        assert_eq!(Hosts::of(&crm), expected, "{data_centre}");
    }
}

#[test]
fn the_hosts_of_the_settings_count_before_the_data_centres() {
    let own = |accounts: Option<&str>, api: Option<&str>| {
        let text = |url: Option<&str>| url.map(str::to_owned);
        Hosts::of(&Crm {
            data_centre: DataCentre::UnitedKingdom,
            accounts_url: text(accounts),
            api_url: text(api),
            ..Crm::default()
        })
    };
    let mine = "https://zoho.example";
    assert_eq!(own(Some(mine), None).accounts, mine);
    assert_eq!(own(Some(mine), None).api, "https://www.zohoapis.uk");
    assert_eq!(own(None, Some(mine)).accounts, "https://accounts.zoho.uk");
    assert_eq!(own(None, Some(mine)).api, mine);
}
