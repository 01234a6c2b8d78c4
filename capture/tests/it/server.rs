//! A server that takes events, or does not, as a test wants it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use serde_json::Value;

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) event_id: String,
    pub(crate) authorization: String,
    pub(crate) body: Value,
}

impl Request {
    /// The field `n` of the hook's input.
    pub(crate) fn number(&self) -> u64 {
        self.body["data"]["payload"]["n"].as_u64().unwrap()
    }
}

pub(crate) enum Reply {
    Status(u16),
    /// A status with one header.
    With(u16, &'static str),
    /// Nothing, and the connection stays open.
    Hang,
    /// The connection is closed.
    Close,
    /// Bytes that are not HTTP.
    Garbage,
}

type Behaviour = dyn Fn(usize, &Request) -> Reply + Send + Sync;

pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    ended: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// `reply` is given how many requests came before, and the request.
    pub(crate) fn start(reply: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::at(SocketAddr::from((own_address(), 0)), reply)
    }

    pub(crate) fn taking_all() -> Self {
        Self::start(|_, _| Reply::Status(200))
    }

    pub(crate) fn at(
        address: SocketAddr,
        reply: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let reply: Arc<Behaviour> = Arc::new(reply);
        let accepting = thread::spawn({
            let (seen, ended) = (seen.clone(), ended.clone());
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    if ended.load(Ordering::SeqCst) {
                        return;
                    }
                    let (seen, reply) = (seen.clone(), reply.clone());
                    thread::spawn(move || serve(&stream, &seen, &*reply));
                }
            }
        });
        Self {
            address,
            seen,
            ended,
            accepting: Some(accepting),
        }
    }

    pub(crate) fn url(&self) -> String {
        url(self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.accepting.take().map(JoinHandle::join);
    }
}

/// An address where nobody listens, for a server that comes later.
pub(crate) fn nobody() -> SocketAddr {
    let listener = TcpListener::bind((own_address(), 0)).unwrap();
    listener.local_addr().unwrap()
}

pub(crate) fn url(address: SocketAddr) -> String {
    format!("http://{address}/hooks/key")
}

/// Of this process alone, where the system has more than one: a port that is free stays so.
fn own_address() -> Ipv4Addr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    if cfg!(target_os = "linux") {
        Ipv4Addr::new(127, high.wrapping_add(1).max(1), middle, low.max(1))
    } else {
        Ipv4Addr::LOCALHOST
    }
}

fn serve(stream: &TcpStream, seen: &Mutex<Vec<Request>>, reply: &Behaviour) {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(request) = read(&mut reader) {
        let before = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        let answer = match reply(before, &request) {
            Reply::Status(status) => answer(status, ""),
            Reply::With(status, header) => answer(status, &format!("{header}\r\n")),
            Reply::Garbage => "\u{0}nonsense\r\n\r\n".to_owned(),
            Reply::Close => return,
            Reply::Hang => {
                let _ = reader.read_to_end(&mut Vec::new());
                return;
            }
        };
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(status: u16, header: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{header}content-length: 2\r\n\r\nok")
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let (mut event_id, mut authorization, mut length) = (String::new(), String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(": ") else {
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "webhook-id" => event_id = value.to_owned(),
            "authorization" => authorization = value.to_owned(),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        event_id,
        authorization,
        body: serde_json::from_slice(&body).ok()?,
    })
}
