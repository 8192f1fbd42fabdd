//! Every way to log in, against servers that are not ours: Dovecot, and a server made of Cyrus SASL and OpenSSL for what
//! Dovecot 2.3 has not (SCRAM bound to TLS, SCRAM-SHA-512).

#![cfg(unix)]

mod support;

use pop3_std::pop3_proto::sasl::ChannelBindingKind;
use pop3_std::{
    Authentication, Connector, Credentials, Error, ErrorKind, InitialResponse, LoginMethod,
    LoginReport, MechanismKind, Security, Session, Timeouts, TlsFailure,
};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;
use support::certificates::CertificateAuthority;
use support::client_certificates::ClientAuthority;
use support::dovecot::Dovecot;
use support::peer::{Peer, PeerSetup, PeerTls};
use support::token::TokenKey;
use support::{PASSWORD, Setup, USER, peer_or_skip, server_or_skip};

use MechanismKind::*;

const MESSAGE: &str = "a: b\r\n\r\n";
const PROTECTIONS: [Security; 3] = [
    Security::ImplicitTls,
    Security::StartTls,
    Security::ClearText,
];
const FORMS: [InitialResponse; 3] = [
    InitialResponse::Auto,
    InitialResponse::Never,
    InitialResponse::Always,
];

fn patient(host: &str, security: Security, port: u16, root_pem: &str) -> Connector {
    Connector::new(host, security)
        .port(port)
        .timeouts(Timeouts::all(Duration::from_secs(30)))
        .add_root_pem(root_pem.as_bytes())
        .unwrap()
}

fn to(server: &Dovecot, security: Security) -> Connector {
    let port = match security {
        Security::ImplicitTls => server.pop3s(),
        _ => server.pop3(),
    };
    patient("localhost", security, port, server.certificate().root_pem())
}

fn to_peer(peer: &Peer, security: Security) -> Connector {
    patient(
        "localhost",
        security,
        peer.port(),
        peer.certificate().root_pem(),
    )
}

/// The peer listens on this address only.
fn peer_session(
    peer: &Peer,
    connector: &Connector,
    credentials: &Credentials,
    how: Authentication,
) -> Result<Session<TcpStream>, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, peer.port()));
    Ok(connector.connect_to(&[address])?.login(credentials, how)?)
}

fn right() -> Credentials {
    Credentials::new(USER, PASSWORD)
}

fn wrong() -> Credentials {
    Credentials::new(USER, "wrong")
}

fn by(kind: MechanismKind) -> Authentication {
    Authentication::Mechanism(kind)
}

fn logged_in(mut session: Session<TcpStream>, octets: u64) -> LoginReport {
    let stat = session.stat().unwrap();
    assert_eq!((stat.messages, stat.octets), (1, Some(octets)));
    let report = session.login_report();
    session.quit().unwrap();
    report
}

/// A wrong secret is refused, and the connection is good for the right one.
fn refused_then_accepted(
    connector: &Connector,
    wrong: &Credentials,
    right: &Credentials,
    how: Authentication,
) -> Error {
    let refused = connector.connect().unwrap().login(wrong, how).unwrap_err();
    assert_eq!(
        refused.error.kind(),
        ErrorKind::AuthenticationRefused,
        "{how}: {refused}"
    );
    let again = refused.connection.expect("it was merely refused");
    let session = again
        .login(right, how)
        .unwrap_or_else(|error| panic!("{how}: {error}"));
    logged_in(session, 8);
    refused.error
}

#[test]
fn dovecot_takes_each_mechanism_of_a_password_in_each_form_and_protection() {
    let server = server_or_skip!(Setup::new([MESSAGE]));
    for kind in [Plain, Login, CramMd5, ScramSha1, ScramSha256] {
        for security in PROTECTIONS {
            for form in FORMS {
                let connector = to(&server, security).initial_response(form);
                let session = connector.connect().unwrap().login(&right(), by(kind));
                let session =
                    session.unwrap_or_else(|e| panic!("{kind}, {security}, {form:?}: {e}"));
                let report = logged_in(session, 8);
                assert_eq!(report.used, LoginMethod::Sasl(kind));
                assert_eq!(report.tls, security != Security::ClearText);
            }
        }
        refused_then_accepted(
            &to(&server, Security::ImplicitTls),
            &wrong(),
            &right(),
            by(kind),
        );
    }
}

