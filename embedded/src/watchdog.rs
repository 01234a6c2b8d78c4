use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::Error;
use crate::error::while_doing;

/// Ends a server when this process dies, however it dies.
///
/// A tiny shell script waits on a pipe that only this process holds open. `PR_SET_PDEATHSIG` would be shorter,
/// but it fires when the *thread* that started the server ends, and macOS has nothing like it.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
}

/// In its own process group and deaf to the terminal's signals, so that Ctrl-C leaves the order to us.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
read -r word
[ "$word" = released ] && exit
kill -s "$2" "$1"
waited=0
while kill -0 "$1" && [ $waited -lt 10 ]; do sleep 1; waited=$((waited + 1)); done
kill -s KILL "$1"
[ -z "$3" ] || rm -rf -- "$3"
"#;

impl Watchdog {
    /// Guards `server`, which is asked to end with `signal` (its name, such as `INT`). Removes `temporary` afterwards.
    pub(crate) fn over(
        server: &Child,
        signal: &str,
        temporary: Option<&Path>,
    ) -> Result<Self, Error> {
        let mut command = Command::new("/bin/sh");
        command.args([
            "-c",
            SCRIPT,
            "bellhop-watchdog",
            &server.id().to_string(),
            signal,
        ]);
        command
            .arg(temporary.unwrap_or(Path::new("")))
            .current_dir("/")
            .process_group(0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let shell = command
            .spawn()
            .map_err(while_doing("start", Path::new("/bin/sh")))?;
        Ok(Self { shell })
    }
}

impl Drop for Watchdog {
    /// Call it off. If the message cannot be written, the shell is gone already.
    fn drop(&mut self) {
        if let Some(mut pipe) = self.shell.stdin.take() {
            let _ = pipe.write_all(b"released\n");
        }
        let _ = self.shell.wait();
    }
}
