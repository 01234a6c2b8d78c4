//! Between our instants and the database's, which keeps microseconds.

use jiff::Timestamp;
use time::OffsetDateTime;

pub(crate) fn to_db(at: Timestamp) -> OffsetDateTime {
    // Both types hold every microsecond of the years 1 to 9999; jiff's range is the narrower one.
    OffsetDateTime::from_unix_timestamp_nanos(at.as_microsecond() as i128 * 1000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

pub(crate) fn from_db(at: OffsetDateTime) -> Timestamp {
    Timestamp::from_nanosecond(at.unix_timestamp_nanos()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_survives_the_database() {
        for text in ["2027-03-28T01:00:00.123456Z", "1969-12-31T23:59:59.5Z"] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(from_db(to_db(at)), at);
        }
    }
}
