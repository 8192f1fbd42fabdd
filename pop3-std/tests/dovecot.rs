//! The client against a real server: Dovecot, with its own configuration, certification authority and maildrop.

#![cfg(all(unix, any(feature = "ring", feature = "aws-lc-rs")))]

mod support;

use pop3_std::{
    ApopOutcome, Authentication, CapabilityKind, Connector, Credentials, Deletions, Error,
    ErrorKind, LoginMethod, MessageNumber, Security, Session, Timeouts, Unauthenticated,
};
use std::io::{BufRead as _, Read as _};
use std::net::TcpStream;
use std::time::Duration;
use support::certificates::CertificateAuthority;
use support::dovecot::Dovecot;
use support::{PASSWORD, Setup, Tls, USER, hard_messages, server_or_skip};

fn small(count: usize) -> Vec<String> {
    (1..=count)
        .map(|n| format!("Subject: number {n}\r\n\r\nThis is number {n}.\r\n"))
        .collect()
}

fn n(number: u32) -> MessageNumber {
    MessageNumber::new(number).unwrap()
}

fn connector(server: &Dovecot, host: &str, security: Security) -> Connector {
    let port = match security {
        Security::ImplicitTls => server.pop3s(),
        _ => server.pop3(),
    };
    Connector::new(host, security)
        .port(port)
        .timeouts(Timeouts::all(Duration::from_secs(30)))
        .add_root_pem(server.certificate().root_pem().as_bytes())
        .unwrap()
}

fn right() -> Credentials {
    Credentials::new(USER, PASSWORD)
}

fn open(server: &Dovecot, security: Security) -> Unauthenticated<TcpStream> {
    connector(server, "localhost", security).connect().unwrap()
}

fn session(server: &Dovecot) -> Session<TcpStream> {
    open(server, Security::ImplicitTls)
        .login(&right(), Authentication::UserPass)
        .unwrap()
}

fn whole(mut message: impl std::io::Read) -> Vec<u8> {
    let mut octets = Vec::new();
    message.read_to_end(&mut octets).unwrap();
    octets
}

#[test]
fn every_protection_on_every_address() {
    let server = server_or_skip!(Setup::new(small(1)));
    for host in Dovecot::addresses().into_iter().chain(["localhost"]) {
        for security in [
            Security::ImplicitTls,
            Security::StartTls,
            Security::ClearText,
        ] {
            let mut session = connector(&server, host, security)
                .connect()
                .and_then(|open| Ok(open.login(&right(), Authentication::UserPass)?))
                .unwrap_or_else(|error| panic!("{host}, {security:?}: {error}"));
            assert_eq!(session.login_report().used, LoginMethod::UserPass);
            assert_eq!(session.stat().unwrap().messages, 1);
            session.quit().unwrap();
        }
    }
}

#[test]
fn a_wrong_password_is_refused_and_gives_the_connection_back() {
    let server = server_or_skip!(Setup::new(small(1)));
    for security in [
        Security::ImplicitTls,
        Security::StartTls,
        Security::ClearText,
    ] {
        let wrong = Credentials::new(USER, "wrong");
        let refused = open(&server, security)
            .login(&wrong, Authentication::UserPass)
            .unwrap_err();
        assert_eq!(refused.error.kind(), ErrorKind::AuthenticationRefused);
        let text = refused.error.server_text().unwrap().to_string();
        assert!(text.contains("Authentication failed"), "{text}");
        let mut session = refused
            .connection
            .expect("it was merely refused")
            .login(&right(), Authentication::UserPass)
            .unwrap();
        session.noop().unwrap();
    }
}

#[test]
fn apop() {
    let server = server_or_skip!(Setup::new(small(1)));
    for security in [Security::ImplicitTls, Security::ClearText] {
        for policy in [Authentication::ApopOnly, Authentication::ApopThenUserPass] {
            let mut session = open(&server, security).login(&right(), policy).unwrap();
            assert_eq!(session.login_report().apop, ApopOutcome::Accepted);
            assert_eq!(session.stat().unwrap().messages, 1);
        }
        let wrong = Credentials::new(USER, "wrong");
        let refused = open(&server, security)
            .login(&wrong, Authentication::ApopOnly)
            .unwrap_err();
        assert_eq!(refused.error.kind(), ErrorKind::AuthenticationRefused);
        let session = refused
            .connection
            .expect("it was merely refused")
            .login(&right(), Authentication::ApopThenUserPass)
            .unwrap();
        assert_eq!(session.login_report().used, LoginMethod::Apop);
    }
    // What was learnt before TLS is not used inside it.
    let refused = open(&server, Security::StartTls)
        .login(&right(), Authentication::ApopOnly)
        .unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::AuthenticationUnavailable);
}

