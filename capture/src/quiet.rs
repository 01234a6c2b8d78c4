//! Saying nothing, whatever happens.

use std::fs::File;

/// Nothing of this process reaches standard output or standard error any more: not a panic's message, not
/// one of a library or of the allocator.
pub(crate) fn silence() {
    std::panic::set_hook(Box::new(|_| {}));
    if let Ok(nowhere) = File::options().write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdout(&nowhere);
        let _ = rustix::stdio::dup2_stderr(&nowhere);
    }
}
