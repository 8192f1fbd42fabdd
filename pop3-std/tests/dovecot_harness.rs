//! Holds the harness of the other tests to its word, in raw POP3 and without the crate under test: a server that served
//! other octets, or took a password where it should not, would make their failures, or their successes, meaningless.

#![cfg(unix)]

mod support;

use rustls::pki_types::CertificateDer;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use support::certificates::{CertificateAuthority, LOOPBACK_NAMES, ServerCertificate};
use support::dovecot::Dovecot;
use support::raw::{Raw, connect, greet, tls};
use support::{PASSWORD, Setup, Tls, USER, hard_messages, server_or_skip};

#[test]
fn messages_arrive_octet_for_octet_in_order_on_every_address() {
    let messages = hard_messages();
    let server = server_or_skip!(Setup::new(&messages));
    for address in Dovecot::addresses() {
        let (mut raw, _) = greet(address, server.pop3());
        raw.log_in();
        let octets: usize = messages.iter().map(Vec::len).sum();
        assert_eq!(
            raw.ok("STAT"),
            format!("+OK {} {octets}\r\n", messages.len())
        );
        for (number, message) in (1..).zip(&messages) {
            let got = raw.message(&format!("RETR {number}"));
            assert!(got == *message, "message {number} on {address}");
        }
        raw.ok("QUIT");
    }
}

#[test]
fn the_disk_tells_which_messages_are_deleted() {
    let setup = Setup::new(["a: 1\r\n\r\n", "a: 2\r\n\r\n", "a: 3\r\n\r\n"]);
    let server = server_or_skip!(setup.user("second", "p:w", ["a: x\r\n\r\n"]));
    let (mut raw, _) = greet("localhost", server.pop3());
    raw.log_in();
    raw.ok("DELE 2");
    assert_eq!(server.messages_left(USER), [1, 2, 3]);
    raw.ok("QUIT");
    assert_eq!(server.messages_left(USER), [1, 3]);

    let (mut raw, _) = greet("localhost", server.pop3());
    raw.ok("USER second");
    raw.ok("PASS p:w");
    assert_eq!(raw.message("RETR 1"), b"a: x\r\n\r\n");
    raw.ok("DELE 1");
    raw.ok("QUIT");
    assert!(server.messages_left("second").is_empty());
    assert_eq!(server.messages_left(USER), [1, 3]);
}

#[test]
fn apop_takes_the_digest_of_the_greeting_and_the_password() {
    let server = server_or_skip!(Setup::new(["a: b\r\n\r\n"]));
    let digest = |stamp: &str, password: &str| {
        let mut md5sum = Command::new("md5sum")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("md5sum");
        let mut input = md5sum.stdin.take().expect("a pipe");
        input
            .write_all(format!("{stamp}{password}").as_bytes())
            .expect("a pipe");
        drop(input);
        let output = md5sum.wait_with_output().expect("md5sum").stdout;
        String::from_utf8(output).expect("hexadecimal digits")[..32].to_owned()
    };
    for (password, accepted) in [(PASSWORD, true), ("another", false)] {
        let (mut raw, greeting) = greet("localhost", server.pop3());
        let stamp = &greeting[greeting.find('<').expect("a time stamp")..greeting.trim_end().len()];
        let status = raw.ask(&format!("APOP {USER} {}", digest(stamp, password)));
        assert_eq!(status.starts_with("+OK"), accepted, "{status}");
    }
}

#[test]
fn both_kinds_of_tls_show_a_certificate_of_the_harness() {
    let server = server_or_skip!(Setup::new(["a: b\r\n\r\nc\r\n"]));
    for name in LOOPBACK_NAMES {
        if name != "localhost" && !Dovecot::addresses().contains(&name) {
            continue;
        }
        let stream = tls(
            connect(name, server.pop3s()),
            name,
            server.certificate().root(),
        );
        let mut raw = Raw::new(stream.expect("a handshake"));
        raw.greeting();
        raw.log_in();
        assert_eq!(raw.message("RETR 1"), b"a: b\r\n\r\nc\r\n");
        raw.ok("QUIT");

        let (mut raw, _) = greet(name, server.pop3());
        raw.ok("STLS");
        let stream = tls(raw.0.into_inner(), name, server.certificate().root());
        let mut raw = Raw::new(stream.expect("a handshake"));
        raw.log_in();
        raw.ok("QUIT");
    }
}

