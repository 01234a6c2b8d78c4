use proptest::prelude::*;

use super::*;

const PACE: AlertPace = AlertPace {
    digest: SignedDuration::from_mins(15),
    quiet: SignedDuration::from_mins(30),
};

fn at(minutes: i64) -> Timestamp {
    let noon: Timestamp = "2027-01-12T12:00:00Z".parse().unwrap();
    noon + SignedDuration::from_mins(minutes)
}

#[test]
fn a_clock_that_was_ahead_silences_nobody() {
    let tomorrow = at(24 * 60);
    let mut facts = AlertFacts::unseen(at(0));
    facts.occurred(at(0), 1);
    let AlertStep::Send(first) = next_step(at(0), &facts, &PACE) else {
        panic!("the first notice is sent at once");
    };
    facts.noticed(&first, tomorrow);
    facts.occurred(at(1), 5);
    assert!(
        matches!(next_step(at(1), &facts, &PACE), AlertStep::Send(_)),
        "what happens now is told now"
    );

    let mut facts = AlertFacts::unseen(at(0));
    facts.occurred(tomorrow, 1);
    facts.noticed(&first, at(0));
    let AlertStep::Send(recovery) = next_step(at(31), &facts, &PACE) else {
        panic!("what is over today is not told tomorrow");
    };
    assert_eq!(recovery.kind, NoticeKind::Recovery);
}

/// A cause and its process, which runs as the workflow does: it looks when its wait ends and when woken.
struct Alert {
    facts: AlertFacts,
    sent: Vec<(Timestamp, Notice)>,
    finished: Vec<Timestamp>,
    /// When it looks next by itself; `None` while it does not run.
    wakes: Option<Timestamp>,
}

impl Alert {
    fn new() -> Alert {
        Alert {
            facts: AlertFacts::unseen(at(0)),
            sent: Vec::new(),
            finished: Vec::new(),
            wakes: None,
        }
    }

    fn look(&mut self, now: Timestamp) {
        loop {
            match next_step(now, &self.facts, &PACE) {
                AlertStep::Send(notice) => {
                    self.facts.noticed(&notice, now);
                    self.sent.push((now, notice));
                }
                AlertStep::Wait { until } => {
                    assert!(until > now, "a wait must end after now");
                    self.wakes = Some(until);
                    return;
                }
                AlertStep::Finished => {
                    self.facts.finished();
                    self.finished.push(now);
                    self.wakes = None;
                    return;
                }
            }
        }
    }

    /// Lets the process run by itself until then.
    fn run_until(&mut self, end: Timestamp) {
        while let Some(wakes) = self.wakes.filter(|wakes| *wakes <= end) {
            self.look(wakes);
        }
    }

    fn occurs(&mut self, minutes: i64, times: u64) {
        self.run_until(at(minutes));
        self.facts.occurred(at(minutes), times);
        self.look(at(minutes));
    }

    fn stands(&mut self, minutes: impl IntoIterator<Item = i64>) {
        for minutes in minutes {
            self.run_until(at(minutes));
            self.facts.stands(at(minutes));
            self.look(at(minutes));
        }
    }

    fn clears(&mut self, minutes: i64) {
        self.run_until(at(minutes));
        self.facts.clears(at(minutes));
        self.look(at(minutes));
    }

    /// Minutes, kind and new occurrences of each notice.
    fn notices(&self) -> Vec<(i64, NoticeKind, u64)> {
        let minutes = |sent: Timestamp| sent.duration_since(at(0)).as_mins();
        self.sent
            .iter()
            .map(|(sent, notice)| (minutes(*sent), notice.kind, notice.new))
            .collect()
    }
}

#[test]
fn the_first_occurrence_is_told_at_once_and_its_end_after_the_quiet() {
    let mut alert = Alert::new();
    alert.occurs(0, 1);
    assert_eq!(alert.notices(), [(0, NoticeKind::First, 1)]);
    alert.run_until(at(600));
    assert_eq!(
        alert.notices(),
        [(0, NoticeKind::First, 1), (30, NoticeKind::Recovery, 0)]
    );
    assert_eq!(alert.finished, [at(30)]);
}

#[test]
fn ten_thousand_errors_in_an_hour_make_a_handful_of_notices() {
    let mut alert = Alert::new();
    for minute in 0..60 {
        alert.occurs(minute, 167);
    }
    alert.run_until(at(600));
    assert_eq!(
        alert.notices(),
        [
            (0, NoticeKind::First, 167),
            (15, NoticeKind::Digest, 14 * 167),
            (30, NoticeKind::Digest, 15 * 167),
            (45, NoticeKind::Digest, 15 * 167),
            (60, NoticeKind::Digest, 15 * 167),
            (89, NoticeKind::Recovery, 0),
        ]
    );
}

