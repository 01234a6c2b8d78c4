use proptest::prelude::*;

use super::*;
use crate::zone::find;

fn after(seconds: i64) -> Timestamp {
    let noon: Timestamp = "2027-01-12T12:00:00Z".parse().unwrap();
    noon + SignedDuration::from_secs(seconds)
}

#[test]
fn the_limit_goes_alone_and_the_next_joins_a_bundle() {
    let recent: Vec<Timestamp> = (0..20).map(after).collect();
    assert!(goes_alone(after(20), recent.get(..19).unwrap(), 20, false));
    assert!(!goes_alone(after(20), &recent, 20, false));
    // The first has left the five minutes.
    assert!(goes_alone(after(300), &recent, 20, false));
    assert!(!goes_alone(after(299), &recent, 20, false));
    // Nobody overtakes those who wait.
    assert!(!goes_alone(after(20), &[], 20, true));
}

#[test]
fn a_bundle_gathers_a_moment_and_the_next_follows_a_minute_later() {
    let wait = |seconds| BundleStep::Wait {
        until: after(seconds),
    };
    for (now, waits_since, last_sent, step) in [
        (0, None, None, BundleStep::Finished),
        (0, None, Some(0), BundleStep::Finished),
        (0, Some(0), None, wait(10)),
        (10, Some(0), None, BundleStep::Send),
        (10, Some(0), Some(-20), wait(40)),
        (40, Some(0), Some(-20), BundleStep::Send),
        (100, Some(95), Some(0), wait(105)),
    ] {
        let found = bundle_step(after(now), waits_since.map(after), last_sent.map(after));
        assert_eq!(found, step, "{now} {waits_since:?} {last_sent:?}");
    }
}

fn line(about: &str) -> BundleLine<'_> {
    BundleLine {
        kind: NoticeKind::First,
        cause: AlertCause::EventDead,
        severity: Severity::Error,
        about,
        new: 3,
    }
}

fn bundle<'a>(lines: &'a [BundleLine<'a>], zone: &'a TimeZone) -> Bundle<'a> {
    Bundle {
        business: "Harbour Dental",
        at: after(0),
        zone,
        lines,
        reference: "b1",
    }
}

#[test]
fn a_bundle_names_every_cause_the_gravest_first() {
    let zone = find("Europe/London").unwrap();
    let lines = [
        line("zoho Contacts.update"),
        BundleLine {
            cause: AlertCause::DialRefused,
            severity: Severity::Critical,
            about: "",
            new: 1,
            ..line("")
        },
        BundleLine {
            kind: NoticeKind::Recovery,
            cause: AlertCause::QueueLong,
            new: 0,
            ..line("")
        },
    ];
    let mails = bundled(Channel::Email, &bundle(&lines, &zone));
    let [mail] = mails.as_slice() else {
        panic!("{mails:?}")
    };
    assert_eq!(
        mail.subject,
        "Harbour Dental: 3 alerts at once, Tuesday 12 January 2027, 12:00 (Europe/London)"
    );
    assert_eq!(
        mail.text,
        "- critical: the phone provider refuses calls [dial_refused]\n\
         - error: a webhook could not be processed (zoho Contacts.update), 3 times [event_dead]\n\
         - error: over: too many webhooks are waiting [queue_long]\n\
         See `bellhop doctor`. Reference: b1"
    );
    let texts = bundled(Channel::Sms, &bundle(&lines, &zone));
    let [text] = texts.as_slice() else {
        panic!("{texts:?}")
    };
    assert_eq!(
        text.text,
        "Harbour Dental: 3 alerts: dial_refused 1, event_dead 1, queue_long 1 [b1]"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_cause_is_lost_in_a_flood_and_every_message_fits(
        number in 1..200usize, name in "[a-z<>&]{0,40}", business in any::<String>(),
    ) {
        let zone = find("Europe/London").unwrap();
        // Five digits are no person's number.
        let abouts: Vec<String> = (0..number).map(|n| format!("{name} kind-{n:05}")).collect();
        let lines: Vec<BundleLine<'_>> = abouts.iter().map(|about| line(about)).collect();
        let bundle = Bundle { business: &business, ..bundle(&lines, &zone) };
        for channel in Channel::ALL {
            let messages = bundled(*channel, &bundle);
            prop_assert!(messages.iter().all(|each| each.text.chars().count() <= longest(*channel)));
            if *channel != Channel::Sms {
                for n in 0..number {
                    let named = format!("kind-{n:05})");
                    prop_assert_eq!(messages.iter().filter(|each| each.text.contains(&named)).count(), 1);
                }
            }
        }
    }

    #[test]
    fn a_storm_of_causes_makes_few_messages_and_waits_for_nobody_long(
        mut starts in prop::collection::vec(0..3600i64, 1..600), limit in 1..40u32,
    ) {
        starts.sort_unstable();
        let (mut alone, mut bundles, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        let mut told = 0;
        // Second by second, as the process of the bundles would look.
        for second in 0..3800 {
            let now = after(second);
            for start in starts.iter().filter(|start| **start == second) {
                if goes_alone(now, &alone, limit, !waiting.is_empty()) {
                    alone.push(now);
                    told += 1;
                } else {
                    waiting.push(after(*start));
                }
            }
            if bundle_step(now, waiting.first().copied(), bundles.last().copied()) == BundleStep::Send {
                prop_assert!(waiting.iter().all(|since| now.duration_since(*since) <= BETWEEN_BUNDLES));
                told += waiting.len();
                waiting.clear();
                bundles.push(now);
            }
        }
        prop_assert_eq!(told, starts.len());
        prop_assert!(bundles.len() <= 64);
        prop_assert!(alone.len() <= (limit as usize) * 13);
    }
}
