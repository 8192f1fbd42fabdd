//! Both boards in QEMU, IPv4 and IPv6, against Dovecot and against servers that fail.
//!
//! They need qemu-system-arm and Dovecot. POP3_REQUIRE_QEMU=1 and POP3_REQUIRE_DOVECOT=1 make it a failure if they are not
//! there.
#![cfg(unix)]

#[path = "../../../../../pop3-std/examples/fetch/authority.rs"]
#[allow(unreachable_pub, reason = "a module of a test crate has no outside")]
mod authority;
#[path = "../../../../../pop3-std/examples/fetch/demo_mail.rs"]
#[allow(unreachable_pub, reason = "a module of a test crate has no outside")]
mod demo_mail;
#[path = "../../../../../pop3-std/examples/fetch/server.rs"]
#[allow(unreachable_pub, reason = "a module of a test crate has no outside")]
mod server;

mod chains;
mod impostor;
mod logged;
mod mails;
mod qemu;
mod readme;
mod scripted;
mod support;
mod tls;

use mails::{endless, mails};
use qemu::{BOARDS, Outcome, PATIENCE, Qemu};
use scripted::{End, Scripted};
use support::dovecot::Dovecot;
use support::process::poll;
use support::setup::{PASSWORD, Setup, USER};

const LOGINS: [(&str, &str, &str); 4] = [
    ("user-pass", "USER/PASS", "PASS"),
    ("apop", "APOP", "APOP"),
    ("plain", "PLAIN", "AUTH"),
    ("scram-sha-256", "SCRAM-SHA-256", "AUTH"),
];

/// Dovecot with these mails, or nothing if it, or QEMU, is not there.
fn dovecot<M: AsRef<[u8]>>(mails: impl IntoIterator<Item = M>) -> Option<Dovecot> {
    if !qemu::is_there_or_skip() {
        return None;
    }
    Dovecot::start_or_skip(Setup::new(mails))
}

/// Which of QEMU's two addresses of the host reach a server here.
fn families() -> impl Iterator<Item = &'static str> {
    let addresses = Dovecot::addresses();
    [("4", "127.0.0.1"), ("6", "::1")]
        .into_iter()
        .filter(move |(_, address)| addresses.contains(address))
        .map(|(ip, _)| ip)
}

#[test]
fn every_mail_arrives_as_it_was_delivered() {
    let mails = mails();
    let Some(server) = dovecot(mails.iter().map(|mail| &mail.octets)) else {
        return;
    };
    let port = server.pop3().to_string();
    let mut logins = 0;
    for board in BOARDS {
        for ip in families() {
            for (login, shown, _) in LOGINS {
                let run = Qemu::boot(
                    board,
                    &[
                        ("ip", ip),
                        ("port", &port),
                        ("security", "clear"),
                        ("security", "clear"),
                        ("login", login),
                        ("user", USER),
                        ("secret", PASSWORD),
                    ],
                );
                let run = run.outcome();
                let what = format!("{board}, IPv{ip}, {login}: {}", run.console);
                assert_eq!(run.status, Some(0), "{what}");
                let octets: usize = mails.iter().map(|mail| mail.octets.len()).sum();
                let mut expected = vec![
                    format!("board {board}"),
                    format!("login {shown}"),
                    format!("stat {} {octets}", mails.len()),
                    "quit".to_owned(),
                    "PASS".to_owned(),
                ];
                for (number, mail) in (1..).zip(&mails) {
                    expected.extend(mail.report(number));
                }
                for line in expected {
                    assert!(run.says(&line), "no {line:?}: {what}");
                }
                assert!(!run.console.contains(PASSWORD), "{what}");
                logins += 1;
                logged_in(&server, login, ip, logins);
                println!("{board}, IPv{ip}, {login}: {}", stack(&run));
            }
        }
    }
    assert_eq!(server.messages_left(USER).len(), mails.len());
}