#[test]
fn apop_falls_back_only_by_its_own_name_and_says_so() {
    let server = server_or_skip!(Setup::new(small(1)).option("auth_mechanisms = plain login"));
    let refused = open(&server, Security::ImplicitTls)
        .login(&right(), Authentication::ApopOnly)
        .unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::AuthenticationUnavailable);
    let session = refused
        .connection
        .expect("nothing was sent")
        .login(&right(), Authentication::ApopThenUserPass)
        .unwrap();
    assert_eq!(session.login_report().apop, ApopOutcome::NotOffered);
    assert_eq!(session.login_report().used, LoginMethod::UserPass);
}

/// What becomes of a connection to a server with this certificate, if this authority is trusted.
fn connect_to(
    server: &Dovecot,
    host: &str,
    security: Security,
    trusted: &str,
) -> Result<Unauthenticated<TcpStream>, Error> {
    let port = match security {
        Security::ImplicitTls => server.pop3s(),
        _ => server.pop3(),
    };
    Connector::new(host, security)
        .port(port)
        .add_root_pem(trusted.as_bytes())
        .unwrap()
        .connect()
}

#[test]
fn a_certificate_that_cannot_be_trusted_is_refused_before_anything_secret_is_sent() {
    let authority = CertificateAuthority::new();
    let other = CertificateAuthority::new();
    for (certificate, host, trusted, says) in [
        (
            authority.issue_for_loopback(),
            "localhost",
            other.root_pem(),
            "issuer",
        ),
        (
            authority.issue(&["mail.example.org"]),
            "localhost",
            authority.root_pem(),
            "name",
        ),
        (
            authority.issue(&["localhost"]),
            "127.0.0.1",
            authority.root_pem(),
            "name",
        ),
        (
            authority.issue_expired(&["localhost"]),
            "localhost",
            authority.root_pem(),
            "expired",
        ),
    ] {
        let server = server_or_skip!(Setup::new(small(1)).certificate(certificate));
        for security in [Security::ImplicitTls, Security::StartTls] {
            let error = connect_to(&server, host, security, &trusted).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
            assert!(
                error.to_string().to_lowercase().contains(says),
                "{says}: {error}"
            );
        }
    }
    // No authority of ours at all: the platform's do not know this one.
    let server = server_or_skip!(Setup::new(small(1)));
    let error = Connector::new("localhost", Security::ImplicitTls)
        .port(server.pop3s())
        .connect()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
}

#[test]
fn a_server_without_stls_gets_no_password() {
    let server = server_or_skip!(Setup::new(small(1)).tls(Tls::Off));
    let error = connector(&server, "localhost", Security::StartTls)
        .connect()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StartTlsRefused, "{error}");
    assert!(!server.log().contains(USER), "{}", server.log());
}

#[test]
fn a_server_that_wants_tls_refuses_a_log_in_in_clear() {
    let server = server_or_skip!(Setup::new(small(1)).tls(Tls::Required));
    if !Dovecot::addresses().contains(&Dovecot::REMOTE) {
        return;
    }
    let refused = connector(&server, Dovecot::REMOTE, Security::ClearText)
        .connect()
        .unwrap()
        .login(&right(), Authentication::UserPass)
        .unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::AuthenticationRefused);
    assert!(
        refused.error.to_string().contains("Plaintext"),
        "{}",
        refused.error
    );
}

