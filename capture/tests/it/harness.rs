//! A user's computer with a coding agent: folders, a configuration, and the program.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_capture");
pub(crate) const TOKEN: &str = "0123-token-of-the-test";

pub(crate) struct Computer {
    folder: PathBuf,
}

/// A waiting event, from its file's name.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) tries: u32,
    pub(crate) due: Timestamp,
    path: PathBuf,
}

impl Computer {
    /// Set up to post to this address.
    pub(crate) fn new(url: &str) -> Self {
        let computer = Self::without_configuration();
        computer.configure(&format!("url = {url:?}\ntoken = {TOKEN:?}\n"));
        computer
    }

    pub(crate) fn without_configuration() -> Self {
        let name = format!("bellhop-test-{}", uuid::Uuid::now_v7());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        fs::create_dir(folder.join("tmp")).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.path("home")
    }

    pub(crate) fn fallback(&self) -> PathBuf {
        self.path("fallback")
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.path("capture.toml")
    }

    pub(crate) fn configure(&self, text: &str) {
        fs::write(self.configuration(), text).unwrap();
        fs::set_permissions(self.configuration(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn add_to_configuration(&self, text: &str) {
        let before = fs::read_to_string(self.configuration()).unwrap();
        self.configure(&format!("{before}{text}\n"));
    }

    /// A command with this computer's environment and nothing else.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.path("user"))
            .env("TMPDIR", self.path("tmp"))
            .env("BELLHOP_CAPTURE_CONFIG", self.configuration())
            .env("BELLHOP_CAPTURE_HOME", self.home())
            .env("BELLHOP_CAPTURE_FALLBACK", self.fallback())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the hook as the agent does. It has to be silent and to succeed.
    pub(crate) fn hook(&self, input: &[u8]) {
        let child = self.start_hook(input);
        assert_silent(&child.wait_with_output().unwrap());
    }

    /// The hook, with all of its input given.
    pub(crate) fn start_hook(&self, input: &[u8]) -> Child {
        let mut command = self.command(PROGRAM);
        let mut child = command
            .arg("capture")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        // It may be gone before it has read everything.
        let _ = child.stdin.take().unwrap().write_all(input);
        child
    }

    /// `bellhop capture …`, for people: what it printed, and whether it succeeded.
    pub(crate) fn run(&self, arguments: &[&str]) -> (String, bool) {
        let mut command = self.command(PROGRAM);
        let output = command.arg("capture").args(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8(text).unwrap(), output.status.success())
    }

    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        waiting_in(&self.home())
    }

    /// The reasons of the events that were given up.
    pub(crate) fn failed(&self) -> Vec<String> {
        let names = names(&self.home().join("failed"));
        names
            .iter()
            .map(|name| {
                name.trim_end_matches(".json")
                    .rsplit('_')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }

    /// As if the time until the next round had passed.
    pub(crate) fn let_time_pass(&self) {
        for waiting in self.waiting() {
            let (start, _) = waiting.path.to_str().unwrap().rsplit_once('_').unwrap();
            let _ = fs::rename(&waiting.path, format!("{start}_0.json"));
        }
        let _ = fs::remove_file(self.home().join("hold"));
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home().join("capture.log")).unwrap_or_default()
    }

    /// Everything that was written below the home, as text.
    pub(crate) fn everything(&self) -> String {
        let mut all = String::new();
        let mut folders = vec![self.home()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    all += &String::from_utf8_lossy(&fs::read(entry.path()).unwrap());
                }
            }
        }
        all
    }
}

impl Drop for Computer {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn assert_silent(output: &Output) {
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

/// The waiting events of a queue in the order of their capture.
pub(crate) fn waiting_in(home: &Path) -> Vec<Waiting> {
    let folder = home.join("pending");
    let names = names(&folder);
    let waiting = names.iter().map(|name| {
        let parts: Vec<&str> = name.trim_end_matches(".json").split('_').collect();
        let [id, event, _, tries, due] = parts[..] else {
            panic!("{name}");
        };
        Waiting {
            id: id.to_owned(),
            event: event.to_owned(),
            tries: tries.parse().unwrap(),
            due: Timestamp::from_millisecond(due.parse().unwrap()).unwrap(),
            path: folder.join(name),
        }
    });
    waiting.collect()
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// What the agent gives to a hook.
pub(crate) fn event(name: &str, number: u64) -> Vec<u8> {
    format!(r#"{{"session_id":"s1","hook_event_name":"{name}","cwd":"/","n":{number}}}"#).into()
}

/// Waits until it is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "not within 30 s: {what}"
        );
        thread::sleep(Duration::from_millis(5));
    }
}
