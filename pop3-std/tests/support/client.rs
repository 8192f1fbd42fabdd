//! A client that is not the one under test, `peer/client.py`: GNU SASL, or SCRAM of its own for what that lacks. By it the
//! servers of the tests are known to be right.

use super::skip::skip;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Debian's own, which knows Debian's packages.
pub(super) const PYTHON: &str = "/usr/bin/python3";

/// A client for one server, whose maildrop has one message of five octets.
pub struct Client {
    /// The server's port on 127.0.0.1.
    pub port: u16,
    /// A file with the root that the server's certificate is of, for "localhost".
    pub root: PathBuf,
}

impl Client {
    /// Whether the client can run; if not, says on standard error that the test is skipped and why. With
    /// `POP3_REQUIRE_PEER=1` in the environment it panics instead of skipping.
    pub fn installed_or_skip() -> bool {
        let output = run(&["--check"]);
        match output {
            Ok(output) if output.status.success() => return true,
            Ok(output) if output.status.code() != Some(3) => panic!("{}", said(&output)),
            Ok(output) => skip(&said(&output), "POP3_REQUIRE_PEER"),
            Err(error) => skip(&format!("{PYTHON}: {error}"), "POP3_REQUIRE_PEER"),
        }
        false
    }

    /// Logs a user in, and says whether the server took it. `more` is as `client.py --help` says.
    ///
    /// Panics if the server is wrong: if it does not keep to the protocol, or does not know the password itself.
    pub fn logs_in(&self, mechanism: &str, user: &str, password: &str, more: &[&str]) -> bool {
        let port = self.port.to_string();
        let root = self.root.to_str().expect("a path in UTF-8");
        let server = ["--port", &port, "--root", root];
        let user = [
            "--mechanism",
            mechanism,
            "--user",
            user,
            "--password",
            password,
        ];
        let output = run(&[server.as_slice(), &user, more].concat()).expect("python3");
        match output.status.code() {
            Some(0) => true,
            Some(4) => false,
            _ => panic!(
                "{mechanism} {more:?} ended with {}: {}",
                output.status,
                said(&output)
            ),
        }
    }
}

/// A program in Python that belongs to the tests.
pub(super) fn program(name: &str) -> PathBuf {
    let support = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support");
    support.join("peer").join(name)
}

fn run(arguments: &[&str]) -> std::io::Result<Output> {
    Command::new(PYTHON)
        .arg("-B")
        .arg(program("client.py"))
        .args(arguments)
        .output()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr)
        .trim_end()
        .to_owned()
}