#[test]
fn a_bad_certificate_is_bad_in_one_way_only() {
    let authority = CertificateAuthority::new();
    let refusal = |certificate: ServerCertificate, root: CertificateDer<'static>| {
        let server = Dovecot::start_or_skip(Setup::new(["a: b\r\n\r\n"]).certificate(certificate))?;
        let outcome = tls(connect("localhost", server.pop3s()), "localhost", root);
        Some(outcome.expect_err("a refusal").to_string())
    };
    let cases = [
        (
            authority.issue_expired(&["localhost"]),
            authority.root(),
            "expired",
        ),
        (
            authority.issue(&["pop.example.org"]),
            authority.root(),
            "not valid for name",
        ),
        (
            authority.issue(&["localhost"]),
            CertificateAuthority::new().root(),
            "UnknownIssuer",
        ),
    ];
    for (certificate, root, expected) in cases {
        let Some(refusal) = refusal(certificate, root) else {
            return;
        };
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn a_stranger_needs_tls_where_it_is_required_and_a_neighbour_does_not() {
    if !Dovecot::addresses().contains(&Dovecot::REMOTE) {
        return;
    }
    let server = server_or_skip!(Setup::new(["a: b\r\n\r\n"]).tls(Tls::Required));
    let (mut stranger, _) = greet(Dovecot::REMOTE, server.pop3());
    let status = stranger.ask(&format!("USER {USER}"));
    assert!(status.starts_with("-ERR [AUTH]"), "{status}");
    let (mut neighbour, _) = greet("127.0.0.1", server.pop3());
    neighbour.log_in();
}

#[test]
fn one_connection_for_each_user_is_a_lock_without_a_wait() {
    let setup = Setup::new(["a: b\r\n\r\n"]).option("mail_max_userip_connections = 1");
    let server = server_or_skip!(setup);
    let (mut first, _) = greet("127.0.0.1", server.pop3());
    first.log_in();
    server.wait_until_counted(USER);
    let (mut second, _) = greet("127.0.0.1", server.pop3());
    second.ok(&format!("USER {USER}"));
    let status = second.ask(&format!("PASS {PASSWORD}"));
    assert!(status.starts_with("-ERR [IN-USE]"), "{status}");
}

#[test]
fn a_killed_server_ends_the_session_and_commits_nothing() {
    let mut server = server_or_skip!(Setup::new(["a: b\r\n\r\n"]));
    let (mut raw, _) = greet("127.0.0.1", server.pop3());
    raw.log_in();
    raw.ok("DELE 1");
    server.kill();
    assert!(server.processes().is_empty());
    let mut rest = Vec::new();
    // An end or a reset, but no time-out.
    let ended = match raw.0.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(e) => e.kind() == io::ErrorKind::ConnectionReset,
    };
    assert!(ended && rest.is_empty());
    assert_eq!(server.messages_left(USER), [1]);
}

#[test]
fn nothing_is_left_of_a_dropped_server() {
    let server = server_or_skip!(Setup::new(["a: b\r\n\r\n"]));
    let (mut raw, _) = greet("127.0.0.1", server.pop3());
    raw.log_in();
    let processes = server.processes();
    let directory = server.directory().to_owned();
    assert!(
        processes.len() > 2,
        "a master and its children: {processes:?}"
    );
    drop(server);
    for process in processes {
        let left = std::fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
        assert!(
            !left.contains("dovecot"),
            "process {process} is left: {left}"
        );
    }
    assert!(!directory.exists());
}
