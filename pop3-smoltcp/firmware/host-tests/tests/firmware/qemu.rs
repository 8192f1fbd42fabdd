//! The firmware, built and booted in QEMU.

use crate::support::process::{Group, poll};
use crate::support::skip::skip;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;

/// The boards that the firmware is for, as QEMU calls them.
pub const BOARDS: [&str; 2] = ["lm3s6965evb", "mps2-an385"];

/// How long a run may take; a second or two is usual.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A board that runs. Dropping it switches it off.
pub struct Qemu {
    group: Group,
    /// What the firmware says.
    console: PathBuf,
    /// What QEMU itself says, and a firmware that panics.
    log: PathBuf,
    // Last, because fields are dropped in order and QEMU writes into it.
    _directory: TempDir,
}

/// What a board did.
#[derive(Debug)]
pub struct Outcome {
    /// The exit status. `None`: QEMU was ended by a signal.
    pub status: Option<i32>,
    /// All that was said on the console, and before it what QEMU itself said.
    pub console: String,
    /// What the firmware has put out, as it is.
    pub octets: Vec<u8>,
}

impl Outcome {
    /// Whether this line was said.
    pub fn says(&self, line: &str) -> bool {
        self.console.lines().any(|said| said == line)
    }
}

/// Whether there is a QEMU. If not, it says on standard error that the test is skipped; with `POP3_REQUIRE_QEMU=1` in the
/// environment it panics instead.
pub fn is_there_or_skip() -> bool {
    let version = Command::new("qemu-system-arm")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    let there = version.is_ok_and(|status| status.success());
    if !there {
        skip(
            "qemu-system-arm is not installed (apt-get install qemu-system-arm)",
            "POP3_REQUIRE_QEMU",
        );
    }
    there
}

impl Qemu {
    /// Boots a board's firmware, with a command line of keys and values.
    pub fn boot(board: &str, options: &[(&str, &str)]) -> Self {
        Self::boot_program(board, &firmware().join(board), options)
    }

    /// Boots a board with another program.
    pub fn boot_program(board: &str, kernel: &Path, options: &[(&str, &str)]) -> Self {
        let mut semihosting = "enable=on,target=native,arg=fw".to_owned();
        for (key, value) in options {
            // Two commas are one to QEMU, and the firmware takes what is in quotation marks for one word.
            let value = value.replace(',', ",,");
            semihosting += &format!(",arg={key},arg='{value}'");
        }
        #[rustfmt::skip]
        let arguments: [&OsStr; 13] = [
            "-M".as_ref(), board.as_ref(),
            "-display".as_ref(), "none".as_ref(),
            "-monitor".as_ref(), "none".as_ref(),
            "-serial".as_ref(), "none".as_ref(),
            "-nic".as_ref(), "user".as_ref(),
            "-semihosting-config".as_ref(), semihosting.as_ref(),
            "-kernel".as_ref(),
        ];
        let arguments = [&arguments[..], &[kernel.as_os_str()]].concat();
        Self::start("qemu-system-arm", &arguments)
    }

    /// Boots what a command for the shell boots.
    pub fn boot_by(command: &str) -> Self {
        Self::start("sh", &["-c".as_ref(), command.as_ref()])
    }

    fn start(program: &str, arguments: &[&OsStr]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (console, log) = (
            directory.path().join("console"),
            directory.path().join("log"),
        );
        let group = Group::start_apart(Path::new(program), arguments, &console, &log);
        Self {
            group: group.expect("QEMU starts"),
            console,
            log,
            _directory: directory,
        }
    }

    /// Waits until this line is said. Panics if it never is.
    pub fn wait_for(&mut self, line: &str) {
        let said = poll(PATIENCE, || {
            let said = self.said().lines().any(|said| said == line);
            (said || self.group.ended().is_some()).then_some(said)
        });
        assert_eq!(said, Some(true), "no {line:?} in: {}", self.said());
    }

    /// Waits until the firmware has ended.
    pub fn outcome(mut self) -> Outcome {
        let Some(status) = poll(PATIENCE, || self.group.ended()) else {
            panic!("the firmware does not end; it said: {}", self.said());
        };
        assert_eq!(status.signal(), None, "it said: {}", self.said());
        Outcome {
            status: status.code(),
            console: self.said(),
            octets: fs::read(&self.console).unwrap_or_default(),
        }
    }

    fn said(&self) -> String {
        let octets = [&self.log, &self.console].map(|file| fs::read(file).unwrap_or_default());
        String::from_utf8_lossy(&octets.concat()).into_owned()
    }
}

/// Builds the firmware, once, and says in which directory it is.
pub fn firmware() -> &'static Path {
    static FIRMWARE: OnceLock<PathBuf> = OnceLock::new();
    FIRMWARE.get_or_init(|| build(&[]))
}

/// Builds a package for the board, by default the firmware, and says in which directory its programs are.
pub fn build(options: &[&str]) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let build = Command::new(here.with_file_name("build"))
        .arg("--locked")
        .args(options)
        .stderr(Stdio::inherit())
        .output()
        .expect("bash");
    assert!(build.status.success(), "the firmware cannot be built");
    let said = String::from_utf8(build.stdout).expect("text");
    let directory = said
        .lines()
        .find_map(|line| line.strip_prefix("firmware in "));
    directory
        .expect("the build says where the firmware is")
        .into()
}
