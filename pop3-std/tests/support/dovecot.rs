//! A real POP3 server for one test: Dovecot 2.3 with a configuration, a certificate and maildrops of its own, in a
//! temporary directory and on free loopback ports. It is a child of the test, never a system service, and it ends with
//! the test. Root and ordinary users can run it.
//!
//! ```ignore
//! let Some(server) = Dovecot::start_or_skip(Setup::new(["Subject: x\r\n\r\nHello\r\n"])) else {
//!     return;
//! };
//! let stream = TcpStream::connect(("localhost", server.pop3()));
//! ```

use super::certificates::{CertificateAuthority, ServerCertificate};
use super::process::{Group, members, poll};
use super::setup::{Ports, Setup, maildir, messages_in, token};
use super::skip::skip;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// How long a start may take on a machine that is very busy; a tenth of a second is usual.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server. Dropping it stops it and removes all it has written; if the test is panicking, its log is shown.
pub struct Dovecot {
    processes: Group,
    ports: Ports,
    certificate: ServerCertificate,
    // Last, because fields are dropped in order and the server writes into it.
    directory: TempDir,
}

impl Dovecot {
    /// An address from which Dovecot sees a stranger. A client that has the server's own address, as on 127.0.0.1 and
    /// ::1, counts as secured, and may send its password in the clear whatever [`Tls`](super::Tls) says; but Linux
    /// connects to this one *from* 127.0.0.1.
    pub const REMOTE: &'static str = "127.0.0.2";

    /// Starts a server, or says on standard error that the test is skipped and why. With `POP3_REQUIRE_DOVECOT=1` in
    /// the environment it panics instead of skipping.
    pub fn start_or_skip(setup: Setup) -> Option<Self> {
        match program() {
            Ok(_) => Some(Self::start(setup)),
            Err(reason) => {
                skip(reason, "POP3_REQUIRE_DOVECOT");
                None
            }
        }
    }

    /// Starts a server and returns when it has greeted. Panics, with Dovecot's log, if it does not come up.
    pub fn start(mut setup: Setup) -> Self {
        let program = program()
            .as_ref()
            .unwrap_or_else(|reason| panic!("{reason}"));
        let certificate = setup
            .certificate
            .take()
            .unwrap_or_else(|| CertificateAuthority::new().issue_for_loopback());
        let directory = temporary_directory();
        let root = directory.path();
        setup.write(root, &certificate);
        // Anyone may take a port between our look at it and Dovecot's.
        for _ in 0..10 {
            let ports = free_ports();
            let configuration = root.join("dovecot.conf");
            let text = setup.configuration(root, &Self::addresses().join(", "), ports);
            fs::write(&configuration, text).expect("dovecot.conf");
            let arguments = ["-F".as_ref(), "-c".as_ref(), configuration.as_os_str()];
            let mut processes =
                Group::start(program, &arguments, &root.join("log")).expect("a child process");
            let greeted = poll(PATIENCE, || match processes.ended() {
                Some(_) => Some(false),
                None => greets(ports.pop3, token(root)).then_some(true),
            });
            let log = log(root);
            match greeted {
                Some(true) => {
                    return Self {
                        processes,
                        ports,
                        certificate,
                        directory,
                    };
                }
                Some(false) if log.contains("Address already in use") => {}
                _ => panic!("Dovecot does not start; its log:\n{log}"),
            }
        }
        panic!("ten pairs of free ports were taken by others before Dovecot could have them");
    }

    /// The port for clear text and STLS, on all [`Self::addresses`].
    pub fn pop3(&self) -> u16 {
        self.ports.pop3
    }

    /// The port for implicit TLS, on all [`Self::addresses`].
    pub fn pop3s(&self) -> u16 {
        self.ports.pop3s
    }