#[test]
fn nothing_is_sent_to_a_server_of_another_name_or_of_an_unknown_authority() {
    let stranger = CertificateAuthority::new();
    let another = stranger.issue(&["pop.example.org"]);
    for (setup, expected) in [
        (Setup::new([MESSAGE]), TlsFailure::UntrustedIssuer),
        (
            Setup::new([MESSAGE]).certificate(another),
            TlsFailure::WrongName,
        ),
    ] {
        let server = server_or_skip!(setup);
        for security in [Security::ImplicitTls, Security::StartTls] {
            let port = match security {
                Security::ImplicitTls => server.pop3s(),
                _ => server.pop3(),
            };
            let connector = patient("localhost", security, port, &stranger.root_pem());
            let error = connector.connect().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
            assert_eq!(error.tls_failure(), Some(expected), "{error}");
        }
        let log = server.log();
        assert!(
            !log.contains("auth failed") && !log.contains("Login:"),
            "{log}"
        );
    }
}

#[test]
fn auto_takes_the_strongest_that_dovecot_has() {
    let server = server_or_skip!(Setup::new([MESSAGE]));
    for security in PROTECTIONS {
        let session = to(&server, security).connect().unwrap();
        let session = session.login(&right(), Authentication::Auto).unwrap();
        let report = logged_in(session, 8);
        assert_eq!(report.used, LoginMethod::Sasl(ScramSha256), "{security}");
        assert_eq!(report.channel_binding, None);
        let offered = report.offered.expect("it was asked").mechanisms;
        assert!(offered.contains(Plain) && offered.contains(ScramSha1));
        refused_then_accepted(
            &to(&server, security),
            &wrong(),
            &right(),
            Authentication::Auto,
        );
    }
    let server = server_or_skip!(Setup::new([MESSAGE]).mechanisms(&["plain", "login"]));
    for security in PROTECTIONS {
        let open = to(&server, security).connect().unwrap();
        let report = logged_in(open.login(&right(), Authentication::Auto).unwrap(), 8);
        assert_eq!(report.used, LoginMethod::Sasl(Plain), "{security}");
    }
    let server = server_or_skip!(Setup::new([MESSAGE]).mechanisms(&["plain", "cram-md5"]));
    let open = to(&server, Security::ClearText).connect().unwrap();
    let report = logged_in(open.login(&right(), Authentication::Auto).unwrap(), 8);
    assert_eq!(report.used, LoginMethod::Sasl(CramMd5));
}

#[test]
fn a_mechanism_that_the_server_has_not_is_refused_before_the_password_is_sent() {
    let server = server_or_skip!(Setup::new([MESSAGE]).mechanisms(&["plain"]));
    for kind in [Login, CramMd5, ScramSha1, ScramSha512] {
        let open = to(&server, Security::ImplicitTls).connect().unwrap();
        let refused = open.login(&right(), by(kind)).unwrap_err();
        assert_eq!(
            refused.error.kind(),
            ErrorKind::AuthenticationRefused,
            "{refused}"
        );
        let again = refused.connection.expect("it was merely refused");
        logged_in(again.login(&right(), Authentication::Auto).unwrap(), 8);
    }
}

