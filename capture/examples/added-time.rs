//! How much time a hook adds to the coding agent: the program run again and again as a hook, beside its bare
//! start, which is the program doing nothing.
//!
//! `cargo run --release -p capture --example added-time -- [PROGRAM] [RUNS]`

use std::{
    env,
    error::Error,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A case's name, its configuration, and the size of the hook's input.
struct Case {
    name: &'static str,
    configuration: String,
    bytes: usize,
}

fn main() -> Outcome<()> {
    let mut arguments = env::args().skip(1);
    let program = match arguments.next() {
        Some(program) => PathBuf::from(program),
        None => beside_this()?,
    };
    let runs = arguments.next().map_or(Ok(500), |runs| runs.parse())?;
    let folder = env::temp_dir().join(format!("bellhop-added-time-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let measured = measure(&program, runs, &folder);
    fs::remove_dir_all(&folder)?;
    measured
}

/// `capture`, as cargo builds it.
fn beside_this() -> Outcome<PathBuf> {
    let here = env::current_exe()?;
    let folder = here.parent().and_then(Path::parent);
    Ok(folder.ok_or("no folder")?.join("capture"))
}

fn measure(program: &Path, runs: usize, folder: &Path) -> Outcome<()> {
    println!("{} runs each of {}", runs, program.display());
    report("fsync of 2 KB and its folder", fsync(runs, folder)?);
    report("bare start", starts(program, &[], b"", runs, folder)?);
    for case in cases()? {
        fs::write(folder.join("capture.toml"), &case.configuration)?;
        let input = input(case.bytes);
        report(
            case.name,
            starts(program, &["capture"], &input, runs, folder)?,
        );
        let _ = fs::remove_dir_all(folder.join("home"));
    }
    Ok(())
}

fn cases() -> Outcome<Vec<Case>> {
    let up = serve(Some("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"))?;
    let hanging = serve(None)?;
    let down = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let url = |address: std::net::SocketAddr, more: &str| {
        format!("url = \"http://{address}/\"\ntoken = \"t\"\nmax_queue_files = 1000000\n{more}")
    };
    let case = |name, configuration, bytes| Case {
        name,
        configuration,
        bytes,
    };
    Ok(vec![
        case("server up, 2 KB", url(up, ""), 2 << 10),
        case(
            "server up, 2 KB, no sync",
            url(up, "sync_first = false\n"),
            2 << 10,
        ),
        case("server up, 50 KB", url(up, ""), 50 << 10),
        case("server up, 1 MB", url(up, ""), 1 << 20),
        case(
            "left to the sender, 2 KB",
            url(up, "direct = false\n"),
            2 << 10,
        ),
        case("server down, 2 KB", url(down, ""), 2 << 10),
        case("server hanging, 2 KB", url(hanging, ""), 2 << 10),
        case("no url, 2 KB", String::new(), 2 << 10),
    ])
}

/// A server with one answer, or with none.
fn serve(answer: Option<&'static str>) -> Outcome<std::net::SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || converse(&stream, answer));
        }
    });
    Ok(address)
}

fn converse(mut stream: &TcpStream, answer: Option<&str>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = value.trim().parse().ok()?;
            }
        }
        reader.read_exact(&mut vec![0; length]).ok()?;
        stream
            .write_all(answer.unwrap_or_default().as_bytes())
            .ok()?;
    }
}

fn input(bytes: usize) -> Vec<u8> {
    let line = "let sum: u64 = numbers.iter().map(|n| n * 2).sum(); // twice\\n";
    let text = line.repeat(bytes.div_ceil(line.len()));
    format!(r#"{{"session_id":"s","hook_event_name":"PostToolUse","tool_response":"{text}"}}"#)
        .into()
}

fn fsync(runs: usize, folder: &Path) -> Outcome<Vec<Duration>> {
    let file = folder.join("fsync");
    (0..runs)
        .map(|_| {
            let start = Instant::now();
            let mut out = fs::File::create_new(&file)?;
            out.write_all(&[b'x'; 2048])?;
            out.sync_data()?;
            fs::File::open(folder)?.sync_all()?;
            let took = start.elapsed();
            fs::remove_file(&file)?;
            Ok(took)
        })
        .collect()
}

/// From the start of the process to its end, each with this on standard input.
fn starts(
    program: &Path,
    arguments: &[&str],
    input: &[u8],
    runs: usize,
    folder: &Path,
) -> Outcome<Vec<Duration>> {
    (0..runs)
        .map(|_| {
            let start = Instant::now();
            let mut child = Command::new(program)
                .args(arguments)
                .env("BELLHOP_CAPTURE_CONFIG", folder.join("capture.toml"))
                .env("BELLHOP_CAPTURE_HOME", folder.join("home"))
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                // A program that does nothing may be gone already.
                let _ = stdin.write_all(input);
            }
            child.wait()?;
            Ok(start.elapsed())
        })
        .collect()
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| {
        let index = (times.len() * share / 100).min(times.len().saturating_sub(1));
        times
            .get(index)
            .map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    println!(
        "{name:30}  p50 {:7.2} ms  p95 {:7.2} ms  p99 {:7.2} ms",
        at(50),
        at(95),
        at(99)
    );
}