/// So many times somebody has logged in by now, and the last time in this way, which Dovecot's log tells.
fn logged_in(server: &Dovecot, login: &str, ip: &str, times: usize) -> String {
    // Dovecot writes its log when it comes to it.
    let login_line = poll(PATIENCE, || {
        let log = server.log();
        let mut logins = log.lines().filter(|line| line.contains(" Login: "));
        logins.nth(times - 1).map(str::to_owned)
    });
    let login_line = login_line.unwrap_or_else(|| panic!("fewer than {times} log-ins"));
    let method = match login {
        "user-pass" => "PLAIN".to_owned(),
        login => login.to_uppercase(),
    };
    let address = if ip == "6" { "::1" } else { "127.0.0.1" };
    for part in [format!("method={method},"), format!("lip={address},")] {
        assert!(login_line.contains(&part), "no {part} in {login_line}");
    }
    login_line
}

/// What a run says of its stack.
fn stack(run: &Outcome) -> &str {
    let said = run.console.lines().find(|line| line.starts_with("stack "));
    said.expect("the depth of the stack")
}

#[test]
fn the_mail_that_is_to_be_deleted_is_deleted_and_no_other() {
    for board in BOARDS {
        let Some(server) = dovecot(["one\r\n", "two\r\n", "three\r\n"]) else {
            return;
        };
        let run = run(board, server.pop3(), &[("delete", "2")]);
        assert_eq!(run.status, Some(0), "{}", run.console);
        assert!(run.says("dele 2"), "{}", run.console);
        assert_eq!(server.messages_left(USER), [1, 3]);
    }
}

#[test]
fn a_wrong_password_is_said_to_be_wrong() {
    let Some(server) = dovecot(["one\r\n"]) else {
        return;
    };
    let port = server.pop3().to_string();
    for board in BOARDS {
        for (login, _, refused) in LOGINS {
            let run = Qemu::boot(
                board,
                &[
                    ("port", &port),
                    ("security", "clear"),
                    ("login", login),
                    ("user", USER),
                    ("secret", "incorrect horse"),
                ],
            );
            let run = run.outcome();
            assert_eq!(run.status, Some(5), "{}", run.console);
            let line = format!("FAIL: the server refused {refused}");
            assert!(run.says(&line), "{login}: {}", run.console);
            assert!(!run.console.contains("stat "), "{}", run.console);
            assert!(!run.console.contains("incorrect"), "{}", run.console);
        }
    }
}

#[test]
fn a_server_that_is_killed_within_a_mail_leaves_no_complete_mail() {
    for board in BOARDS {
        let Some(mut server) = dovecot([endless().octets]) else {
            return;
        };
        let port = server.pop3().to_string();
        let mut run = Qemu::boot(
            board,
            &[
                ("port", &port),
                ("security", "clear"),
                ("login", "user-pass"),
                ("user", USER),
                ("secret", PASSWORD),
            ],
        );
        run.wait_for("mail 1 subject endless");
        server.kill();
        cut_within_the_mail(
            &run.outcome(),
            7,
            "the connection ended within the multi-line",
        );
    }
}

/// Runs a board against a server to which every password is right.
fn run(board: &str, port: u16, options: &[(&str, &str)]) -> Outcome {
    let port = port.to_string();
    let always = [
        ("port", port.as_str()),
        ("security", "clear"),
        ("login", "user-pass"),
        ("user", USER),
        ("secret", PASSWORD),
    ];
    Qemu::boot(board, &[&always, options].concat()).outcome()
}

/// The run ended within the first mail, and said so.
fn cut_within_the_mail(run: &Outcome, status: i32, how: &str) {
    assert_eq!(run.status, Some(status), "{}", run.console);
    let line = format!("FAIL: {how} reply to RETR 1");
    assert!(run.says(&line), "{}", run.console);
    assert!(!run.console.contains("sha-256"), "{}", run.console);
}