#[test]
fn saslprep_makes_of_a_name_and_a_password_what_the_server_knows() {
    let (user, password) = ("fr\u{e9}d", "passaword \u{20ac}");
    let server = server_or_skip!(Setup::new([MESSAGE]).user(user, password, [MESSAGE]));
    // The accent apart from its letter, a feminine ordinal for "a".
    let typed = Credentials::new("fre\u{301}d", "pass\u{aa}word \u{20ac}");
    for kind in [ScramSha1, ScramSha256] {
        let open = to(&server, Security::ImplicitTls).connect().unwrap();
        let session = open.login(&typed, by(kind));
        logged_in(session.unwrap_or_else(|error| panic!("{kind}: {error}")), 8);
    }
    // PLAIN sends what it is given.
    let open = to(&server, Security::ImplicitTls).connect().unwrap();
    let refused = open.login(&typed, by(Plain)).unwrap_err();
    let again = refused.connection.expect("it was merely refused");
    logged_in(
        again
            .login(&Credentials::new(user, password), by(Plain))
            .unwrap(),
        8,
    );
}

#[test]
fn tokens() {
    let key = TokenKey::new();
    let server = server_or_skip!(Setup::new([MESSAGE]).tokens_of(&key));
    let token = |token: String| Credentials::token(USER, token);
    let fine = token(key.token(USER));
    for how in [by(Xoauth2), by(Oauthbearer), Authentication::Auto] {
        for security in [Security::ImplicitTls, Security::StartTls] {
            let connector = to(&server, security);
            let session = connector.connect().unwrap().login(&fine, how);
            let report = logged_in(session.unwrap_or_else(|e| panic!("{how}: {e}")), 8);
            if how == Authentication::Auto {
                assert_eq!(report.used, LoginMethod::Sasl(Oauthbearer));
            }
            for not in [
                key.expired_token(USER),
                TokenKey::new().token(USER),
                key.token("somebody"),
                "abc".to_owned(),
            ] {
                let error = refused_then_accepted(&connector, &token(not), &fine, how);
                let failure = error.token_failure().expect("Dovecot says why");
                assert!(failure.status.is_some(), "{error}");
            }
        }
    }
    // Asked for by name it goes in one line too, and in clear.
    let connector = to(&server, Security::ClearText).initial_response(InitialResponse::Always);
    let session = connector.connect().unwrap().login(&fine, by(Oauthbearer));
    logged_in(session.unwrap(), 8);
}

#[test]
fn a_client_certificate_is_the_log_in() {
    let authority = ClientAuthority::new();
    let server = server_or_skip!(Setup::new([MESSAGE]).clients_of(&authority));
    let with = |issued: &support::client_certificates::ClientCertificate, security| {
        to(&server, security)
            .client_certificate(issued.chain(), issued.key())
            .unwrap()
    };
    for security in [Security::ImplicitTls, Security::StartTls] {
        for form in FORMS {
            let connector = with(&authority.issue(USER), security).initial_response(form);
            let open = connector.connect().unwrap();
            let report = logged_in(
                open.login(&Credentials::external(), by(External)).unwrap(),
                8,
            );
            assert_eq!(report.used, LoginMethod::Sasl(External));
        }
        let open = with(&authority.issue(USER), security).connect().unwrap();
        let session = open.login(&Credentials::external(), Authentication::Auto);
        logged_in(session.unwrap(), 8);
        for not in [
            with(&authority.issue("nobody"), security),
            with(&ClientAuthority::new().issue(USER), security),
            to(&server, security),
        ] {
            let open = not.connect().unwrap();
            let refused = open
                .login(&Credentials::external(), by(External))
                .unwrap_err();
            assert_eq!(
                refused.error.kind(),
                ErrorKind::AuthenticationRefused,
                "{refused}"
            );
        }
    }
}

#[test]
fn anonymous() {
    let setup = Setup::new([MESSAGE, MESSAGE]).user("guests", "no", [MESSAGE]);
    let server = server_or_skip!(setup.anonymous("guests"));
    for how in [by(Anonymous), Authentication::Auto] {
        let open = to(&server, Security::ImplicitTls).connect().unwrap();
        let session = open.login(&Credentials::anonymous("me@example.org"), how);
        assert_eq!(
            logged_in(session.unwrap(), 8).used,
            LoginMethod::Sasl(Anonymous)
        );
    }
}

