//! A message as the interface shows it.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::ledger::Message;

/// The version in every path and answer.
pub(super) const API_VERSION: &str = "2010-04-01";

/// Numbers are strings and dates are written as in mails, as at Twilio.
pub(super) fn object(message: &Message) -> Value {
    let uri = format!(
        "/{API_VERSION}/Accounts/{}/Messages/{}",
        message.account, message.sid
    );
    json!({
        "sid": message.sid,
        "account_sid": message.account,
        "api_version": API_VERSION,
        "body": message.body,
        "direction": "outbound-api",
        "to": message.to,
        "from": message.from,
        "messaging_service_sid": message.messaging_service,
        "status": message.status,
        "error_code": message.error_code,
        "error_message": Value::Null,
        "num_media": "0",
        "num_segments": segments(&message.body).to_string(),
        "price": Value::Null,
        "price_unit": "USD",
        "date_created": date(message.created_ms),
        "date_sent": message.sent_ms.map(date),
        "date_updated": date(message.updated_ms),
        "uri": format!("{uri}.json"),
        "subresource_uris": {"media": format!("{uri}/Media.json")},
    })
}

fn date(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms)
        .unwrap_or_default()
        .to_zoned(TimeZone::UTC)
        .strftime("%a, %d %b %Y %H:%M:%S +0000")
        .to_string()
}

/// The characters of GSM 7-bit beside letters, digits and a space.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// Those that take the room of two.
const GSM_TWICE: &str = "^{}\\[~]|€";

/// How many text messages the body fills.
fn segments(body: &str) -> usize {
    let room = |character: char| match character {
        ' ' => Some(1),
        _ if character.is_ascii_alphanumeric() || GSM.contains(character) => Some(1),
        _ if GSM_TWICE.contains(character) => Some(2),
        _ => None,
    };
    let (length, alone, split) = match body.chars().map(room).sum::<Option<usize>>() {
        Some(septets) => (septets, 160, 153),
        None => (body.encode_utf16().count(), 70, 67),
    };
    match length <= alone {
        true => 1,
        false => length.div_ceil(split),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_beyond_gsm_makes_the_segments_short() {
        let table = [
            ("".to_owned(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            (format!("{}☕", "a".repeat(69)), 1),
            (format!("{}☕", "a".repeat(70)), 2),
        ];
        for (body, expected) in table {
            assert_eq!(segments(&body), expected, "{body}");
        }
    }

    #[test]
    fn dates_are_written_as_in_mails() {
        assert_eq!(date(1_767_225_600_000), "Thu, 01 Jan 2026 00:00:00 +0000");
    }
}
