//! One thing that happens at a vendor, of which several events tell: its ids, times and words.

use jiff::Timestamp;
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::scenario::Scenario;
use crate::chance::{dice, pick};

/// From one story to the next of a source, in milliseconds.
const SPACING_MS: i64 = 60_000;

const SENTENCES: &[&str] = &[
    "Hello, this is the Harbour Dental practice, how can I help?",
    "Is there anything free on Tuesday?",
    "I'd like to move my appointment, please.",
    "Let me have a look for you.",
    "The café next door said you might have a space – is that so?",
    "Half past two would suit me.",
    "That is noted, thank you.",
    "Could you spell your name for me?",
    "It's O'Brien, with an apostrophe ✅",
    "We will send you a text to confirm.",
    "What does it cost? I was told £5.",
    "Thanks, goodbye.",
];

/// A story of one source. Everything about it follows from the scenario's seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Story {
    /// The story's own.
    seed: u64,
    /// The source's place among the sources.
    place: usize,
    pub(super) number: u64,
    start: Timestamp,
}

impl Story {
    pub(super) fn new(scenario: &Scenario, place: usize, number: u64) -> Self {
        let subject = ["story", &place.to_string(), &number.to_string()];
        Self {
            seed: dice(scenario.seed, &subject).random(),
            place,
            number,
            start: scenario.start,
        }
    }

    /// Dice for one part of the story. An event throws dozens, so they are cheaper than the usual ones.
    fn dice(&self, what: &str) -> StdRng {
        // FNV-1a: the same on every machine and with every compiler.
        let hash = what.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        StdRng::seed_from_u64(self.seed ^ hash)
    }

    /// Hexadecimal digits, up to 32 of them.
    pub(super) fn hex(&self, what: &str, digits: usize) -> String {
        let mut text = format!("{:032x}", self.dice(what).random::<u128>());
        text.truncate(digits);
        text
    }

    pub(super) fn uuid(&self, what: &str) -> String {
        let bits: u128 = self.dice(what).random();
        uuid(bits, 4)
    }

    /// A UUID that begins with a time of the story.
    pub(super) fn timed_uuid(&self, what: &str, seconds: i64) -> String {
        let bits: u128 = self.dice(what).random();
        let at = u128::from(self.at_ms(seconds).unsigned_abs());
        uuid((bits & (u128::MAX >> 48)) | (at << 80), 7)
    }

    /// Milliseconds since 1970, so many seconds into the story.
    pub(super) fn at_ms(&self, seconds: i64) -> i64 {
        let number = i64::try_from(self.number).unwrap_or(i64::MAX);
        self.start
            .as_millisecond()
            .saturating_add(number.saturating_mul(SPACING_MS))
            .saturating_add(seconds.saturating_mul(1000))
    }

    /// The same as text, as most vendors write it.
    pub(super) fn at(&self, seconds: i64) -> String {
        Timestamp::from_millisecond(self.at_ms(seconds))
            .unwrap_or(Timestamp::MAX)
            .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
            .to_string()
    }

    /// A number of the range that is kept for fiction.
    pub(super) fn customer(&self) -> String {
        format!(
            "+447700900{:03}",
            self.dice("customer").random_range(0..1000)
        )
    }

    /// The number of the business.
    pub(super) fn business(&self) -> String {
        format!("+4420794600{:02}", self.place % 100)
    }

    pub(super) fn chance(&self, what: &str, probability: f64) -> bool {
        self.dice(what).random_bool(probability)
    }

    pub(super) fn pick(&self, what: &str, items: &[&'static str]) -> &'static str {
        pick(&mut self.dice(what), items).unwrap_or_default()
    }

    pub(super) fn sentence(&self, what: &str) -> &'static str {
        self.pick(what, SENTENCES)
    }

    /// What was said, turn by turn.
    pub(super) fn talk(&self) -> Vec<&'static str> {
        let mut dice = self.dice("talk");
        let turns = dice.random_range(2..12);
        (0..turns)
            .filter_map(|_| pick(&mut dice, SENTENCES))
            .collect()
    }

    /// How long the talk lasted, in seconds.
    pub(super) fn duration(&self) -> i64 {
        self.dice("duration").random_range(5..300)
    }
}

fn uuid(bits: u128, version: u128) -> String {
    let (a, b) = (bits >> 96, (bits >> 80) & 0xffff);
    let (c, d) = ((bits >> 64) & 0xfff, (bits >> 48) & 0xfff);
    let e = bits & 0xffff_ffff_ffff;
    format!("{a:08x}-{b:04x}-{version}{c:03x}-a{d:03x}-{e:012x}")
}