#[test]
fn cyrus_sasl_takes_each_mechanism_of_a_password() {
    let peer = peer_or_skip!(PeerSetup::new());
    for kind in [Plain, Login, CramMd5, ScramSha1, ScramSha256, ScramSha512] {
        for form in FORMS {
            let connector = to_peer(&peer, Security::ClearText).initial_response(form);
            let session = peer_session(&peer, &connector, &right(), by(kind));
            let session = session.unwrap_or_else(|error| panic!("{kind}, {form:?}: {error}"));
            assert_eq!(logged_in(session, 5).used, LoginMethod::Sasl(kind));
            let error = peer_session(&peer, &connector, &wrong(), by(kind)).unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::AuthenticationRefused,
                "{kind}: {error}"
            );
        }
    }
    let connector = to_peer(&peer, Security::ClearText);
    let session = peer_session(&peer, &connector, &right(), Authentication::Auto).unwrap();
    assert_eq!(logged_in(session, 5).used, LoginMethod::Sasl(ScramSha512));
}

#[test]
fn a_log_in_that_is_bound_to_its_tls_connection() {
    for (version, binding) in [
        ("1.3", ChannelBindingKind::TlsExporter),
        ("1.2", ChannelBindingKind::TlsServerEndPoint),
    ] {
        for (tls, security) in [
            (PeerTls::Implicit, Security::ImplicitTls),
            (PeerTls::Stls, Security::StartTls),
        ] {
            let setup = || PeerSetup::new().tls(tls).tls_version(version);
            let peer = peer_or_skip!(setup());
            let middle = peer_or_skip!(setup().wrong_binding());
            for kind in [ScramSha1Plus, ScramSha256Plus, ScramSha512Plus] {
                let connector = to_peer(&peer, security);
                let session = peer_session(&peer, &connector, &right(), by(kind));
                let session = session.unwrap_or_else(|error| panic!("{kind}, {version}: {error}"));
                let report = logged_in(session, 5);
                assert_eq!(report.used, LoginMethod::Sasl(kind));
                assert_eq!(report.channel_binding, Some(binding));
                let error = peer_session(&peer, &connector, &wrong(), by(kind)).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::AuthenticationRefused);
                // Somebody sits in between: the two ends see different connections.
                let connector = to_peer(&middle, security);
                let error = peer_session(&middle, &connector, &right(), by(kind)).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::AuthenticationRefused, "{error}");
                assert!(middle.log().contains("Channel bindings mismatch"));
            }
            let connector = to_peer(&peer, security);
            let session = peer_session(&peer, &connector, &right(), Authentication::Auto).unwrap();
            assert_eq!(
                logged_in(session, 5).used,
                LoginMethod::Sasl(ScramSha512Plus)
            );
        }
    }
}

#[test]
fn an_announcement_without_channel_binding_that_was_not_the_servers_is_found_out() {
    // The -PLUS mechanisms are struck out of the list: the client says that it could have, and the server knows better.
    let setup = PeerSetup::new().mechanisms(&["SCRAM-SHA-256"]);
    let peer = peer_or_skip!(setup.tls(PeerTls::Implicit));
    let connector = to_peer(&peer, Security::ImplicitTls);
    for how in [Authentication::Auto, by(ScramSha256)] {
        let error = peer_session(&peer, &connector, &right(), how).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRefused, "{error}");
    }
    let log = peer.log();
    assert!(
        log.contains("client incorrectly assumed server had no channel binding"),
        "{log}"
    );
    // A caller who does not ask for the list cannot know, and says nothing of it.
    let connector = connector.ask_capabilities(false);
    let session = peer_session(&peer, &connector, &right(), by(ScramSha256)).unwrap();
    assert_eq!(logged_in(session, 5).used, LoginMethod::Sasl(ScramSha256));
}
