//! Inside TLS or not at all.

use std::io::Read;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use pop3_std::rustls::{ClientConfig, RootCertStore, crypto::ring, version::TLS12};
use pop3_std::{
    Authentication, Connector, Deletions, Error, ErrorKind, Security, Session, Text, Transport,
};

use crate::certificates::{CertificateAuthority, ServerCertificate};
use crate::faulty::Faulty;
use crate::play::{GREETING, MESSAGE, Play, Reply, Then, credentials, mailbox, n, then};
use crate::server::{Server, speak, speak_after_stls, tls};

/// A server inside TLS from the first octet.
fn implicit(certificate: ServerCertificate, mut play: Play) -> Server {
    Server::start(move |stream| speak(&mut tls(stream, &certificate), &mut play))
}

fn stls(certificate: ServerCertificate, mut play: Play) -> Server {
    Server::start(move |stream| speak_after_stls(stream, &certificate, &mut play))
}

fn connector(server: &Server, security: Security) -> Connector {
    Connector::new("localhost", security).port(server.port())
}

fn fetch<S: Transport>(mut session: Session<S>) -> Result<(), Error> {
    let mut octets = Vec::new();
    session.retr(n(1))?.read_to_end(&mut octets)?;
    assert_eq!(octets, MESSAGE.as_bytes());
    Ok(session.quit()?)
}

#[test]
fn a_session_inside_tls() {
    let authority = CertificateAuthority::new();
    for (start, security) in [
        (
            implicit as fn(ServerCertificate, Play) -> Server,
            Security::ImplicitTls,
        ),
        (stls, Security::StartTls),
    ] {
        let play = Play::new(GREETING, mailbox);
        let server = start(authority.issue_for_loopback(), play.clone());
        let session = connector(&server, security)
            .add_root_pem(authority.root_pem().as_bytes())
            .unwrap()
            .connect()
            .unwrap()
            .login(&credentials(), Authentication::UserPass)
            .unwrap();
        fetch(session).unwrap();
        server.ended();
        assert!(play.sent().contains("PASS mvan99"));
    }
}

