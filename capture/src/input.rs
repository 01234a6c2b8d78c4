//! One hook event from standard input, with a limit on its size and on the time it takes.

use std::{
    os::fd::AsFd,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

const CHUNK: usize = 64 << 10;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) bytes: Vec<u8>,
    pub(crate) cut: Option<Cut>,
}

/// Why not everything was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Size,
    Time,
}

/// Reads to the end. Past the cap it reads on and forgets: a writer whose pipe closes early may complain.
pub(crate) fn read(source: impl AsFd, cap: usize, limit: Duration) -> Input {
    let end = Instant::now().checked_add(limit);
    let mut bytes = Vec::new();
    let mut chunk = vec![0; CHUNK];
    let mut cut = None;
    loop {
        let left = end.map_or(limit, |end| end.saturating_duration_since(Instant::now()));
        if !is_ready(&source, left) {
            cut = cut.or(Some(Cut::Time));
            break;
        }
        let read = match rustix::io::read(&source, &mut chunk) {
            Ok(0) => break,
            Ok(read) => chunk.get(..read).unwrap_or_default(),
            Err(Errno::INTR | Errno::AGAIN) => continue,
            Err(_) => break,
        };
        let room = cap.saturating_sub(bytes.len());
        if read.len() > room {
            cut = Some(Cut::Size);
        }
        bytes.extend(read.iter().take(room));
    }
    Input { bytes, cut }
}

/// Whether there is something to read, or an end, before the time is up.
fn is_ready(source: &impl AsFd, left: Duration) -> bool {
    if left.is_zero() {
        return false;
    }
    let time = Timespec::try_from(left).ok();
    loop {
        match poll(&mut [PollFd::new(source, PollFlags::IN)], time.as_ref()) {
            Ok(ready) => return ready > 0,
            Err(Errno::INTR) => {}
            Err(_) => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        io::{Write, pipe},
        thread,
    };

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn everything_up_to_the_cap_is_read() {
        let (reader, mut writer) = pipe().unwrap();
        writer.write_all(b"12345").unwrap();
        drop(writer);
        let input = read(reader, 5, LONG);
        assert_eq!(
            input,
            Input {
                bytes: b"12345".into(),
                cut: None
            }
        );
    }

    #[test]
    fn past_the_cap_the_head_is_kept_and_the_writer_can_finish() {
        let (reader, mut writer) = pipe().unwrap();
        let writing = thread::spawn(move || writer.write_all(&vec![b'x'; 3 << 20]));
        let input = read(reader, 1 << 20, LONG);
        assert_eq!(input.bytes.len(), 1 << 20);
        assert_eq!(input.cut, Some(Cut::Size));
        assert!(writing.join().unwrap().is_ok());
    }

    #[test]
    fn a_writer_that_never_ends_is_left_after_the_time() {
        let (reader, mut writer) = pipe().unwrap();
        writer.write_all(b"half").unwrap();
        let input = read(reader, 100, Duration::from_millis(20));
        assert_eq!(
            input,
            Input {
                bytes: b"half".into(),
                cut: Some(Cut::Time)
            }
        );
        drop(writer);
    }

    #[test]
    fn what_cannot_be_read_counts_as_empty() {
        let folder = File::open("/").unwrap();
        let input = read(folder, 100, LONG);
        assert_eq!(
            input,
            Input {
                bytes: Vec::new(),
                cut: None
            }
        );
    }
}
