//! Webhook sources, remembered, so that a webhook costs no look-up and a database hiccup does not
//! stop verification.

mod listed;

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use listed::Listed;
use store::{Source, Store};
use tokio::{
    sync::{Mutex as AsyncMutex, watch},
    task::JoinSet,
};

use crate::{
    config::{Config, Rate},
    rate::Bucket,
    telemetry::chain,
};

/// Longest key looked up, in bytes.
const MAX_KEY: usize = 128;
/// How long a key is remembered as unknown: a new source must work soon after it was made.
const UNKNOWN_FOR: Duration = Duration::from_secs(3);
/// How many unknown keys are remembered.
const MAX_UNKNOWN: usize = 4_096;
/// Look-ups of keys that are not listed: a limit for whoever guesses keys. So few at once leave room for the webhooks
/// of real sources.
const NEW_KEYS: Rate = Rate {
    per_second: 100,
    burst: 100,
};
/// A look-up that takes longer counts as failed.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(2);
/// After a failed look-up the remembered source serves this long before the next one.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(2);
/// A source younger than this is not read again because a signature did not match.
const SURELY_CURRENT: Duration = Duration::from_secs(2);
/// A request waits so long, and no longer, for a remembered source to be read again: a healthy database needs a hundredth
/// of it, and somebody may hear it ring meanwhile.
const PATIENCE: Duration = Duration::from_millis(100);
/// Look-ups of different keys rarely wait for each other.
const STRIPES: usize = 64;

/// The source could not be looked up: the sender should try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unavailable;

pub(crate) struct Sources {
    store: Store,
    fresh: Duration,
    stale: Duration,
    limit: Duration,
    known: Mutex<HashMap<String, Known>>,
    unknown: Mutex<HashMap<String, Instant>>,
    listed: Listed,
    new_keys: Mutex<Bucket>,
    /// Of the requests that need the same key at the same time, one looks it up.
    stripes: [Arc<AsyncMutex<()>>; STRIPES],
    /// Whoever reads the keys ends when it is dropped.
    _open: watch::Sender<()>,
}

#[derive(Clone)]
struct Known {
    source: Arc<Source>,
    read_at: Instant,
    /// Not asked again before then.
    next_read: Instant,
}

impl Sources {
    /// Starts in `tasks` to read the keys.
    pub(crate) fn start(config: &Config, store: Store, tasks: &mut JoinSet<()>) -> Arc<Self> {
        let (open, listed) = (watch::Sender::new(()), Listed::default());
        let keeping = listed.clone();
        tasks.spawn(keeping.keep(store.clone(), config.source_fresh, open.subscribe()));
        Arc::new(Self {
            store,
            fresh: config.source_fresh,
            stale: config.source_stale.max(config.source_fresh),
            limit: LOOK_UP_LIMIT.min(config.database_time_limit),
            known: Mutex::default(),
            unknown: Mutex::default(),
            listed,
            new_keys: Mutex::new(Bucket::full(NEW_KEYS, Instant::now())),
            stripes: std::array::from_fn(|_| Arc::default()),
            _open: open,
        })
    }

    /// The enabled source with this key; `None` when there is none.
    pub(crate) async fn get(
        self: &Arc<Self>,
        key: &str,
    ) -> Result<Option<Arc<Source>>, Unavailable> {
        if !is_key(key) {
            return Ok(None);
        }
        let now = Instant::now();
        match self.remembered(key, now) {
            Some(known) if now < known.next_read => Ok(Some(known.source)),
            Some(known) => Ok(self.renewed(key, known).await),
            None if self.is_unknown(key, now) => Ok(None),
            None => self.found(key).await,
        }
    }

    /// The source read again, when a signature matched none of its secrets: one may have been added
    /// since. `None` when what is remembered is current, or no newer can be had.
    pub(crate) async fn renew(&self, key: &str, had: &Arc<Source>) -> Option<Arc<Source>> {
        let _turn = tokio::time::timeout(self.limit, self.stripe(key).lock())
            .await
            .ok()?;
        match self.remembered(key, Instant::now()) {
            // Whoever had the turn before has read it.
            Some(known) if !Arc::ptr_eq(&known.source, had) => Some(known.source),
            Some(known) if known.read_at.elapsed() < SURELY_CURRENT => None,
            _ => self.read(key).await.ok().flatten(),
        }
    }

    /// A source whose time has come is read again beside the request that finds it so, which waits a moment for it. The
    /// others, and all of them while the database is away or hangs, go on with what is remembered.
    async fn renewed(self: &Arc<Self>, key: &str, known: Known) -> Option<Arc<Source>> {
        let Ok(turn) = self.stripe(key).clone().try_lock_owned() else {
            return Some(known.source);
        };
        let remembered = known.source.clone();
        let (sources, key) = (self.clone(), key.to_owned());
        let reading = tokio::spawn(async move {
            let source = sources.read_or_keep(&key, known).await;
            drop(turn);
            source
        });
        match tokio::time::timeout(PATIENCE, reading).await {
            Ok(Ok(source)) => source,
            Ok(Err(_)) | Err(_) => Some(remembered),
        }
    }

