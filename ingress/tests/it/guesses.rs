//! Somebody guesses keys.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use futures::future::join_all;
use ingress::Config;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use uuid::Uuid;

use crate::harness::{Clinic, Post, SECRET, Stage, clinic, ended, now_ms, stage, until};

/// A hundred times what may be looked up of unknown keys in a second.
const MANY: usize = 10_000;
/// Guesses in one packet.
const AT_ONCE: usize = 50;

/// Guesses keys as fast as it can until told to end.
struct Flood {
    guessed: AtomicUsize,
    put_off: AtomicUsize,
    done: AtomicBool,
}

impl Flood {
    fn new() -> Self {
        Self {
            guessed: AtomicUsize::new(0),
            put_off: AtomicUsize::new(0),
            done: AtomicBool::new(false),
        }
    }

    async fn run(&self, stage: &Stage) {
        join_all((0..8).map(async |_| self.guess(stage).await)).await;
    }

    async fn guess(&self, stage: &Stage) {
        let mut stream = TcpStream::connect(stage.address).await.unwrap();
        while !self.done.load(Ordering::Relaxed) {
            let requests: String = (0..AT_ONCE).map(|_| guess()).collect();
            stream.write_all(requests.as_bytes()).await.unwrap();
            let answers = answers(&mut stream).await;
            let with = |status| answers.matches(&format!("HTTP/1.1 {status} ")).count();
            assert_eq!(with(404) + with(503), AT_ONCE, "{answers}");
            self.guessed.fetch_add(AT_ONCE, Ordering::Relaxed);
            self.put_off.fetch_add(with(503), Ordering::Relaxed);
        }
    }

    /// Once unknown keys are not looked up any more.
    async fn is_felt(&self) {
        let put_off = async || self.put_off.load(Ordering::Relaxed);
        until(put_off, |count| *count >= 1_000).await;
    }

    fn guessed(&self) -> usize {
        self.guessed.load(Ordering::Relaxed)
    }
}

async fn answers(stream: &mut TcpStream) -> String {
    let (mut text, mut part) = (String::new(), vec![0; 64 << 10]);
    while text.matches("HTTP/1.1 ").count() < AT_ONCE || !text.ends_with('}') {
        let read = stream.read(&mut part).await.unwrap();
        assert!(read > 0, "the connection was closed after {text}");
        text.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
    text
}

fn guess() -> String {
    format!(
        "POST /hooks/hook{} HTTP/1.1\r\nhost: bellhop\r\ncontent-length: 0\r\n\r\n",
        Uuid::now_v7().simple()
    )
}

async fn status(stage: &Stage, clinic: &Clinic, call: &str) -> u16 {
    let body = ended(call);
    let post =
        Post::to(&format!("/hooks/{}", clinic.key)).signed(body.as_bytes(), SECRET, now_ms());
    stage.send(&post).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_keys_locks_no_source_out() {
    // Each webhook needs a look-up, as that of a source which was silent for long.
    let config = Config {
        source_fresh: Duration::from_millis(1),
        source_stale: Duration::from_millis(1),
        ..Config::default()
    };
    let mut stage = stage(config.clone()).await;
    let mut clinics = vec![stage.clinic.clone()];
    for number in 0..5 {
        clinics.push(clinic(&stage.store, &format!("clinic-{number}")).await);
    }
    stage.stop().await;
    stage.start_again(&config).await;
    let flood = Flood::new();
    let senders = async {
        flood.is_felt().await;
        let mut round = 0;
        while round < 3 || flood.guessed() < MANY {
            for clinic in &clinics {
                let call = format!("call_{round}");
                assert_eq!(status(&stage, clinic, &call).await, 204, "{call}");
            }
            round += 1;
        }
        // One that is made meanwhile is found soon.
        let new = clinic(&stage.store, "made-meanwhile").await;
        until(|| status(&stage, &new, "first"), |status| *status == 204).await;
        flood.done.store(true, Ordering::Relaxed);
    };
    tokio::join!(flood.run(&stage), senders);
}