#[test]
fn without_anything_new_there_is_no_digest() {
    let mut alert = Alert::new();
    alert.occurs(0, 1);
    alert.occurs(20, 1);
    alert.run_until(at(600));
    assert_eq!(
        alert.notices(),
        [
            (0, NoticeKind::First, 1),
            (20, NoticeKind::Digest, 1),
            (50, NoticeKind::Recovery, 0)
        ]
    );
}

#[test]
fn a_state_is_told_again_while_it_stands_and_over_when_it_stays_clear() {
    let mut alert = Alert::new();
    alert.stands(0..40);
    alert.clears(40);
    alert.run_until(at(600));
    assert_eq!(
        alert.notices(),
        [
            (0, NoticeKind::First, 1),
            (15, NoticeKind::Digest, 0),
            (30, NoticeKind::Digest, 0),
            (45, NoticeKind::Recovery, 0),
        ]
    );
}

#[test]
fn a_state_that_only_takes_breath_is_not_over() {
    let mut alert = Alert::new();
    alert.stands(0..28);
    alert.clears(28);
    alert.stands(32..40);
    alert.clears(40);
    alert.run_until(at(600));
    assert_eq!(
        alert.notices(),
        [
            (0, NoticeKind::First, 1),
            (15, NoticeKind::Digest, 0),
            (32, NoticeKind::Digest, 1),
            (47, NoticeKind::Recovery, 0),
        ]
    );
}

#[test]
fn a_state_that_comes_and_goes_makes_no_more_noise_than_one_that_stands() {
    let mut alert = Alert::new();
    for minute in 0..600 {
        if minute % 14 < 7 {
            alert.stands([minute]);
        } else {
            alert.clears(minute);
        }
    }
    alert.run_until(at(900));
    assert!(
        alert.sent.len() <= 1 + 600 / 15 + 1,
        "{:?}",
        alert.notices()
    );
}

#[test]
fn a_state_nobody_looks_at_any_more_does_not_stand_for_ever() {
    let mut alert = Alert::new();
    alert.stands([0, 1, 2]);
    alert.run_until(at(600));
    assert_eq!(
        alert.notices(),
        [
            (0, NoticeKind::First, 1),
            (15, NoticeKind::Digest, 0),
            (30, NoticeKind::Digest, 0),
            (45, NoticeKind::Recovery, 0)
        ]
    );
    assert_eq!(alert.finished.len(), 1);
}

#[test]
fn what_comes_back_soon_after_it_was_over_waits_for_the_pause() {
    let mut alert = Alert::new();
    alert.occurs(0, 1);
    alert.occurs(31, 1);
    alert.occurs(50, 1);
    alert.run_until(at(600));
    assert_eq!(
        alert.notices(),
        [
            (0, NoticeKind::First, 1),
            (30, NoticeKind::Recovery, 0),
            (45, NoticeKind::Again, 1),
            (60, NoticeKind::Digest, 1),
            (80, NoticeKind::Recovery, 0),
        ]
    );
}

#[test]
fn what_comes_back_long_after_is_told_at_once() {
    let mut alert = Alert::new();
    alert.occurs(0, 1);
    alert.occurs(61, 1);
    assert_eq!(alert.notices()[2], (61, NoticeKind::First, 1));
    assert_eq!(alert.facts.first_seen, at(61));
    alert.occurs(62, 4);
    alert.run_until(at(80));
    let totals = alert.sent.iter().map(|(_, notice)| notice.total);
    assert_eq!(totals.collect::<Vec<_>>(), [1, 1, 1, 5]);
}

#[test]
fn what_happens_while_the_recovery_is_sent_is_told_later() {
    let mut alert = Alert::new();
    alert.occurs(0, 1);
    let AlertStep::Send(recovery) = next_step(at(30), &alert.facts, &PACE) else {
        panic!("it is over")
    };
    alert.facts.occurred(at(30), 1);
    alert.facts.noticed(&recovery, at(30));
    alert.look(at(30));
    alert.run_until(at(600));
    assert_eq!(alert.notices()[1], (45, NoticeKind::Again, 1));
    assert_eq!(alert.facts.first_seen, at(30));
}

#[test]
fn muted_it_says_nothing_and_tells_later_what_it_kept() {
    let mut alert = Alert::new();
    alert.facts.muted_until = Some(at(60));
    alert.occurs(0, 5);
    alert.occurs(40, 2);
    alert.run_until(at(59));
    assert_eq!(alert.notices(), []);
    alert.run_until(at(60));
    assert_eq!(alert.notices(), [(60, NoticeKind::First, 7)]);
}

#[test]
fn muted_until_it_is_over_it_ends_in_silence_and_forgets_no_count() {
    let mut alert = Alert::new();
    alert.facts.muted_until = Some(at(60));
    alert.occurs(0, 5);
    alert.run_until(at(600));
    assert_eq!((alert.notices(), alert.finished.len()), (vec![], 1));
    alert.occurs(700, 1);
    assert_eq!(alert.notices(), [(700, NoticeKind::First, 6)]);
}

