//! Calls asked for and followed, by whoever holds a token.

use std::{num::NonZeroUsize, time::Duration};

use domain::{
    call::CallOutcome,
    ids::{CallId, TenantId},
    inbound::Line,
    settings::Settings,
};
use ingress::{Config, LiveLimits, Rate};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::Value;
use store::{AccessToken, Arrived, Store};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::{Answer, Stage, clinic, exchange, stage, stage_on, start_postgres, until};

const NUMBER: &str = "+447700900123";

/// A call that came in, and a token of its tenant.
struct Followed {
    slug: &'static str,
    tenant: TenantId,
    call: CallId,
    token: AccessToken,
}

async fn followed(stage: &Stage, tenant: TenantId, slug: &'static str) -> Followed {
    let token = AccessToken::generate();
    let mut tx = stage.store.tenant(tenant).begin().await.unwrap();
    tx.add_token(&token, None).await.unwrap();
    let caller = tx.recognise(Some(NUMBER), &Settings::default()).await;
    let arrived = Arrived {
        provider: "retell",
        provider_call_id: slug,
        caller: &caller.unwrap(),
        line: Line::Ours,
        to_number: Some("+442079460000"),
        was_asked_about: false,
    };
    let arrival = tx.call_arrived(&arrived, Timestamp::now()).await.unwrap();
    tx.after_arrival(arrival, Timestamp::now()).await.unwrap();
    tx.commit().await.unwrap();
    let call = sqlx::query_scalar("select id from calls where tenant_id = $1")
        .bind(tenant.uuid())
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    Followed {
        slug,
        tenant,
        call: CallId::from_uuid(call),
        token,
    }
}

async fn ours(stage: &Stage) -> Followed {
    followed(stage, stage.clinic.tenant, "harbour-dental").await
}

impl Followed {
    fn path(&self) -> String {
        path(self.slug, &self.call.to_string())
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token.reveal().expose_secret())
    }

    async fn finish(&self, store: &Store) {
        let mut tx = store.tenant(self.tenant).begin().await.unwrap();
        tx.finish_call(self.call, CallOutcome::Failed, Timestamp::now(), None)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    async fn is_answered(&self, stage: &Stage) {
        sqlx::query("update calls set state = 'answered', answered_at = now() where id = $1")
            .bind(self.call.uuid())
            .execute(&stage.pool)
            .await
            .unwrap();
    }
}

fn path(slug: &str, call: &str) -> String {
    format!("/v1/tenants/{slug}/calls/{call}")
}

fn request(path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut text = format!("GET {path} HTTP/1.1\r\nhost: bellhop\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{text}\r\n").into_bytes()
}

async fn get(stage: &Stage, path: &str, headers: &[(&str, &str)]) -> Answer {
    exchange(stage.address, &request(path, headers))
        .await
        .unwrap()
}

/// A stream of events, and what was read of it.
struct Stream {
    socket: TcpStream,
    text: String,
}

impl Stream {
    async fn open(stage: &Stage, of: &Followed) -> Self {
        let mut socket = TcpStream::connect(stage.address).await.unwrap();
        let path = format!("{}/events", of.path());
        let asked = request(&path, &[("authorization", &of.bearer())]);
        socket.write_all(&asked).await.unwrap();
        let text = String::new();
        Self { socket, text }
    }

    /// Reads until `enough` says so. `false` at the end of the stream.
    async fn read_until(&mut self, enough: impl Fn(&str) -> bool) -> bool {
        let mut bytes = [0; 4_096];
        while !enough(&self.text) {
            let read = tokio::time::timeout(Duration::from_secs(30), self.socket.read(&mut bytes));
            let count = read.await.expect("something is sent in time").unwrap();
            if count == 0 {
                return false;
            }
            self.text
                .push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
        true
    }

    /// The states that were told, once there are so many.
    async fn states(&mut self, count: usize) -> Vec<Value> {
        self.read_until(|text| data(text).len() >= count).await;
        data(&self.text)
    }

    /// Reads to the end, which was an orderly one.
    async fn ended(&mut self) {
        assert!(!self.read_until(|_| false).await);
        assert!(self.text.ends_with("0\r\n\r\n"), "{:?}", self.text);
    }
}

fn data(text: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .collect()
}

fn line<'a>(text: &'a str, start: &str) -> &'a str {
    let mut found = text.lines().filter_map(|line| line.strip_prefix(start));
    found.next_back().unwrap()
}