#[test]
fn a_configuration_of_the_callers_own() {
    let authority = CertificateAuthority::new();
    let mut roots = RootCertStore::empty();
    roots.add(authority.root()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = implicit(authority.issue_for_loopback(), Play::new(GREETING, mailbox));
    let trace = Arc::new(Mutex::new(String::new()));
    let traced = trace.clone();
    let session = connector(&server, Security::ImplicitTls)
        .trace(move |event| *traced.lock().unwrap() += &format!("{event}\n"))
        .tls_config(Arc::new(config))
        .connect()
        .unwrap()
        .login(&credentials(), Authentication::UserPass)
        .unwrap();
    fetch(session).unwrap();
    server.ended();
    let trace = trace.lock().unwrap();
    assert!(trace.starts_with("* connected to 127.0.0.1:"), "{trace}");
    assert!(trace.contains("\n* TLS 1.2, TLS_ECDHE_"), "{trace}");
}

#[test]
fn roots_that_are_none() {
    let connector = Connector::new("localhost", Security::ImplicitTls);
    for pem in [
        "",
        "no PEM",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let error = connector.clone().add_root_pem(pem.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{pem}");
    }
    // One that is given as it is, is looked at when it is needed.
    let play = Play::new(GREETING, mailbox);
    let error = connector
        .add_root(b"no certificate".as_slice().into())
        .connect_over(play.clone())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
    assert_eq!(play.stage().writes.len(), 0);
}

#[test]
fn a_name_that_no_certificate_can_be_for() {
    let play = Play::new(GREETING, mailbox);
    let error = Connector::new("no name", Security::StartTls)
        .add_root(CertificateAuthority::new().root())
        .connect_over(play.clone())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert_eq!(play.sent(), "");
}

/// What comes of STLS when the server answers it like this.
fn stls_answered(reply: &'static str, chunk: usize) -> (Error, Vec<Vec<u8>>) {
    let play = Play::new(GREETING, move |command| match command {
        "STLS" => reply.into(),
        command => mailbox(command),
    })
    .chunks(chunk);
    let error = Connector::new("localhost", Security::StartTls)
        .add_root(CertificateAuthority::new().root())
        .connect_over(play.clone())
        .unwrap_err();
    let writes = play.stage().writes.clone();
    (error, writes)
}

#[test]
fn a_server_that_refuses_stls_is_told_nothing() {
    for chunk in [1, usize::MAX] {
        let (error, writes) = stls_answered("-ERR not today\r\n", chunk);
        assert_eq!(error.kind(), ErrorKind::StartTlsRefused);
        assert_eq!(error.server_text(), Some(Text::new(b"not today")));
        assert_eq!(writes, [b"STLS\r\n"]);
    }
    let (error, writes) = stls_answered("+ERR\r\n", usize::MAX);
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(writes, [b"STLS\r\n"]);
}

#[test]
fn what_is_injected_behind_stls_is_an_error() {
    for injected in [
        "+OK begin\r\n+OK injected\r\n",
        "+OK begin\r\n+OK inj",
        "+OK begin\r\n+",
        "+OK begin\r\n\r\n",
        "+OK begin\r\n+OK\r\nUSER\r\n.\r\n",
    ] {
        // In the same segment: the handshake does not even begin.
        let (error, writes) = stls_answered(injected, usize::MAX);
        assert_eq!(error.kind(), ErrorKind::Protocol, "{injected:?}");
        assert_eq!(writes, [b"STLS\r\n"]);

        // In a later one: it is no TLS record, and it never becomes one.
        let (error, writes) = stls_answered(injected, 1);
        assert!(
            matches!(error.kind(), ErrorKind::Tls | ErrorKind::TimedOut),
            "{injected:?}: {error}"
        );
        assert_eq!(writes[0], b"STLS\r\n");
        assert!(is_tls(&writes[1..].concat()));
    }
    // Enough of it for a record's header: then it need not be waited for.
    let (error, _) = stls_answered("+OK begin\r\n+OK injected\r\n", 1);
    assert_eq!(error.kind(), ErrorKind::Tls);
}

/// Whether these octets are TLS records, of a handshake or an alert.
fn is_tls(mut octets: &[u8]) -> bool {
    while let [20..=22, 3, _, high, low, rest @ ..] = octets {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        match rest.get(length..) {
            Some(rest) => octets = rest,
            None => return false,
        }
    }
    octets.is_empty()
}

#[test]
fn what_was_learnt_before_tls_is_forgotten() {
    let authority = CertificateAuthority::new();
    let server = stls(authority.issue_for_loopback(), Play::new(GREETING, mailbox));
    let connection = connector(&server, Security::StartTls)
        .add_root(authority.root())
        .connect()
        .unwrap();
    // The greeting had a timestamp, but anybody can have sent it.
    assert!(!connection.offers_apop());
    let error = connection
        .login(&credentials(), Authentication::ApopOnly)
        .unwrap_err();
    assert_eq!(error.error.kind(), ErrorKind::AuthenticationUnavailable);
    drop(error);
    server.ended();
}

/// Ends the connection without saying so inside TLS, as soon as this command has been answered like this.
fn cut_off(certificate: ServerCertificate, command: &'static str, reply: &'static str) -> Server {
    Server::start(move |stream| {
        let mut play = Play::new(GREETING, move |line| -> Reply {
            if line == command {
                then(reply, Then::Close)
            } else {
                mailbox(line)
            }
        });
        speak(&mut tls(stream, &certificate), &mut play)
    })
}

#[test]
fn an_end_without_close_notify_is_no_end_of_a_message() {
    let authority = CertificateAuthority::new();
    let start = |command, reply| {
        let server = cut_off(authority.issue_for_loopback(), command, reply);
        let session = connector(&server, Security::ImplicitTls)
            .add_root(authority.root())
            .connect()
            .unwrap()
            .login(&credentials(), Authentication::UserPass)
            .unwrap();
        (server, session)
    };
    let (server, mut session) = start("RETR 1", "+OK\r\nSubject: x\r\n");
    let mut octets = Vec::new();
    let error = session
        .retr(n(1))
        .unwrap()
        .read_to_end(&mut octets)
        .unwrap_err();
    assert_eq!(Error::from(error).kind(), ErrorKind::Truncated);
    assert_eq!(octets, b"Subject: x\r\n");
    server.ended();

    // After the answer to QUIT there is nothing left to be truncated.
    let (server, session) = start("QUIT", "+OK\r\n");
    session.quit().unwrap();
    server.ended();

    let (server, session) = start("QUIT", "");
    assert_eq!(session.quit().unwrap_err().deletions, Deletions::Unknown);
    server.ended();
}

#[test]
fn a_command_is_one_write_inside_tls_too() {
    let authority = CertificateAuthority::new();
    let server = implicit(authority.issue_for_loopback(), Play::new(GREETING, mailbox));
    let stream = Faulty::new(TcpStream::connect(server.address).unwrap(), |_, _| None);
    let calls = stream.calls();
    let mut session = connector(&server, Security::ImplicitTls)
        .add_root(authority.root())
        .connect_over(stream)
        .unwrap()
        .login(&credentials(), Authentication::UserPass)
        .unwrap();
    let before = calls.writes();
    session.stat().unwrap();
    session.retr(n(1)).unwrap().finish().unwrap();
    session.noop().unwrap();
    assert_eq!(calls.writes(), before + 3);
    // QUIT, and the end of TLS.
    session.quit().unwrap();
    assert_eq!(calls.writes(), before + 5);
    server.ended();
}

#[test]
fn interruptions_are_no_errors_inside_tls_either() {
    let authority = CertificateAuthority::new();
    let server = implicit(authority.issue_for_loopback(), Play::new(GREETING, mailbox));
    let stream = Faulty::interrupted(TcpStream::connect(server.address).unwrap());
    let session = connector(&server, Security::ImplicitTls)
        .add_root(authority.root())
        .connect_over(stream)
        .unwrap()
        .login(&credentials(), Authentication::UserPass)
        .unwrap();
    fetch(session).unwrap();
    server.ended();
}
