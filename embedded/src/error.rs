use std::io;
use std::path::{Path, PathBuf};

/// Why a server is not there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the servers are not installed: run `make tools` (no .tools folder in {} or above it)", .searched.display())]
    ToolsMissing { searched: PathBuf },
    /// Carries the end of the program's own log, which usually names the cause.
    #[error("{program} {reason}; its log ({}) ends with:\n{tail}", .log.display())]
    NotStarted {
        program: &'static str,
        reason: String,
        log: PathBuf,
        tail: String,
    },
    #[error("port {port} on 127.0.0.1 is taken by another program")]
    PortTaken { port: u16 },
    /// Two servers on one folder would destroy it.
    #[error("{} is in use by {by}", .folder.display())]
    InUse { folder: PathBuf, by: String },
    #[error("{program} failed: {message}")]
    Command {
        program: &'static str,
        message: String,
    },
    #[error("could not {doing} {}", .path.display())]
    Io {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Names what was being done to which path: a bare I/O error says neither.
pub(crate) fn while_doing<'a>(
    doing: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> Error + 'a {
    move |source| Error::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}