#[derive(Debug, Clone)]
enum Happening {
    Occurs(u64),
    Stands,
    Clears,
    Mutes(i64),
    /// The process looks although nothing happened.
    Looks,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (1..50u64).prop_map(Happening::Occurs),
        4 => Just(Happening::Stands),
        3 => Just(Happening::Clears),
        1 => (1..200i64).prop_map(Happening::Mutes),
        2 => Just(Happening::Looks),
    ]
}

fn play(happenings: &[(i64, Happening)]) -> Alert {
    let (mut alert, mut minute) = (Alert::new(), 0);
    for (after, happening) in happenings {
        minute += after;
        let now = at(minute);
        alert.run_until(now);
        match happening {
            Happening::Occurs(times) => alert.facts.occurred(now, *times),
            Happening::Stands => alert.facts.stands(now),
            Happening::Clears => alert.facts.clears(now),
            Happening::Mutes(minutes) => alert.facts.muted_until = Some(at(minute + minutes)),
            Happening::Looks => {}
        }
        alert.look(now);
    }
    alert.run_until(at(minute + 1000));
    alert
}

fn history() -> impl Strategy<Value = Vec<(i64, Happening)>> {
    prop::collection::vec((0..40i64, happening()), 1..80)
}

fn mutes(happenings: &[(i64, Happening)]) -> bool {
    happenings
        .iter()
        .any(|(_, each)| matches!(each, Happening::Mutes(_)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn between_two_notices_lies_the_pause_and_the_first_is_a_first(happenings in history()) {
        let alert = play(&happenings);
        for pair in alert.sent.windows(2) {
            let [(earlier, before), (later, after)] = pair else { unreachable!() };
            prop_assert!(later.duration_since(*earlier) >= PACE.digest, "{:?}", alert.notices());
            let starts = matches!(after.kind, NoticeKind::First | NoticeKind::Again);
            prop_assert!(starts || before.kind != NoticeKind::Recovery, "{:?}", alert.notices());
            prop_assert!(!starts || before.kind == NoticeKind::Recovery || mutes(&happenings));
        }
        prop_assert!(alert.sent.first().is_none_or(|(_, notice)| notice.kind == NoticeKind::First));
    }

    #[test]
    fn every_occurrence_is_told_exactly_once(happenings in history()) {
        let alert = play(&happenings);
        let told: u64 = alert.sent.iter().map(|(_, notice)| notice.new).sum();
        prop_assert_eq!(told, alert.facts.told);
        let mut episode = 0;
        for (_, notice) in &alert.sent {
            let starts = matches!(notice.kind, NoticeKind::First | NoticeKind::Again);
            episode = if starts { notice.new } else { episode + notice.new };
            prop_assert_eq!(notice.total, episode);
        }
        if !mutes(&happenings) {
            prop_assert_eq!(told, alert.facts.count);
        }
    }

    #[test]
    fn after_the_quiet_it_always_ends_and_says_so(happenings in history()) {
        let alert = play(&happenings);
        prop_assert_eq!(alert.wakes, None);
        let last = alert.sent.last().map(|(_, notice)| notice.kind);
        prop_assert!(mutes(&happenings) || last.is_none() || last == Some(NoticeKind::Recovery));
    }

    #[test]
    fn a_cause_that_was_never_told_is_told_the_moment_it_is_seen(minutes in 0..10_000i64, times in 1..9u64) {
        let mut alert = Alert::new();
        alert.occurs(minutes, times);
        prop_assert_eq!(alert.notices(), [(minutes, NoticeKind::First, times)]);
    }

    #[test]
    fn from_any_facts_a_wait_ends_after_now(
        times in prop::array::uniform5(-3000..3000i64), count in 0..5u64, told in 0..5u64,
        level in prop::sample::select(Level::ALL), kind in prop::option::of(prop::sample::select(NoticeKind::ALL)),
        episode in prop::sample::select(Episode::ALL), muted in any::<bool>(),
    ) {
        let [first, last, clear, noticed, mute] = times.map(at);
        let facts = AlertFacts {
            first_seen: first, last_seen: last, count, told, before: told, level,
            clear_since: (level == Level::Clear).then_some(clear),
            last_notice: kind.map(|kind| SentNotice { kind, at: noticed }),
            episode,
            muted_until: muted.then_some(mute),
        };
        match next_step(at(0), &facts, &PACE) {
            AlertStep::Wait { until } => prop_assert!(until > at(0)),
            AlertStep::Send(notice) => prop_assert!(notice.up_to >= told),
            AlertStep::Finished => {}
        }
    }
}
