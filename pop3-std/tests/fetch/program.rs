//! Running `fetch` and reading what it has stored.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::host::{Host, PASSWORD};

/// Where Cargo puts examples, seen from where it puts test programs.
fn path(example: &str) -> PathBuf {
    let mut path = env::current_exe().unwrap();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.push("examples");
    path.push(format!("{example}{}", env::consts::EXE_SUFFIX));
    assert!(
        path.exists(),
        "{} is missing: cargo build -p pop3-std --example {example}",
        path.display()
    );
    path
}

/// The program, without a URL and without a password.
pub fn bare() -> Command {
    let mut command = Command::new(path("fetch"));
    command.stdin(Stdio::null()).env_remove("POP3_PASSWORD");
    command
}

/// The demonstration's server.
pub fn demo_server() -> Command {
    let mut command = Command::new(path("demo_server"));
    command.stdin(Stdio::null());
    command
}

/// The program, for that server.
pub fn fetch(host: &Host, arguments: &[&str]) -> Command {
    let mut command = bare();
    command.env("POP3_PASSWORD", PASSWORD);
    command.args(["--tls", "none", "--timeout", "20"]);
    command.args(arguments).arg(host.url());
    command
}

/// What a run came to.
#[derive(Debug)]
pub struct Run {
    pub status: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Run {
    pub fn of(command: &mut Command) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().unwrap();
        Self {
            status: status.code(),
            stdout,
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Standard output of a run in which all went well.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.status, Some(0), "{self:?}");
        assert_eq!(self.stderr, "");
        String::from_utf8(self.stdout).unwrap()
    }

    /// The one line on standard error of a run that failed.
    #[track_caller]
    pub fn failed(self, status: i32) -> String {
        assert_eq!(self.status, Some(status), "{self:?}");
        assert!(self.stderr.starts_with("fetch: "), "{}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        self.stderr
    }
}

/// Writes a file that only its owner can read.
pub fn write_secret(path: &Path, content: &str) {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .unwrap();
}

/// The messages in a Maildir's `new`, sorted.
pub fn in_maildir(maildir: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(maildir.join("new")).unwrap();
    let mut messages: Vec<_> = entries
        .map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .collect();
    messages.sort();
    messages
}

/// The messages in an mbox, unquoted and sorted. Whatever is not as it should be is a failure.
pub fn in_mbox(path: &Path) -> Vec<Vec<u8>> {
    let content = String::from_utf8(fs::read(path).unwrap()).unwrap();
    let mut messages: Vec<String> = Vec::new();
    for line in content.split_inclusive('\n') {
        if line.starts_with("From ") {
            assert!(line.starts_with("From MAILER-DAEMON "), "{line}");
            messages.push(String::new());
            continue;
        }
        let is_quoted = line.trim_start_matches('>').starts_with("From ");
        let line = line.strip_prefix('>').filter(|_| is_quoted).unwrap_or(line);
        messages
            .last_mut()
            .expect("a separator first")
            .push_str(line);
    }
    let mut messages: Vec<_> = messages
        .iter()
        .map(|message| {
            message
                .strip_suffix("\n")
                .expect("an empty line")
                .as_bytes()
                .to_vec()
        })
        .collect();
    messages.sort();
    messages
}
