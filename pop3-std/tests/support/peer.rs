//! A second POP3 server for tests of SASL: `peer/peer.py`, where Cyrus SASL and OpenSSL do what Dovecot 2.3 cannot, the
//! -PLUS mechanisms and SCRAM-SHA-512. It has one message of five octets, takes no USER and PASS, and is strict.
//!
//! ```ignore
//! let Some(peer) = Peer::start_or_skip(PeerSetup::new().tls(PeerTls::Implicit)) else {
//!     return;
//! };
//! let stream = TcpStream::connect(("127.0.0.1", peer.port()));
//! ```

use super::certificates::{CertificateAuthority, ServerCertificate};
use super::client::{Client, PYTHON, program};
use super::client_certificates::ClientAuthority;
use super::process::{Group, poll};
use super::skip::skip;
use super::{PASSWORD, USER};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// How long a start may take on a machine that is very busy; a third of a second is usual.
const PATIENCE: Duration = Duration::from_secs(20);

/// Debian's packages that the server consists of.
const PACKAGES: &str = "python3 python3-openssl libsasl2-2 libsasl2-modules libsasl2-modules-db";

/// When TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerTls {
    /// Never.
    Off,
    /// At STLS. Log-ins are taken in clear too.
    Stls,
    /// With the connection.
    Implicit,
}

/// What the server is to be like.
pub struct PeerSetup {
    arguments: Vec<OsString>,
    certificate: Option<ServerCertificate>,
    client_root: Option<String>,
}

impl PeerSetup {
    /// All mechanisms for [`USER`] with [`PASSWORD`], without TLS.
    pub fn new() -> Self {
        let setup = Self {
            arguments: Vec::new(),
            certificate: None,
            client_root: None,
        };
        setup.user(USER, PASSWORD)
    }

    /// One more user, whose name has no colon. A password for SCRAM is in the form that SASLprep makes of it.
    pub fn user(self, name: &str, password: &str) -> Self {
        self.with("--user", &[&format!("{name}:{password}")])
    }

    /// The mechanisms that are announced and taken, in this order; -PLUS ones only where there is a channel to bind,
    /// and EXTERNAL where the client has shown a certificate.
    ///
    /// Channels are bound by those that are left out no less: a client that says it could have bound the channel, had
    /// it only been announced (gs2 flag `y`), is refused, because somebody must have taken it from the list.
    pub fn mechanisms(self, mechanisms: &[&str]) -> Self {
        self.with("--mechanisms", mechanisms)
    }

    /// [`PeerTls::Off`] unless this is called.
    pub fn tls(self, tls: PeerTls) -> Self {
        let tls = match tls {
            PeerTls::Off => "off",
            PeerTls::Stls => "stls",
            PeerTls::Implicit => "implicit",
        };
        self.with("--tls", &[tls])
    }

    /// One version of TLS, `"1.2"` or `"1.3"`, instead of both.
    pub fn tls_version(self, version: &str) -> Self {
        self.with("--tls-min", &[version])
            .with("--tls-max", &[version])
    }

    /// The server's certificate, instead of one for the loopback names by an authority of its own.
    pub fn certificate(mut self, certificate: ServerCertificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Asks for a client certificate, and believes those of this authority.
    pub fn clients_of(mut self, authority: &ClientAuthority) -> Self {
        self.client_root = Some(authority.root_pem());
        self
    }

    /// The channel bindings that the server knows, instead of `tls-exporter` (on TLS 1.3) and `tls-server-end-point`.
    pub fn bindings(self, names: &[&str]) -> Self {
        self.with("--binding", names)
    }

    /// The server sees another channel than the client, as with somebody in the middle.
    pub fn wrong_binding(self) -> Self {
        self.with("--wrong-binding", &[])
    }

    fn with(mut self, option: &str, values: &[&str]) -> Self {
        self.arguments.push(option.into());
        self.arguments.extend(values.iter().map(OsString::from));
        self
    }
}

/// A running server. Dropping it stops it; if the test is panicking, its log is shown.
pub struct Peer {
    // Held, because dropping it ends the server.
    _processes: Group,
    port: u16,
    certificate: ServerCertificate,
    // Last, because fields are dropped in order and the server writes into it.
    directory: TempDir,
}

impl Peer {
    /// Starts a server on 127.0.0.1, or says on standard error that the test is skipped and why. With
    /// `POP3_REQUIRE_PEER=1` in the environment it panics instead of skipping.
    pub fn start_or_skip(setup: PeerSetup) -> Option<Self> {
        match installed() {
            Ok(()) => Some(Self::start(setup)),
            Err(reason) => {
                skip(reason, "POP3_REQUIRE_PEER");
                None
            }
        }
    }

