//! Reading a request's body: within a size, a time and a share of memory.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{config::Config, refusal::Refusal};

/// Memory is set aside in blocks of so many bytes, as the body arrives.
const BLOCK: usize = 64 << 10;
/// How long the rest of a refused body is read and thrown away.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// Reads bodies within limits that they share.
pub(crate) struct Bodies {
    limit: usize,
    time_limit: Duration,
    memory: Arc<Semaphore>,
}

/// A body as it was received, and its share of memory.
pub(crate) struct Received {
    pub(crate) bytes: Vec<u8>,
    pub(crate) share: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    pub(crate) fn new(config: &Config) -> Self {
        let blocks = (config.body_memory / BLOCK).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            limit: config.body_limit,
            time_limit: config.body_time_limit,
            memory: Arc::new(Semaphore::new(blocks)),
        }
    }

    pub(crate) async fn read(&self, body: &mut Body) -> Result<Received, Refusal> {
        // What says that it is too large is not read at all.
        if body.size_hint().lower() > u64::try_from(self.limit).unwrap_or(u64::MAX) {
            return Err(Refusal::TooLarge { limit: self.limit });
        }
        timeout(self.time_limit, self.read_frames(body))
            .await
            .map_err(|_| Refusal::BodyTooSlow)?
    }

    async fn read_frames(&self, body: &mut Body) -> Result<Received, Refusal> {
        let mut received = Received {
            bytes: Vec::new(),
            share: None,
        };
        while let Some(frame) = body.frame().await {
            // Trailers are of no interest.
            let Ok(data) = frame.map_err(|_| Refusal::BodyBroken)?.into_data() else {
                continue;
            };
            let length = received.bytes.len() + data.len();
            if length > self.limit {
                return Err(Refusal::TooLarge { limit: self.limit });
            }
            received.share = self.grown(received.share, length)?;
            received.bytes.extend_from_slice(&data);
        }
        Ok(received)
    }

    /// The share made large enough for `length` bytes.
    fn grown(
        &self,
        share: Option<OwnedSemaphorePermit>,
        length: usize,
    ) -> Result<Option<OwnedSemaphorePermit>, Refusal> {
        let held = share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = length.div_ceil(BLOCK).saturating_sub(held);
        let Some(missing) = u32::try_from(missing).ok().filter(|missing| *missing > 0) else {
            return Ok(share);
        };
        let more = self
            .memory
            .clone()
            .try_acquire_many_owned(missing)
            .map_err(|_| Refusal::MemoryFull)?;
        Ok(Some(match share {
            Some(mut share) => {
                share.merge(more);
                share
            }
            None => more,
        }))
    }

    /// Throws away what is left of a refused body. Closing with unread bytes would reset the connection,
    /// and the sender might never see the answer.
    pub(crate) async fn drain(&self, body: &mut Body) {
        let read = async {
            let mut left = 4 * self.limit;
            while let Some(Ok(frame)) = body.frame().await {
                let length = frame.data_ref().map_or(0, |data| data.len());
                if length >= left {
                    break;
                }
                left -= length;
            }
        };
        // Whatever is left after that costs the sender its answer.
        timeout(DRAIN_LIMIT, read).await.ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(limit: usize, memory: usize) -> Bodies {
        Bodies::new(&Config {
            body_limit: limit,
            body_memory: memory,
            ..Config::default()
        })
    }

    #[tokio::test]
    async fn a_body_of_just_the_limit_is_read_and_one_byte_more_is_refused() {
        let bodies = bodies(1_024, BLOCK);
        assert_eq!(
            bodies
                .read(&mut Body::from(vec![7; 1_024]))
                .await
                .unwrap()
                .bytes,
            vec![7; 1_024]
        );
        let refused = bodies.read(&mut Body::from(vec![7; 1_025])).await;
        assert_eq!(refused.err(), Some(Refusal::TooLarge { limit: 1_024 }));
    }

    #[tokio::test]
    async fn memory_is_shared_and_given_back() {
        let bodies = bodies(BLOCK, 2 * BLOCK);
        let read = async || bodies.read(&mut Body::from(vec![7; BLOCK])).await;
        let (first, _second) = (read().await.unwrap(), read().await.unwrap());
        assert_eq!(read().await.err(), Some(Refusal::MemoryFull));
        drop(first);
        assert!(read().await.is_ok());
    }
}