/// A conversation up to the middle of the first mail.
fn up_to_half_a_mail() -> Vec<Vec<u8>> {
    [
        "+OK ready\r\n",
        "-ERR no CAPA\r\n",
        "+OK\r\n",
        "+OK\r\n",
        "-ERR no CAPA\r\n",
        "+OK 1 100\r\n",
        "+OK\r\n1 a\r\n.\r\n",
        "+OK\r\nSubject: half\r\n\r\n.\r\n",
        "+OK\r\nSubject: half\r\n\r\nand no more\r\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

#[test]
fn a_connection_that_ends_within_a_mail_is_no_end_of_the_mail() {
    if !qemu::is_there_or_skip() {
        return;
    }
    for board in BOARDS {
        let server = Scripted::start(up_to_half_a_mail(), End::Close);
        let run = run(board, server.port(), &[]);
        cut_within_the_mail(&run, 7, "the connection ended within the multi-line");
    }
}

#[test]
fn a_server_that_falls_silent_is_not_waited_for() {
    if !qemu::is_there_or_skip() {
        return;
    }
    for board in BOARDS {
        let server = Scripted::start(up_to_half_a_mail(), End::Silence);
        let half = run(board, server.port(), &[("timeout", "500")]);
        cut_within_the_mail(&half, 8, "time-out while waiting for more of the");

        let server = Scripted::start(vec![b"+OK rea".to_vec()], End::Silence);
        let greeting = run(board, server.port(), &[("timeout", "500")]);
        assert_eq!(greeting.status, Some(8), "{}", greeting.console);
        let line = "FAIL: time-out while waiting for the greeting";
        assert!(greeting.says(line), "{}", greeting.console);
    }
}

#[test]
fn each_other_failure_has_a_status_and_words_of_its_own() {
    if !qemu::is_there_or_skip() {
        return;
    }
    let says = |text: &str| Scripted::start(vec![text.as_bytes().to_vec()], End::Silence);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port that is free again");
    for board in BOARDS {
        let unreachable = run(board, nobody.port(), &[]);
        assert_eq!(unreachable.status, Some(3), "{}", unreachable.console);
        assert!(unreachable.says("FAIL: the connection was refused"));

        let dismissed = run(board, says("-ERR [SYS/TEMP] go away\r\n").port(), &[]);
        assert_eq!(dismissed.status, Some(4), "{}", dismissed.console);
        assert!(dismissed.says("goodbye [SYS/TEMP] go away"));
        assert!(dismissed.says("FAIL: the server refused the connection"));

        let mail_transfer = run(board, says("220 example.org ESMTP\r\n").port(), &[]);
        assert_eq!(mail_transfer.status, Some(9), "{}", mail_transfer.console);
        assert!(mail_transfer.says("FAIL: not a POP3 server: it looks like SMTP or FTP"));

        let no_timestamp =
            ["+OK ready\r\n", "-ERR no CAPA\r\n"].map(|text| text.as_bytes().to_vec());
        let server = Scripted::start(no_timestamp.into(), End::Silence);
        let no_apop = run(board, server.port(), &[("login", "apop")]);
        assert_eq!(no_apop.status, Some(5), "{}", no_apop.console);

        let no_tls = run(board, nobody.port(), &[("security", "tls")]);
        assert_eq!(no_tls.status, Some(2), "{}", no_tls.console);
        let why = if board == "mps2-an385" {
            "name is missing"
        } else {
            "security: this firmware has no TLS"
        };
        let line = format!("FAIL: the command line: {why}");
        assert!(no_tls.says(&line), "{}", no_tls.console);

        let unnamed = Qemu::boot(board, &[("login", "plain"), ("user", "u"), ("secret", "s")]);
        let unnamed = unnamed.outcome();
        assert_eq!(unnamed.status, Some(2), "{}", unnamed.console);
        assert!(unnamed.says("FAIL: the command line: security is missing"));

        for (option, why) in [
            (
                ("prot", "110"),
                "word 12 is no key, or the next one no value for it",
            ),
            (
                ("login", "kerberos"),
                "word 12 is no key, or the next one no value for it",
            ),
            (("port", "0"), "port: no port number"),
            (("delete", "0"), "delete: no number from 1"),
            (("timeout", "soon"), "timeout: no number"),
        ] {
            let mistyped = run(board, nobody.port(), &[option]);
            assert_eq!(mistyped.status, Some(2), "{}", mistyped.console);
            let line = format!("FAIL: the command line: {why}");
            assert!(mistyped.says(&line), "{line:?}: {}", mistyped.console);
        }
    }
}
