use domain::crm::TokenProblem;
use jiff::{SignedDuration, Timestamp};
use providers::zoho::{AccessToken, CrmError, Grant, TokenError};
use simulator::zoho::{Scenario, TokenFault};

use crate::harness::{CLIENT_SECRET, REFRESH_TOKEN, accounts, grant, office, refresh, zoho};

#[tokio::test]
async fn a_token_comes_with_its_host_and_its_end() {
    let zoho = zoho(Scenario::default()).await;
    let now: Timestamp = "2027-01-10T09:00:00Z".parse().unwrap();
    let token = accounts(&zoho).refresh(&grant(), now).await.unwrap();
    assert_eq!(token.api_url, zoho.base_url());
    assert_eq!(token.expires_at, now + SignedDuration::from_hours(1));
    assert!(token.new_refresh_token.is_none());
    assert_eq!(zoho.ledger().tokens.len(), 1);
}

#[tokio::test]
async fn each_refusal_of_a_token_is_a_class_of_its_own() {
    let table = [
        (TokenFault::Revoked, TokenError::Revoked),
        (TokenFault::WrongClient, TokenError::WrongClient),
        (
            TokenFault::AccessDenied,
            TokenError::TooMany { retry_after: None },
        ),
        (TokenFault::ServerError, TokenError::Unavailable),
    ];
    let faults = table.each_ref().map(|(fault, _)| *fault);
    let zoho = zoho(Scenario::default().with_next_tokens(&faults)).await;
    for (fault, expected) in table {
        let answer = accounts(&zoho).refresh(&grant(), Timestamp::now()).await;
        assert_eq!(answer.err(), Some(expected), "{fault:?}");
    }
}

#[tokio::test]
async fn what_was_mistyped_or_revoked_waits_for_an_operator() {
    let zoho = zoho(Scenario::default()).await;
    let ask = async |grant: Grant| {
        let answer = accounts(&zoho).refresh(&grant, Timestamp::now()).await;
        answer.unwrap_err().problem()
    };
    let wrong = || "wrong".into();
    let revoked = Grant {
        refresh_token: wrong(),
        ..grant()
    };
    assert_eq!(ask(revoked).await, Some(TokenProblem::Revoked));
    let secret = Grant {
        client_secret: wrong(),
        ..grant()
    };
    assert_eq!(ask(secret).await, Some(TokenProblem::WrongClient));
    let client = Grant {
        client_id: wrong(),
        ..grant()
    };
    assert_eq!(ask(client).await, Some(TokenProblem::WrongClient));
}

#[tokio::test]
async fn the_eleventh_token_in_ten_minutes_is_one_too_many() {
    let zoho = zoho(Scenario::default()).await;
    for _ in 0..10 {
        refresh(&zoho).await;
    }
    let error = accounts(&zoho)
        .refresh(&grant(), Timestamp::now())
        .await
        .unwrap_err();
    assert_eq!(error, TokenError::TooMany { retry_after: None });
    assert_eq!(error.wait().unwrap().as_secs(), 600);
    assert_eq!(error.problem(), None);
}

#[tokio::test]
async fn a_token_that_is_not_good_is_told_apart_and_a_new_one_is() {
    let office = office(Scenario::default()).await;
    let id = office
        .zoho
        .add("Contacts", &serde_json::json!({"Last_Name": "Byron"}))
        .unwrap();
    let id = id.parse().unwrap();
    let stale = AccessToken {
        secret: "1000.stale".into(),
        ..office.token.clone()
    };
    let client = office.client.with_token(&stale).unwrap();
    let answer = client.record(&office.table, &id).await;
    assert_eq!(answer, Err(CrmError::TokenInvalid));
    let client = client.with_token(&refresh(&office.zoho).await).unwrap();
    assert!(client.record(&office.table, &id).await.unwrap().is_some());
}

#[tokio::test]
async fn no_secret_is_printed() {
    let office = office(Scenario::default().with_next_tokens(&[])).await;
    let printed = format!("{:?} {:?} {:?}", office.token, office.client, grant());
    for secret in [CLIENT_SECRET, REFRESH_TOKEN, "1000."] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
