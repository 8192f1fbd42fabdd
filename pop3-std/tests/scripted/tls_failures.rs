//! Why TLS failed: each reason by its name, with a text that says what to do, and nothing told to the server.

use std::error::Error as _;
use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use pop3_std::rustls::crypto::ring;
use pop3_std::rustls::version::{TLS12, TLS13};
use pop3_std::rustls::{self, CertificateError, ClientConfig, RootCertStore, ServerConfig};
use pop3_std::{Connector, Error, ErrorKind, Security, Timeouts, TlsFailure};

use crate::certificates::CertificateAuthority;
use crate::play::{GREETING, Play, Then, mailbox};
use crate::server::{Server, config_of, serve};

/// What comes of a connection to a server of this configuration, of which the server must hear nothing inside TLS.
pub fn fails(config: ServerConfig, connector: Connector, security: Security) -> Error {
    let play = Play::new(GREETING, mailbox);
    let (server, _) = serve(&Arc::new(config), security, play.clone());
    let error = connector.port(server.port()).connect().unwrap_err();
    server.ended();
    assert_eq!(play.sent(), "");
    error
}

pub fn check(error: &Error, failure: TlsFailure, texts: &[&str]) {
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert_eq!(error.tls_failure(), Some(failure), "{error}");
    let said = error.to_string();
    assert_eq!(said.lines().count(), 1, "{said}");
    for text in texts {
        assert!(said.contains(text), "{text}: {said}");
    }
}

#[test]
fn no_version_in_common() {
    let authority = CertificateAuthority::new();
    let mut roots = RootCertStore::empty();
    roots.add(authority.root()).unwrap();
    for (ours, theirs) in [(&TLS12, &TLS13), (&TLS13, &TLS12)] {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[ours])
            .unwrap()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        let connector =
            Connector::new("localhost", Security::ImplicitTls).tls_config(Arc::new(config));
        let config = config_of(&authority.issue_for_loopback(), &[theirs], None);
        let error = fails(config, connector, Security::ImplicitTls);
        check(
            &error,
            TlsFailure::Incompatible,
            &["in common", "TLS 1.2 or 1.3"],
        );
    }
}

#[test]
fn no_cipher_suite_in_common() {
    let authority = CertificateAuthority::new();
    let mut provider = ring::default_provider();
    provider
        .cipher_suites
        .retain(|suite| suite.suite() == rustls::CipherSuite::TLS13_CHACHA20_POLY1305_SHA256);
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let connector = Connector::new("localhost", Security::ImplicitTls).tls_config(Arc::new(config));
    let mut provider = ring::default_provider();
    provider
        .cipher_suites
        .retain(|suite| suite.suite() == rustls::CipherSuite::TLS13_AES_128_GCM_SHA256);
    let certificate = authority.issue_for_loopback();
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificate.chain(), certificate.key())
        .unwrap();
    let error = fails(config, connector, Security::ImplicitTls);
    check(&error, TlsFailure::Incompatible, &["in common"]);
}

/// With TLS 1.3 nobody has looked for a client certificate yet when the server has only asked for another key share.
#[test]
fn a_server_that_gives_up_within_a_handshake_of_tls_1_3() {
    let authority = CertificateAuthority::new();
    let certificate = authority.issue_for_loopback();
    let mut provider = ring::default_provider();
    provider
        .kx_groups
        .retain(|group| group.name() == rustls::NamedGroup::secp384r1);
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificate.chain(), certificate.key())
        .unwrap();
    for (said, failure) in [
        (b"\x15\x03\x03\x00\x02\x02\x28", TlsFailure::Incompatible),
        (b"\x15\x03\x03\x00\x02\x02\x2a", TlsFailure::Other),
        // It does speak TLS, or did so far.
        (b"+OK  \r\n", TlsFailure::Other),
    ] {
        let config = Arc::new(config.clone());
        let server = Server::start(move |mut stream: TcpStream| {
            let mut tls = rustls::ServerConnection::new(config).unwrap();
            while !tls.wants_write() {
                tls.read_tls(&mut stream)?;
                tls.process_new_packets().unwrap();
            }
            while tls.wants_write() {
                tls.write_tls(&mut stream)?;
            }
            assert!(tls.is_handshaking());
            stream.write_all(said)?;
            stream.shutdown(Shutdown::Write)?;
            io::copy(&mut stream, &mut io::sink()).map(drop)
        });
        let error = connector(Security::ImplicitTls)
            .port(server.port())
            .connect()
            .unwrap_err();
        check(&error, failure, &[]);
        server.ended();
    }
}

/// A connector for servers that have no certificate to show anyway.
fn connector(security: Security) -> Connector {
    Connector::new("localhost", security).add_root(CertificateAuthority::new().root())
}

/// What comes of a handshake to which the server says just this, in whatever pieces.
fn answered(octets: &'static [u8], then: Then) -> Error {
    let errors = [1, usize::MAX].map(|chunk| {
        let play = Play::new("", mailbox).chunks(chunk);
        play.stage().say.extend(octets);
        play.stage().then = then;
        connector(Security::ImplicitTls)
            .connect_over(play)
            .unwrap_err()
    });
    assert_eq!(errors[0].to_string(), errors[1].to_string());
    let [error, _] = errors;
    error
}

