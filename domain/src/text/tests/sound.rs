use super::at;
use crate::{
    settings::{KeepRecordings, Texts},
    text::{SoundFacts, SoundFailure, SoundKind, SoundStep, sound_step},
};

const NOW: &str = "2027-03-22T09:00:00Z";

fn fresh(kind: SoundKind) -> SoundFacts {
    SoundFacts {
        kind,
        has_address: true,
        failures: 0,
        last_failure: None,
        kept_at: None,
    }
}

fn failed(failures: u32, failure: SoundFailure) -> SoundFacts {
    SoundFacts {
        failures,
        last_failure: Some((failure, at(NOW))),
        ..fresh(SoundKind::Recording)
    }
}

#[test]
fn only_what_the_tenant_keeps_is_fetched() {
    use KeepRecordings::{All, None, Voicemails};
    for (recordings, of_call, of_voicemail) in [
        (All, SoundStep::Fetch, SoundStep::Fetch),
        (Voicemails, SoundStep::NotWanted, SoundStep::Fetch),
        (None, SoundStep::NotWanted, SoundStep::NotWanted),
    ] {
        let settings = Texts {
            recordings,
            ..Texts::default()
        };
        let step = |kind| sound_step(at(NOW), &fresh(kind), &settings);
        assert_eq!(step(SoundKind::Recording), of_call);
        assert_eq!(step(SoundKind::Voicemail), of_voicemail);
    }
}

#[test]
fn a_failure_is_tried_again_four_times_and_an_expired_address_is_asked_for_anew() {
    use SoundFailure::{Gone, Unavailable};
    for (failures, failure, waits_until, then) in [
        (1, Unavailable, "2027-03-22T09:01:00Z", SoundStep::Fetch),
        (2, Gone, "2027-03-22T09:05:00Z", SoundStep::AskAndFetch),
        (3, Unavailable, "2027-03-22T09:15:00Z", SoundStep::Fetch),
        (4, Gone, "2027-03-22T10:00:00Z", SoundStep::AskAndFetch),
    ] {
        let facts = failed(failures, failure);
        let until = at(waits_until);
        let step = |now| sound_step(now, &facts, &Texts::default());
        assert_eq!(step(at(NOW)), SoundStep::Wait { until });
        assert_eq!(step(until), then);
    }
    let spent = sound_step(at(NOW), &failed(5, Gone), &Texts::default());
    assert_eq!(spent, SoundStep::GiveUp(Gone));
    let unknown = SoundFacts {
        has_address: false,
        ..fresh(SoundKind::Recording)
    };
    let step = sound_step(at(NOW), &unknown, &Texts::default());
    assert_eq!(step, SoundStep::AskAndFetch);
}

#[test]
fn what_cannot_be_a_sound_is_given_up_at_once() {
    use SoundFailure::{NotAudio, NotPublic, TooLarge};
    for failure in [TooLarge, NotAudio, NotPublic] {
        let step = sound_step(at(NOW), &failed(1, failure), &Texts::default());
        assert_eq!(step, SoundStep::GiveUp(failure));
    }
}

#[test]
fn a_sound_is_kept_for_its_days_also_when_none_are_fetched_any_more() {
    let kept = SoundFacts {
        kept_at: Some(at(NOW)),
        ..fresh(SoundKind::Recording)
    };
    let settings = Texts {
        recordings: KeepRecordings::None,
        recording_days: 10,
        ..Texts::default()
    };
    let until = at("2027-04-01T09:00:00Z");
    assert_eq!(
        sound_step(at(NOW), &kept, &settings),
        SoundStep::Keep { until }
    );
    assert_eq!(sound_step(until, &kept, &settings), SoundStep::Delete);
}