    /// The addresses a server listens on: of 127.0.0.1, [`Self::REMOTE`] and ::1 those that this machine has.
    pub fn addresses() -> Vec<&'static str> {
        let exists = |address: &&str| TcpListener::bind((*address, 0)).is_ok();
        ["127.0.0.1", Self::REMOTE, "::1"]
            .into_iter()
            .filter(exists)
            .collect()
    }

    /// The certificate that the server shows, and the root that a client has to trust for it.
    pub fn certificate(&self) -> &ServerCertificate {
        &self.certificate
    }

    /// The numbers of the messages that are still on disk in a user's maildrop, as the setup counted them from 1.
    pub fn messages_left(&self, user: &str) -> Vec<usize> {
        messages_in(&maildir(self.directory.path(), user))
    }

    /// Waits until a session of this user is in the count that `mail_max_userip_connections` limits; Dovecot says that
    /// the user is logged in a moment before.
    pub fn wait_until_counted(&self, user: &str) {
        let doveadm = find("doveadm").expect("doveadm, which is in dovecot's own package");
        let configuration = self.directory().join("dovecot.conf");
        let counted = || {
            let who = Command::new(&doveadm)
                .arg("-c")
                .arg(&configuration)
                .args(["who", "-1"])
                .output()
                .expect("doveadm");
            let sessions = String::from_utf8_lossy(&who.stdout);
            sessions
                .lines()
                .any(|session| session.split_whitespace().next() == Some(user))
                .then_some(())
        };
        poll(PATIENCE, counted).unwrap_or_else(|| panic!("Dovecot knows no session of {user}"));
    }

    /// The server's log so far.
    pub fn log(&self) -> String {
        log(self.directory.path())
    }

    /// Where everything is that the server has: its log, its configuration, its mail.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The ids of the processes that the server consists of, where the system has a Linux `/proc`.
    pub fn processes(&self) -> Vec<u32> {
        members(self.processes.id())
    }

    /// Ends the server at once, in the middle of whatever it does. What it has sent may still arrive.
    pub fn kill(&mut self) {
        self.processes.kill();
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // An orderly end takes Dovecot a second, and all it would save is about to be removed. Only its log is worth it.
        if thread::panicking() {
            self.processes.terminate();
            eprintln!("Dovecot's log:\n{}", self.log());
        }
    }
}

/// The `dovecot` program, or why there is none that these tests can use.
fn program() -> &'static Result<PathBuf, String> {
    static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let missing = "dovecot-pop3d is not installed (apt-get install dovecot-pop3d)";
        let dovecot = find("dovecot").ok_or(missing)?;
        let version = output(&dovecot, &["--version"])?;
        if !version.starts_with("2.3.") {
            return Err(format!(
                "the tests know the configuration of Dovecot 2.3, not that of {version}"
            ));
        }
        // Dovecot's POP3 part is a package of its own.
        let doveconf = find("doveconf").ok_or(missing)?;
        let parts = output(&doveconf, &["-d", "-h", "libexec_dir"])?;
        if !Path::new(&parts).join("pop3-login").is_file() {
            return Err(missing.to_owned());
        }
        Ok(dovecot)
    })
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Ordinary users often have no sbin in their PATH.
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

fn output(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).trim().to_owned();
    let failed = |why: String| format!("{} cannot be run: {why}", program.display());
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|e| failed(e.to_string()))?;
    if !output.status.success() {
        return Err(failed(text(&output.stderr)));
    }
    Ok(text(&output.stdout))
}

/// A directory that Dovecot's several users can reach, with a path short enough for the names of Unix sockets.
fn temporary_directory() -> TempDir {
    let parent = std::env::temp_dir();
    assert!(
        parent.as_os_str().len() <= 60,
        "{} is too long for the Unix sockets below it; set TMPDIR=/tmp",
        parent.display()
    );
    tempfile::Builder::new()
        .prefix("pop3-")
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir()
        .expect("a temporary directory")
}

/// Two ports that nobody uses at the moment on any of the addresses.
fn free_ports() -> Ports {
    let mut held = Vec::new();
    let mut free_port = || {
        poll(PATIENCE, || {
            let listeners = listen_everywhere().ok()?;
            let port = listeners[0].local_addr().ok()?.port();
            held.push(listeners);
            Some(port)
        })
        .expect("a free port")
    };
    Ports {
        pop3: free_port(),
        pop3s: free_port(),
    }
}

fn listen_everywhere() -> io::Result<Vec<TcpListener>> {
    let mut port = 0;
    let mut listeners = Vec::new();
    for address in Dovecot::addresses() {
        let listener = TcpListener::bind((address, port))?;
        port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    Ok(listeners)
}

/// Whether the server that says `token` greets on a port. It may be another's by now, and that one silent.
fn greets(port: u16, token: &str) -> bool {
    let greeting = || -> io::Result<String> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        Ok(line)
    };
    greeting().is_ok_and(|line| line.starts_with("+OK") && line.contains(token))
}

fn log(directory: &Path) -> String {
    let log = fs::read(directory.join("log")).unwrap_or_default();
    String::from_utf8_lossy(&log).into_owned()
}