    fn start(setup: PeerSetup) -> Self {
        let certificate = setup
            .certificate
            .unwrap_or_else(|| CertificateAuthority::new().issue_for_loopback());
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = |name: &str, content: &str| {
            let file = directory.path().join(name);
            fs::write(&file, content).expect("a file for the server");
            file.into_os_string()
        };
        file("root.pem", certificate.root_pem());
        let mut arguments: Vec<OsString> = vec!["-B".into(), program("peer.py").into()];
        arguments.extend(["--directory".into(), directory.path().into()]);
        arguments.extend([
            "--certificate".into(),
            file("certificate.pem", &certificate.pem()),
        ]);
        arguments.extend(["--key".into(), file("key.pem", &certificate.key_pem())]);
        if let Some(root) = &setup.client_root {
            arguments.extend(["--client-root".into(), file("client-root.pem", root)]);
        }
        arguments.extend(setup.arguments);
        let arguments: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
        let log = directory.path().join("log");
        let mut processes =
            Group::start(Path::new(PYTHON), &arguments, &log).expect("a child process");
        let port = poll(PATIENCE, || match port_in(&read(&log)) {
            None => processes.ended().map(|_| None),
            port => Some(port),
        });
        let Some(Some(port)) = port else {
            panic!("the peer does not start; its log:\n{}", read(&log));
        };
        Self {
            _processes: processes,
            port,
            certificate,
            directory,
        }
    }

    /// The port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate that the server shows, and the root that a client has to trust for it.
    pub fn certificate(&self) -> &ServerCertificate {
        &self.certificate
    }

    /// All that was said so far, secrets included: `client 1 < AUTH PLAIN` is the first client's line, and
    /// `client 1 > +OK` the server's. What Cyrus SASL has against a client is on lines with `SASL:`.
    pub fn log(&self) -> String {
        read(&self.directory.path().join("log"))
    }

    /// A client that is not the one under test, for this server.
    pub fn client(&self) -> Client {
        Client {
            port: self.port,
            root: self.directory.path().join("root.pem"),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("The peer's log:\n{}", self.log());
        }
    }
}

/// Whether all is there, or what is not.
fn installed() -> &'static Result<(), String> {
    static INSTALLED: OnceLock<Result<(), String>> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let missing = |what: String| format!("{what} (apt-get install {PACKAGES})");
        let directory = tempfile::tempdir().expect("a temporary directory");
        let check = Command::new(PYTHON)
            .arg("-B")
            .arg(program("peer.py"))
            .args(["--check", "--user", "a:b", "--directory"])
            .arg(directory.path())
            .output()
            .map_err(|e| missing(format!("{PYTHON}: {e}")))?;
        let said = String::from_utf8_lossy(&check.stderr);
        match check.status.code() {
            Some(0) => Ok(()),
            Some(3) => Err(missing(said.lines().last().unwrap_or_default().to_owned())),
            _ => panic!("the peer is broken: {said}"),
        }
    })
}

fn port_in(log: &str) -> Option<u16> {
    log.split_inclusive('\n')
        .find_map(|line| line.strip_prefix("port ")?.strip_suffix('\n')?.parse().ok())
}

fn read(log: &Path) -> String {
    String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned()
}
