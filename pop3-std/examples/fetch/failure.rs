//! Why `fetch` did not do all that it was asked to, and the exit status that says so.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// The reason for an exit status other than 0.
#[derive(Debug)]
pub enum Failure {
    /// The command line asks for something that makes no sense.
    Usage(String),
    /// It was tried, and this went wrong.
    Failed(String),
    /// What was to be said has been said already.
    Reported,
    /// Whoever read standard output reads no more. There is nobody to tell.
    OutputClosed,
}

impl Failure {
    /// An operation on a file that failed.
    pub fn file(doing: &str, path: &Path, error: &io::Error) -> Self {
        Self::Failed(format!("{doing} {}: {error}", path.display()))
    }

    /// An error from writing to standard output.
    pub fn stdout(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Failed(format!("writing to standard output: {error}")),
        }
    }

    /// 2 for a wrong command line, else 1.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) | Self::Reported | Self::OutputClosed => ExitCode::FAILURE,
        }
    }

    /// The line for standard error, if there is one to write.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Usage(message) | Self::Failed(message) => Some(message),
            Self::Reported | Self::OutputClosed => None,
        }
    }
}

impl From<pop3_std::Error> for Failure {
    fn from(error: pop3_std::Error) -> Self {
        Self::Failed(words(&error))
    }
}

/// What the library says, with its remedies as this program has them.
pub fn words(error: &pop3_std::Error) -> String {
    error.to_string().replace("Pipelining::Off", "--pipeline 0")
}

/// Writes one line to standard error. A closed standard error is no reason to stop.
pub fn say(line: impl fmt::Display) {
    use io::Write as _;
    let _ = writeln!(io::stderr(), "fetch: {line}");
}