#[test]
fn every_command() {
    let mails = small(3);
    let server = server_or_skip!(Setup::new(&mails));
    let mut open = open(&server, Security::StartTls);
    assert!(open.greeting().contains("ready") || !open.greeting().is_empty());
    let before = open.capa().unwrap();
    assert!(before.lines().any(|line| line.starts_with(b"SASL")));
    let mut session = open.login(&right(), Authentication::UserPass).unwrap();

    let octets: usize = mails.iter().map(String::len).sum();
    let stat = session.stat().unwrap();
    assert_eq!((stat.messages, stat.octets), (3, Some(octets as u64)));

    let list: Vec<_> = session.list().unwrap().map(Result::unwrap).collect();
    assert_eq!(list.len(), 3);
    for (number, (listing, mail)) in (1..).zip(list.iter().zip(&mails)) {
        assert_eq!(
            (listing.message, listing.octets),
            (n(number), mail.len() as u64)
        );
        assert_eq!(
            session.list_one(n(number)).unwrap().octets,
            mail.len() as u64
        );
    }
    let uidl: Vec<_> = session.uidl().unwrap().map(Result::unwrap).collect();
    assert_eq!(uidl.len(), 3);
    for listing in &uidl {
        let one = session.uidl_one(listing.message).unwrap();
        assert_eq!(one.unique_id, listing.unique_id);
        assert!(one.unique_id.is_some());
    }
    assert_eq!(
        whole(session.top(n(2), 0).unwrap()),
        b"Subject: number 2\r\n\r\n"
    );
    assert_eq!(whole(session.retr(n(3)).unwrap()), mails[2].as_bytes());
    session.noop().unwrap();
    assert!(session.capa().unwrap().lines().any(|line| line == b"UIDL"));

    session.dele(n(1)).unwrap();
    let error = session.retr(n(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    session.rset().unwrap();
    assert_eq!(whole(session.retr(n(1)).unwrap()), mails[0].as_bytes());

    for error in [
        session.retr(n(9)).map(|_| ()).unwrap_err(),
        session.top(n(9), 1).map(|_| ()).unwrap_err(),
        session.list_one(n(9)).map(|_| ()).unwrap_err(),
        session.uidl_one(n(9)).map(|_| ()).unwrap_err(),
        session.dele(n(9)).unwrap_err(),
        session.retr(n(u32::MAX)).map(|_| ()).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
        assert!(error.server_text().is_some_and(|text| !text.is_empty()));
    }
    session.quit().unwrap();
    assert_eq!(server.messages_left(USER), [1, 2, 3]);
}

#[test]
fn hard_messages_arrive_octet_for_octet() {
    let messages = hard_messages();
    let server = server_or_skip!(Setup::new(&messages));
    for security in [
        Security::ImplicitTls,
        Security::StartTls,
        Security::ClearText,
    ] {
        let mut session = open(&server, security)
            .login(&right(), Authentication::UserPass)
            .unwrap();
        for (number, expected) in (1..).zip(&messages) {
            let got = whole(session.retr(n(number)).unwrap());
            assert!(got == *expected, "RETR {number}, {security:?}");
            let got = whole(session.top(n(number), u32::MAX).unwrap());
            assert!(got == *expected, "TOP {number}, {security:?}");
        }
        // By lines, out of the receive buffer.
        let mut message = session.retr(n(3)).unwrap();
        let mut longest = 0;
        let mut line = Vec::new();
        while message.read_until(b'\n', &mut line).unwrap() > 0 {
            longest = longest.max(line.len());
            line.clear();
        }
        assert_eq!(longest, 100_002);
    }
}

#[test]
fn a_message_or_a_list_that_is_dropped_early_leaves_the_session_usable() {
    let messages = hard_messages();
    let server = server_or_skip!(Setup::new(&messages));
    let mut session = session(&server);
    for number in 1..=messages.len() as u32 {
        let mut message = session.retr(n(number)).unwrap();
        let mut some = [0; 10];
        message.read_exact(&mut some[..1]).unwrap();
        session.list().unwrap().next().unwrap().unwrap();
        let _ = session.uidl().unwrap();
        assert_eq!(session.stat().unwrap().messages, messages.len() as u32);
    }
    session.quit().unwrap();
}

#[test]
fn five_hundred_small_mails() {
    let mails = small(500);
    let server = server_or_skip!(Setup::new(&mails));
    let mut session = session(&server);
    assert_eq!(session.list().unwrap().count(), 500);
    for (number, mail) in (1..).zip(&mails) {
        assert_eq!(whole(session.retr(n(number)).unwrap()), mail.as_bytes());
    }
    for number in 1..=500 {
        session.dele(n(number)).unwrap();
    }
    session.quit().unwrap();
    assert_eq!(server.messages_left(USER), [0; 0]);
}

#[test]
fn a_thousand_mails_with_many_commands_in_flight() {
    let mut mails = hard_messages();
    mails.extend(
        small(1000 - mails.len())
            .into_iter()
            .map(String::into_bytes),
    );
    let server = server_or_skip!(Setup::new(&mails));
    for security in [Security::ImplicitTls, Security::ClearText] {
        let mut session = open(&server, security)
            .login(&right(), Authentication::UserPass)
            .unwrap();
        assert!(
            session
                .announced()
                .unwrap()
                .contains(CapabilityKind::Pipelining)
        );
        let mut lists = session.list_and_uidl().unwrap();
        assert_eq!(lists.list().unwrap().map(Result::unwrap).count(), 1000);
        assert_eq!(lists.uidl().unwrap().map(Result::unwrap).count(), 1000);
        // One that does not exist is refused between them.
        let numbers = MessageNumber::up_to(500)
            .chain([n(1001)])
            .chain(MessageNumber::up_to(1000).skip(500));
        let mut left = mails.iter();
        let mut batch = session.retr_many(numbers);
        while let Some(item) = batch.next().unwrap() {
            match item.message {
                Ok(message) => assert!(whole(message) == *left.next().unwrap(), "{}", item.number),
                Err(error) => {
                    assert_eq!((item.number, error.kind()), (n(1001), ErrorKind::Rejected));
                }
            }
        }
        assert!(left.next().is_none());
    }
    let mut session = session(&server);
    let mut batch = session.dele_many(MessageNumber::up_to(1000));
    while let Some(item) = batch.next().unwrap() {
        item.result.unwrap();
    }
    session.quit().unwrap();
    assert_eq!(server.messages_left(USER), [0; 0]);
}

#[test]
fn deletions_are_made_by_quit_and_by_nothing_else() {
    let server = server_or_skip!(Setup::new(small(4)));
    let mut dropped = session(&server);
    dropped.dele(n(1)).unwrap();
    dropped.dele(n(2)).unwrap();
    dropped.noop().unwrap();
    drop(dropped);
    let mut again = session(&server);
    assert_eq!(again.stat().unwrap().messages, 4, "no QUIT, no deletion");
    again.dele(n(2)).unwrap();
    again.dele(n(4)).unwrap();
    again.rset().unwrap();
    again.dele(n(3)).unwrap();
    again.quit().unwrap();
    assert_eq!(server.messages_left(USER), [1, 2, 4]);
}

#[test]
fn a_server_that_dies_is_an_error_wherever_it_happens() {
    let mut server = server_or_skip!(Setup::new(hard_messages()));
    let mut idle = session(&server);
    let mut quitting = session(&server);
    quitting.dele(n(1)).unwrap();
    let mut reading = session(&server);
    let mut message = reading.retr(n(4)).unwrap();
    let first = message.fill_buf().unwrap().len();
    assert!(first > 0);
    server.kill();

    let mut rest = Vec::new();
    let error = Error::from(message.read_to_end(&mut rest).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
    assert_eq!(
        Error::from(message.fill_buf().unwrap_err()).kind(),
        ErrorKind::Truncated,
        "it stays an error, and is never the end"
    );
    drop(message);
    assert_eq!(reading.noop().unwrap_err().kind(), ErrorKind::SessionOver);
    assert_eq!(idle.noop().unwrap_err().kind(), ErrorKind::Closed);
    let error = quitting.quit().unwrap_err();
    assert_eq!(error.deletions, Deletions::Unknown, "{error}");
    assert_eq!(server.messages_left(USER).len(), hard_messages().len());
}

#[test]
fn a_maildrop_in_use_is_told_from_a_wrong_password() {
    let server = server_or_skip!(Setup::new(small(1)).option("mail_max_userip_connections = 1"));
    let mut first = session(&server);
    server.wait_until_counted(USER);
    let refused = open(&server, Security::ImplicitTls)
        .login(&right(), Authentication::UserPass)
        .unwrap_err();
    assert_eq!(
        refused.error.kind(),
        ErrorKind::MailboxInUse,
        "{}",
        refused.error
    );
    first.noop().unwrap();
}