    async fn read_or_keep(&self, key: &str, known: Known) -> Option<Arc<Source>> {
        if let Ok(source) = self.read(key).await {
            return source;
        }
        let pause = Known {
            next_read: Instant::now() + PAUSE_AFTER_FAILURE,
            ..known
        };
        let source = pause.source.clone();
        locked(&self.known).insert(key.to_owned(), pause);
        Some(source)
    }

    /// A key seen for the first time, or not for long.
    async fn found(&self, key: &str) -> Result<Option<Arc<Source>>, Unavailable> {
        let turn = tokio::time::timeout(self.limit, self.stripe(key).lock()).await;
        let _turn = turn.map_err(|_| Unavailable)?;
        let now = Instant::now();
        // Whoever had the turn before may have found it.
        if let Some(known) = self.remembered(key, now) {
            return Ok(Some(known.source));
        }
        if self.is_unknown(key, now) {
            return Ok(None);
        }
        if !self.listed.holds(key) {
            locked(&self.new_keys)
                .take(NEW_KEYS, now)
                .map_err(|_| Unavailable)?;
        }
        self.read(key).await
    }

    async fn read(&self, key: &str) -> Result<Option<Arc<Source>>, Unavailable> {
        let source = match tokio::time::timeout(self.limit, self.store.source(key)).await {
            Ok(Ok(source)) => source,
            Ok(Err(error)) => {
                tracing::warn!(
                    error = chain(&error),
                    "a webhook source could not be looked up"
                );
                return Err(Unavailable);
            }
            Err(_) => {
                tracing::warn!(
                    limit_ms = self.limit.as_millis(),
                    "a webhook source was not looked up in time"
                );
                return Err(Unavailable);
            }
        };
        Ok(self.remember(key, source))
    }

    fn remember(&self, key: &str, source: Option<Source>) -> Option<Arc<Source>> {
        let now = Instant::now();
        let Some(source) = source.map(Arc::new) else {
            locked(&self.known).remove(key);
            self.remember_unknown(key, now);
            return None;
        };
        let known = Known {
            source: source.clone(),
            read_at: now,
            next_read: now + self.fresh,
        };
        locked(&self.known).insert(key.to_owned(), known);
        Some(source)
    }

    fn remember_unknown(&self, key: &str, now: Instant) {
        let mut unknown = locked(&self.unknown);
        if unknown.len() >= MAX_UNKNOWN {
            unknown.retain(|_, until| *until > now);
        }
        if unknown.len() < MAX_UNKNOWN {
            unknown.insert(key.to_owned(), now + UNKNOWN_FOR);
        }
    }

    fn remembered(&self, key: &str, now: Instant) -> Option<Known> {
        let known = locked(&self.known).get(key).cloned()?;
        (now.saturating_duration_since(known.read_at) < self.stale).then_some(known)
    }

    fn is_unknown(&self, key: &str, now: Instant) -> bool {
        locked(&self.unknown)
            .get(key)
            .is_some_and(|until| *until > now)
    }

    fn stripe(&self, key: &str) -> &Arc<AsyncMutex<()>> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let place = hasher.finish() % STRIPES as u64;
        let [first, ..] = &self.stripes;
        usize::try_from(place)
            .ok()
            .and_then(|place| self.stripes.get(place))
            .unwrap_or(first)
    }
}

/// Whether a source's key could look like this. What could not is not worth a look-up.
fn is_key(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_KEY).contains(&text.len()) && text.bytes().all(allowed)
}

/// A key with all but its start hidden: enough to tell two apart in a log.
pub(crate) fn masked_key(key: &str) -> String {
    let shown: String = key
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric())
        .take(4)
        .collect();
    if key.len() >= 16 {
        format!("{shown}…")
    } else {
        "…".to_owned()
    }
}

/// The maps hold whole values only, so a panic elsewhere leaves them usable.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_be_a_key_is_looked_up() {
        assert!(is_key("hook_9f2c-6d1e"));
        for text in ["", "a b", "a/b", "ключ", "a\0", &"k".repeat(129)] {
            assert!(!is_key(text), "{text:?}");
        }
    }

    #[test]
    fn a_masked_key_cannot_be_used() {
        assert_eq!(masked_key("hook_9f2c6d1e4b7a4c0f"), "hook…");
        assert_eq!(masked_key("short"), "…");
    }
}