/// TLS 1.0, as servers spoke it that know nothing newer: with a random of zeros, and TLS_RSA_WITH_AES_128_CBC_SHA.
const SERVER_HELLO_1_0: &[u8] = b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01\
    \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\
    \x00\x00\x2f\x00";

#[test]
fn a_server_of_long_ago() {
    let error = answered(SERVER_HELLO_1_0, Then::Wait);
    check(
        &error,
        TlsFailure::Incompatible,
        &["in common", "TLS 1.2 or 1.3"],
    );
    // By alert, or by just going away.
    let error = answered(b"\x15\x03\x01\x00\x02\x02\x46", Then::Close);
    check(&error, TlsFailure::Incompatible, &["ProtocolVersion"]);
    let error = answered(b"\x15\x03\x01\x00\x02\x02\x28", Then::Close);
    check(&error, TlsFailure::Incompatible, &["HandshakeFailure"]);
}

/// TLS 1.2 with TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, a random of zeros, and `imap` as the protocol.
const SERVER_HELLO_IMAP: &[u8] = b"\x16\x03\x03\x00\x37\x02\x00\x00\x33\x03\x03\
    \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\
    \x00\xc0\x2b\x00\x00\x0b\x00\x10\x00\x07\x00\x05\x04imap";

#[test]
fn a_server_that_chooses_a_protocol_which_was_not_offered() {
    let error = answered(SERVER_HELLO_IMAP, Then::Wait);
    check(&error, TlsFailure::Alpn, &["another application protocol"]);
}

#[test]
fn a_server_that_does_not_serve_this_name() {
    let error = answered(b"\x15\x03\x03\x00\x02\x02\x70", Then::Close);
    check(&error, TlsFailure::WrongName, &["use another of its names"]);
}

#[test]
fn other_alerts_are_told_by_their_names() {
    let error = answered(b"\x15\x03\x03\x00\x02\x02\x50", Then::Close);
    check(&error, TlsFailure::Other, &["InternalError"]);
}

#[test]
fn a_server_that_goes_away_in_the_handshake() {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    for then in [
        Then::Close,
        Then::Break(ConnectionReset),
        Then::Break(ConnectionAborted),
        Then::Break(BrokenPipe),
    ] {
        for octets in [&b""[..], b"\x16\x03", b"\x16\x03\x03\x00\x2a\x02"] {
            let error = answered(octets, then);
            check(
                &error,
                TlsFailure::Closed,
                &["closed the connection", "right port"],
            );
        }
    }
    let error = answered(b"", Then::Break(io::ErrorKind::PermissionDenied));
    check(&error, TlsFailure::Other, &["permission denied"]);
}

#[test]
fn a_server_that_speaks_pop3_where_tls_should_begin() {
    let error = answered(GREETING.as_bytes(), Then::Wait);
    check(&error, TlsFailure::NotTls, &["speaks no TLS", "right port"]);
    // An HTTP server, for one, says nothing until it has understood that it does not understand.
    let error = answered(b"HTTP/1.1 400 Bad Request\r\n\r\n", Then::Close);
    check(&error, TlsFailure::NotTls, &["speaks no TLS"]);
}

#[test]
fn a_server_that_is_silent_in_the_handshake() {
    let error = answered(b"", Then::Wait);
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(error.tls_failure(), Some(TlsFailure::TimedOut));
    assert!(error.to_string().contains("speaks no TLS"), "{error}");
    // Where no TLS is asked for, no TLS failed.
    let error = Connector::new("localhost", Security::ClearText)
        .connect_over(Play::new("", mailbox))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(error.tls_failure(), None);
}

/// Not only in the handshake: what is no TLS any more ends the session too.
#[test]
fn a_channel_that_breaks_later() {
    let authority = CertificateAuthority::new();
    let certificate = authority.issue_for_loopback();
    let config = Arc::new(config_of(&certificate, &[&TLS13], None));
    let server = Server::start(move |stream: TcpStream| {
        let tls = rustls::ServerConnection::new(config).unwrap();
        let mut tls = rustls::StreamOwned::new(tls, stream);
        tls.write_all(GREETING.as_bytes())?;
        crate::server::read_line(&mut tls)?;
        tls.sock.write_all(b"+OK in clear\r\n")
    });
    let mut connector = Connector::new("localhost", Security::ImplicitTls)
        .add_root(authority.root())
        .port(server.port());
    connector = connector.timeouts(Timeouts::all(Duration::from_secs(60)));
    let connection = connector.connect().unwrap();
    let error = connection
        .login(
            &crate::play::credentials(),
            pop3_std::Authentication::UserPass,
        )
        .unwrap_err()
        .error;
    check(&error, TlsFailure::Other, &[]);
    server.ended();
}

/// For whoever wants to know more than [`TlsFailure`] tells.
#[test]
fn the_error_of_rustls_is_the_last_of_the_sources() {
    let authority = CertificateAuthority::new();
    let config = config_of(&authority.issue_expired(&["localhost"]), &[&TLS13], None);
    let connector = Connector::new("localhost", Security::ImplicitTls).add_root(authority.root());
    let error = fails(config, connector, Security::ImplicitTls);
    let mut last = error.source().unwrap();
    while let Some(source) = last.source() {
        last = source;
    }
    let cause: &rustls::Error = last.downcast_ref().unwrap();
    assert!(matches!(
        cause,
        rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { .. })
    ));
}
