//! Whole lives of calls as Retell tells them, in any order, doubled and with gaps: the end is the same.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{collections::BTreeMap, fs};

use domain::call::{CallView, Observation};
use proptest::prelude::*;
use providers::retell::{CallObject, observe_call, observe_event, webhook::outline};
use serde_json::Value;

const FIELD: &str = "appointment_action";

struct Life {
    name: String,
    expected: Value,
    events: Vec<Value>,
    read: Value,
}

fn lives() -> Vec<Life> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/retell/lives");
    let files: BTreeMap<String, String> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| {
            (
                path.file_stem().unwrap().to_string_lossy().into_owned(),
                fs::read_to_string(path).unwrap(),
            )
        })
        .collect();
    let life = |(name, text): (String, String)| {
        let file: Value = serde_json::from_str(&text).unwrap();
        let events = file["events"].as_array().unwrap().clone();
        Life {
            name,
            expected: file["expected"].clone(),
            events,
            read: file["read"].clone(),
        }
    };
    files.into_iter().map(life).collect()
}

fn observed(event: &Value) -> Option<Observation> {
    observe_event(event.to_string().as_bytes(), FIELD).unwrap()
}

fn read(life: &Life) -> Observation {
    let call: CallObject = serde_json::from_value(life.read.clone()).unwrap();
    observe_call(&call, FIELD)
}

/// What a view must come to, in the words of the files.
fn essence(view: &CallView) -> Value {
    serde_json::json!({
        "state": view.state,
        "outcome": view.outcome,
        "action": view.action,
        "opt_out": view.opt_out,
        "needs_review": view.review.is_some(),
    })
}

#[test]
fn each_life_comes_to_its_end() {
    assert!(lives().len() >= 18);
    for life in lives() {
        let all: Vec<Observation> = life.events.iter().filter_map(observed).collect();
        assert_eq!(
            essence(&CallView::join(&all)),
            life.expected,
            "{}",
            life.name
        );
        // With every webhook lost, the read alone says as much, once the analysis has been made.
        let read = CallView::join(&[read(&life)]);
        let without_analysis = life.read.get("call_analysis").is_none();
        assert!(
            without_analysis || essence(&read) == life.expected,
            "{}: {:?}",
            life.name,
            essence(&read)
        );
    }
}

#[test]
fn every_event_has_an_outline_with_our_id() {
    for life in lives() {
        for event in &life.events {
            let outline = outline(event.to_string().as_bytes()).unwrap();
            assert_eq!(outline.event, event["event"].as_str().unwrap());
            assert!(
                outline.call_id.is_some() && outline.provider_call_id.is_some(),
                "{}",
                life.name
            );
        }
    }
}

proptest! {
    #[test]
    fn order_doubles_and_gaps_change_nothing_while_the_analysis_is_there(
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..12), fetched in any::<bool>(),
    ) {
        for life in lives() {
            let analysis = life.events.iter().find(|event| event["event"] == "call_analyzed").unwrap();
            let mut heard: Vec<Observation> =
                order.iter().filter_map(|index| observed(index.get(&life.events))).collect();
            let place = order.first().map_or(0, |index| index.index(heard.len() + 1));
            heard.insert(place, observed(analysis).unwrap());
            if fetched {
                heard.push(read(&life));
            }
            prop_assert_eq!(essence(&CallView::join(&heard)), life.expected, "{}", life.name);
        }
    }

    #[test]
    fn no_body_makes_reading_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = (outline(&bytes), observe_event(&bytes, FIELD));
    }

    #[test]
    fn no_change_of_a_real_body_makes_reading_it_panic(
        life in any::<prop::sample::Index>(), event in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let lives = lives();
        let mut body = event.get(&life.get(&lives).events).to_string().into_bytes();
        let place = cut.index(body.len());
        body[place] = byte;
        let _ = (outline(&body), observe_event(&body, FIELD));
        body.truncate(place);
        let _ = (outline(&body), observe_event(&body, FIELD));
    }
}