/// Streams that are quick to notice a change.
fn quick(live: LiveLimits) -> Config {
    Config {
        live: LiveLimits {
            look_every: Duration::from_millis(20),
            ..live
        },
        ..Config::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_token_that_was_given_out_is_answered() {
    let stage = stage(Config::default()).await;
    let ours = ours(&stage).await;
    let forged = AccessToken::generate();
    let forged = format!("Bearer {}", forged.reveal().expose_secret());
    let bearer = ours.bearer();
    let (of_ours, _) = bearer.split_once('.').unwrap();
    let wrong_secret = format!("{of_ours}.{}", "0".repeat(64));
    let basic = ours.bearer().replace("Bearer", "Basic");
    for path in [ours.path(), format!("{}/events", ours.path())] {
        for shown in [None, Some(""), Some("Bearer"), Some("Bearer x")]
            .into_iter()
            .chain([&forged, &wrong_secret, &basic].map(|text| Some(text.as_str())))
        {
            let headers: Vec<_> = shown.map(|it| ("authorization", it)).into_iter().collect();
            let answer = get(&stage, &path, &headers).await;
            assert_eq!(answer.status, 401, "{shown:?}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            let kind = answer.header("content-type");
            assert_eq!(kind, Some("application/problem+json"));
        }
    }
    // Two of them may be of two people: neither is believed.
    let twice = [("authorization", bearer.as_str()); 2];
    assert_eq!(get(&stage, &ours.path(), &twice).await.status, 401);
    let answer = get(&stage, &ours.path(), &twice[..1]).await;
    assert_eq!(answer.status, 200);

    let mut tx = stage.store.tenant(ours.tenant).begin().await.unwrap();
    tx.remove_token(ours.token.id()).await.unwrap();
    tx.commit().await.unwrap();
    let answer = get(&stage, &ours.path(), &twice[..1]).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_neighbours_call_is_answered_as_one_that_does_not_exist() {
    let stage = stage(Config::default()).await;
    let ours = ours(&stage).await;
    let neighbour = clinic(&stage.store, "hill-dental").await;
    let theirs = followed(&stage, neighbour.tenant, "hill-dental").await;
    let unknown = CallId::generate().to_string();
    let mut bodies = Vec::new();
    for (slug, call) in [
        (ours.slug, theirs.call.to_string()),
        (theirs.slug, theirs.call.to_string()),
        (theirs.slug, ours.call.to_string()),
        (ours.slug, unknown.clone()),
        ("no-such-clinic", ours.call.to_string()),
        ("no-such-clinic", unknown),
        (ours.slug, "cal_1".to_owned()),
        (ours.slug, "%FF".to_owned()),
    ] {
        for end in ["", "/events"] {
            let path = format!("{}{end}", path(slug, &call));
            let answer = get(&stage, &path, &[("authorization", &ours.bearer())]).await;
            assert_eq!(answer.status, 404, "{path}");
            bodies.push(answer.body);
        }
    }
    bodies.dedup();
    assert_eq!(bodies, [r#"{"status":404,"title":"Not Found"}"#]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_tells_how_the_call_stands_and_nothing_of_the_person() {
    let stage = stage(Config::default()).await;
    let ours = ours(&stage).await;
    ours.is_answered(&stage).await;

    let bearer = ours.bearer();
    let headers = [("authorization", bearer.as_str()), ("x-request-id", "r-1")];
    let answer = get(&stage, &ours.path(), &headers).await;

    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-request-id"), Some("r-1"));
    let told = answer.json();
    assert_eq!(told["id"], ours.call.to_string());
    assert_eq!(told["direction"], "inbound");
    assert_eq!(told["status"], "answered");
    assert_eq!(told["is_over"], false);
    assert!(told["outcome"].is_null());
    assert!(told["duration_ms"].is_u64(), "{told}");
    for at in ["queued_at", "answered_at", "as_of"] {
        let text = told[at].as_str().unwrap();
        assert!(text.parse::<Timestamp>().is_ok(), "{at}: {text}");
    }
    assert!(!answer.body.contains("7700900123"), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_hears_of_each_change_and_is_let_go_at_the_end() {
    let stage = stage(quick(LiveLimits::default())).await;
    let ours = ours(&stage).await;
    let mut stream = Stream::open(&stage, &ours).await;
    assert_eq!(stream.states(1).await[0]["status"], "initiating");
    assert!(stream.text.contains("content-type: text/event-stream"));

    ours.is_answered(&stage).await;
    assert_eq!(stream.states(2).await[1]["status"], "answered");
    ours.finish(&stage.store).await;
    let states = stream.states(3).await;
    assert_eq!(states[2]["outcome"], "failed");
    assert_eq!(states[2]["is_over"], true);
    stream.ended().await;
    assert_eq!(data(&stream.text).len(), 3, "{}", stream.text);

    // Whoever comes later is told of the end, and whoever knows it is told not to come again.
    let mut late = Stream::open(&stage, &ours).await;
    late.ended().await;
    assert_eq!(data(&late.text).len(), 1);
    let last = line(&stream.text, "id: ").to_owned();
    let bearer = ours.bearer();
    let headers = [("authorization", bearer.as_str()), ("last-event-id", &last)];
    let answer = get(&stage, &format!("{}/events", ours.path()), &headers).await;
    assert_eq!(answer.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_follow_one_call_and_each_hears_the_same() {
    let stage = stage(quick(LiveLimits::default())).await;
    let ours = ours(&stage).await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut stream = Stream::open(&stage, &ours).await;
        stream.states(1).await;
        streams.push(stream);
    }
    ours.finish(&stage.store).await;
    for mut stream in streams {
        stream.ended().await;
        let states = data(&stream.text);
        assert_eq!(states.len(), 2, "{states:?}");
        assert_eq!(states[1]["outcome"], "failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_streams_are_open_than_may_be() {
    let stage = stage(quick(LiveLimits {
        streams_per_tenant: NonZeroUsize::MIN,
        heartbeat: Duration::from_millis(20),
        ..LiveLimits::default()
    }))
    .await;
    let ours = ours(&stage).await;
    let mut first = Stream::open(&stage, &ours).await;
    first.states(1).await;

    let mut second = Stream::open(&stage, &ours).await;
    assert!(!second.read_until(|_| false).await);
    assert!(second.text.starts_with("HTTP/1.1 503"), "{}", second.text);
    assert!(second.text.contains("retry-after: 5"), "{}", second.text);
    // Polling goes on.
    let answer = get(&stage, &ours.path(), &[("authorization", &ours.bearer())]).await;
    assert_eq!(answer.status, 200);

    drop(first);
    let open_again = async || {
        let mut stream = Stream::open(&stage, &ours).await;
        stream.read_until(|text| text.contains("\r\n\r\n")).await;
        stream.text.starts_with("HTTP/1.1 200")
    };
    assert!(until(open_again, |open| *open).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_on_which_nothing_happens_is_kept_alive_and_ends_in_time() {
    let stage = stage(quick(LiveLimits {
        heartbeat: Duration::from_millis(20),
        stream_life: Duration::from_secs(1),
        ..LiveLimits::default()
    }))
    .await;
    let ours = ours(&stage).await;
    let mut stream = Stream::open(&stage, &ours).await;
    stream.ended().await;
    let comments = stream.text.lines().filter(|line| *line == ":").count();
    assert!(comments > 0, "{}", stream.text);
    assert_eq!(data(&stream.text).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_the_streams_in_order() {
    let mut stage = stage(quick(LiveLimits::default())).await;
    let ours = ours(&stage).await;
    let mut stream = Stream::open(&stage, &ours).await;
    stream.states(1).await;
    stage.stop().await;
    stream.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_to_wait() {
    let stage = stage(quick(LiveLimits {
        rate: Rate {
            per_second: 1,
            burst: 1,
        },
        ..LiveLimits::default()
    }))
    .await;
    let ours = ours(&stage).await;
    let neighbour = clinic(&stage.store, "hill-dental").await;
    let theirs = followed(&stage, neighbour.tenant, "hill-dental").await;
    let ask = async |of: &Followed| {
        let bearer = of.bearer();
        let headers = [("authorization", bearer.as_str())];
        get(&stage, &of.path(), &headers).await
    };
    let refused = until(async || ask(&ours).await, |answer| answer.status == 429).await;
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(ask(&theirs).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_who_asks_is_told_to_come_again_and_streams_wait() {
    let mut server = start_postgres(true).await;
    let stage = stage_on(
        &server,
        Config {
            database_time_limit: Duration::from_secs(1),
            ..quick(LiveLimits::default())
        },
    )
    .await;
    let ours = ours(&stage).await;
    let mut stream = Stream::open(&stage, &ours).await;
    stream.states(1).await;

    server.kill();
    let bearer = ours.bearer();
    let headers = [("authorization", bearer.as_str())];
    let answer = get(&stage, &ours.path(), &headers).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("5"))
    );

    server.start_again().await.unwrap();
    until(
        async || get(&stage, &ours.path(), &headers).await.status,
        |status| *status == 200,
    )
    .await;
    ours.finish(&stage.store).await;
    assert_eq!(stream.states(2).await[1]["outcome"], "failed");
    stream.ended().await;
}
