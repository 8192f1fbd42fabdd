//! What rustls tells the `log` crate, which is whatever a program's logger lets through, has no secret in it.

#![cfg(any(feature = "ring", feature = "aws-lc-rs"))]
#![allow(unreachable_pub, reason = "a module of a test crate has no outside")]

#[path = "support/certificates.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod certificates;
#[path = "scripted/play.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod play;
#[path = "scripted/server.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod server;

use std::fmt::Write;
use std::sync::Mutex;

use log::{LevelFilter, Log, Metadata, Record};
use pop3_std::{Authentication, Connector, Credentials, Security};

use crate::certificates::CertificateAuthority;
use crate::play::{GREETING, Play, mailbox};
use crate::server::{Server, speak, speak_after_stls, tls};

/// Keeps everything.
struct Collector(Mutex<String>);

static LOGGED: Collector = Collector(Mutex::new(String::new()));

impl Log for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut logged = self.0.lock().unwrap();
        writeln!(logged, "{} {}", record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}

const PASSWORD: &str = "hunter2-marker";

#[test]
fn what_rustls_logs_shows_no_password() {
    log::set_logger(&LOGGED).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let authority = CertificateAuthority::new();
    for security in [Security::ImplicitTls, Security::StartTls] {
        LOGGED.0.lock().unwrap().clear();
        let certificate = authority.issue_for_loopback();
        // It repeats the password as well.
        let mut play = Play::new(GREETING, |command| match command.strip_prefix("PASS ") {
            Some(password) => format!("+OK {password}\r\n").into(),
            None => mailbox(command),
        });
        let told = play.clone();
        let server = Server::start(move |stream| match security {
            Security::ImplicitTls => speak(&mut tls(stream, &certificate), &mut play),
            _ => speak_after_stls(stream, &certificate, &mut play),
        });
        let session = Connector::new("localhost", security)
            .port(server.port())
            .add_root(authority.root())
            .connect()
            .unwrap()
            .login(
                &Credentials::new("mrose", PASSWORD),
                Authentication::UserPass,
            )
            .unwrap();
        session.quit().unwrap();
        server.ended();
        assert!(told.sent().contains(PASSWORD));

        let logged = LOGGED.0.lock().unwrap().to_lowercase();
        // The client's side is in it, and not only what went before the log-in.
        assert!(logged.contains("rustls::client"), "{logged}");
        assert!(
            logged.contains("close_notify") || logged.contains("closenotify"),
            "{logged}"
        );
        for shown in [
            PASSWORD,
            "marker",
            // In base64, at each of the three places where it can begin.
            "ahvudgvymi1tyxjrzx",
            "h1bnrlcjitbwfya2vy",
            "odw50zxiylw1hcmtlc",
            // In hexadecimal digits, and as lists of octets.
            "68756e746572",
            "68, 75, 6e, 74",
            "0x68, 0x75",
            "104, 117, 110",
        ] {
            assert!(!logged.contains(shown), "{shown} in {logged}");
        }
    }
}
