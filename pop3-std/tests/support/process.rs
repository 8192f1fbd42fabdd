//! A child process that, with all its own children, ends when its test does, even if the test is killed.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long an end asked for politely may take before the processes are killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Becomes the program, and leaves a guard behind that terminates it when standard input, a pipe from the test, is
/// closed: by [`Group::terminate`], or by the kernel when the test process is gone. The guard is started by a shell in
/// between, so that the program has no child it does not know.
const LAUNCHER: &str = r#"
exec 3<&0 </dev/null
( ( read -r _ <&3; kill -s TERM "$$" ) & )
exec "$@" 3<&-
"#;

/// A program that stays in the foreground, leader of a process group of its own that holds whatever it starts.
pub struct Group {
    leader: Child,
    lifeline: Option<ChildStdin>,
    /// Nothing is left, so the id may be another's by now.
    gone: bool,
}

impl Group {
    /// Starts a program whose output and error messages are added to the end of `log`.
    pub fn start(program: &Path, arguments: &[&OsStr], log: &Path) -> io::Result<Self> {
        Self::start_apart(program, arguments, log, log)
    }

    /// The same with a file for the output and one for the error messages.
    pub fn start_apart(
        program: &Path,
        arguments: &[&OsStr],
        output: &Path,
        errors: &Path,
    ) -> io::Result<Self> {
        let open = |file| fs::OpenOptions::new().create(true).append(true).open(file);
        let mut leader = Command::new("sh")
            .args(["-c", LAUNCHER, "sh"])
            .arg(program)
            .args(arguments)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(open(output)?)
            .stderr(open(errors)?)
            .spawn()?;
        let lifeline = leader.stdin.take();
        Ok(Self {
            leader,
            lifeline,
            gone: false,
        })
    }

    /// The process id of the program, which is the id of the group too.
    pub fn id(&self) -> u32 {
        self.leader.id()
    }

    /// How the program ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.leader.try_wait().expect("the state of a child")
    }

    /// Asks the program to end, gives it time to finish, and waits until nothing is left of the group.
    pub fn terminate(&mut self) {
        drop(self.lifeline.take());
        let _ = poll(PATIENCE, || self.ended());
        self.kill();
    }

    /// Ends the whole group at once, with no chance to finish anything, and waits until nothing is left of it.
    pub fn kill(&mut self) {
        if self.gone {
            return;
        }
        self.gone = true;
        let _ = self.leader.kill();
        // The standard library can signal the leader only; every POSIX shell can signal a group.
        let group = format!("-{}", self.id());
        let _ = Command::new("sh")
            .args(["-c", r#"kill -s KILL -- "$1""#, "sh", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.leader.wait();
        let _ = poll(PATIENCE, || members(self.id()).is_empty().then_some(()));
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The processes of a group that still run, where the system has a Linux `/proc`.
pub fn members(group: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let runs_in_group = |id: &u32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // "pid (name) state parent group ...", and the name may hold blanks and parentheses.
        let Some((_, fields)) = stat.rsplit_once(") ") else {
            return false;
        };
        let mut fields = fields.split(' ');
        let state = fields.next();
        state != Some("Z") && fields.nth(1) == Some(group.to_string().as_str())
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(runs_in_group)
        .collect()
}

/// Asks again and again until there is an answer or the time is up.
pub fn poll<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        sleep(Duration::from_millis(2));
    }
}
