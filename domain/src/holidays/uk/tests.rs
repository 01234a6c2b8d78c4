use super::*;

const TABLE: [(i16, Nation, &str); 12] = [
    (
        2025,
        Nation::EnglandAndWales,
        "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26",
    ),
    (
        2025,
        Nation::Scotland,
        "01-01 01-02 04-18 05-05 05-26 08-04 12-01* 12-25 12-26",
    ),
    (
        2025,
        Nation::NorthernIreland,
        "01-01 03-17 04-18 04-21 05-05 05-26 07-14* 08-25 12-25 12-26",
    ),
    (
        2026,
        Nation::EnglandAndWales,
        "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28*",
    ),
    (
        2026,
        Nation::Scotland,
        "01-01 01-02 04-03 05-04 05-25 06-15 08-03 11-30 12-25 12-28*",
    ),
    (
        2026,
        Nation::NorthernIreland,
        "01-01 03-17 04-03 04-06 05-04 05-25 07-13* 08-31 12-25 12-28*",
    ),
    (
        2027,
        Nation::EnglandAndWales,
        "01-01 03-26 03-29 05-03 05-31 08-30 12-27* 12-28*",
    ),
    (
        2027,
        Nation::Scotland,
        "01-01 01-04* 03-26 05-03 05-31 08-02 11-30 12-27* 12-28*",
    ),
    (
        2027,
        Nation::NorthernIreland,
        "01-01 03-17 03-26 03-29 05-03 05-31 07-12 08-30 12-27* 12-28*",
    ),
    (
        2028,
        Nation::EnglandAndWales,
        "01-03* 04-14 04-17 05-01 05-29 08-28 12-25 12-26",
    ),
    (
        2028,
        Nation::Scotland,
        "01-03* 01-04* 04-14 05-01 05-29 08-07 11-30 12-25 12-26",
    ),
    (
        2028,
        Nation::NorthernIreland,
        "01-03* 03-17 04-14 04-17 05-01 05-29 07-12 08-28 12-25 12-26",
    ),
];

fn written(nation: Nation, year: i16) -> String {
    let days = of_year(nation, year);
    let days = days.iter().map(|day| {
        format!(
            "{}{}",
            day.date.strftime("%m-%d"),
            if day.substitute { "*" } else { "" }
        )
    });
    days.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_published_years_come_out_of_the_rules() {
    for (year, nation, expected) in TABLE {
        assert_eq!(written(nation, year), expected, "{nation:?} {year}");
    }
}

#[test]
fn proclaimed_and_moved_days_are_known() {
    assert_eq!(
        written(Nation::EnglandAndWales, 2022),
        "01-03* 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27*"
    );
    assert_eq!(
        written(Nation::EnglandAndWales, 2023),
        "01-02* 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26"
    );
    assert_eq!(
        written(Nation::EnglandAndWales, 2020),
        "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28*"
    );
}

#[test]
fn a_sunday_christmas_is_made_up_for_after_boxing_day() {
    let holidays = of_year(Nation::EnglandAndWales, 2033);
    let last: Vec<String> = holidays
        .iter()
        .rev()
        .take(2)
        .map(|day| format!("{} {}", day.date, day.name()))
        .collect();
    assert_eq!(
        last,
        [
            "2033-12-27 substitute day for Christmas Day",
            "2033-12-26 Boxing Day"
        ]
    );
}

#[test]
fn easter_is_where_the_almanac_has_it() {
    let known = [
        (2024, "2024-03-31"),
        (2029, "2029-04-01"),
        (2030, "2030-04-21"),
        (2035, "2035-03-25"),
        (2038, "2038-04-25"),
    ];
    for (year, date) in known {
        assert_eq!(
            easter_sunday(year).map(|date| date.to_string()).as_deref(),
            Some(date)
        );
    }
}

#[test]
fn every_year_has_its_number_of_distinct_weekdays() {
    for year in 2024..=2060 {
        for (nation, count) in [
            (Nation::EnglandAndWales, 8),
            (Nation::Scotland, 9),
            (Nation::NorthernIreland, 10),
        ] {
            let days: std::collections::BTreeSet<Date> = of_year(nation, year)
                .into_iter()
                .map(|holiday| holiday.date)
                .filter(|date| is_weekday(*date))
                .collect();
            let extra = usize::from(year == 2026 && nation == Nation::Scotland);
            assert_eq!(days.len(), count + extra, "{nation:?} {year}");
        }
    }
}

#[test]
fn a_holiday_knows_its_name() {
    let boxing_day = "2026-12-28".parse().unwrap();
    assert_eq!(
        name_of(Nation::Scotland, boxing_day).as_deref(),
        Some("substitute day for Boxing Day")
    );
    assert_eq!(
        name_of(Nation::Scotland, "2026-12-29".parse().unwrap()),
        None
    );
}
