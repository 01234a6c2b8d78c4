//! What happens next with the sound of a call or voicemail that is to be kept (TEXT-5).

use jiff::{SignedDuration, Timestamp};

use crate::{
    hours::shift,
    settings::{KeepRecordings, Texts},
};

coded_enum! {
    SoundKind {
        Recording = "recording",
        Voicemail = "voicemail",
    }
}

coded_enum! {
    /// Why a sound was not fetched.
    SoundFailure {
        /// The address has expired, or there is nothing at it yet.
        Gone = "gone",
        RateLimited = "rate_limited",
        Unavailable = "unavailable",
        TooLarge = "too_large",
        /// Something else than sound.
        NotAudio = "not_audio",
        /// The address is none to fetch from.
        NotPublic = "not_public",
    }
}

impl SoundFailure {
    const fn may_pass(self) -> bool {
        matches!(self, Self::Gone | Self::RateLimited | Self::Unavailable)
    }
}

/// Everything the next step of a sound is decided from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoundFacts {
    pub kind: SoundKind,
    pub has_address: bool,
    /// Fetches and questions for a fresh address that failed.
    pub failures: u32,
    pub last_failure: Option<(SoundFailure, Timestamp)>,
    /// When it was fetched and stored.
    pub kept_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundStep {
    /// At the newest address.
    Fetch,
    /// Ask the provider for a fresh address, then fetch.
    AskAndFetch,
    Wait {
        until: Timestamp,
    },
    /// Kept until then.
    Keep {
        until: Timestamp,
    },
    /// Its time is over.
    Delete,
    /// The tenant does not keep such sounds.
    NotWanted,
    GiveUp(SoundFailure),
}

/// Minutes from one failure to the next try: a sound may be ready late, or never.
const PAUSES: [i64; 4] = [1, 5, 15, 60];

/// The next step of a sound at `now`. A wait always ends after `now`.
pub fn sound_step(now: Timestamp, facts: &SoundFacts, settings: &Texts) -> SoundStep {
    if let Some(kept_at) = facts.kept_at {
        let days = i64::from(settings.recording_days);
        let until = shift(kept_at, SignedDuration::from_hours(24 * days));
        return match until > now {
            true => SoundStep::Keep { until },
            false => SoundStep::Delete,
        };
    }
    let wanted = match settings.recordings {
        KeepRecordings::None => false,
        KeepRecordings::Voicemails => facts.kind == SoundKind::Voicemail,
        KeepRecordings::All => true,
    };
    if !wanted {
        return SoundStep::NotWanted;
    }
    let Some((failure, at)) = facts.last_failure else {
        return fetch(facts.has_address);
    };
    let place = usize::try_from(facts.failures.saturating_sub(1)).unwrap_or(usize::MAX);
    match PAUSES.get(place).filter(|_| failure.may_pass()) {
        None => SoundStep::GiveUp(failure),
        Some(minutes) => match shift(at, SignedDuration::from_mins(*minutes)) {
            until if until > now => SoundStep::Wait { until },
            _ => fetch(facts.has_address && failure != SoundFailure::Gone),
        },
    }
}

const fn fetch(at_the_address: bool) -> SoundStep {
    match at_the_address {
        true => SoundStep::Fetch,
        false => SoundStep::AskAndFetch,
    }
}
