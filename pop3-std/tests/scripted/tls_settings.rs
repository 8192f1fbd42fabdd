//! ALPN, sessions that are resumed, the key log, and roots: what TLS is told beside whom to trust.

use std::ffi::OsStr;
use std::sync::{Arc, Mutex};

use pop3_std::rustls::crypto::ring;
use pop3_std::rustls::version::{TLS12, TLS13};
use pop3_std::rustls::{ClientConfig, HandshakeKind, RootCertStore, ServerConfig};
use pop3_std::{
    Authentication, Connector, Error, ErrorKind, Security, Session, TlsFailure, Untimed,
};

#[cfg(feature = "key-log")]
use crate::alone::is_alone;
use crate::alone::with_environment;
use crate::certificates::CertificateAuthority;
use crate::play::{GREETING, Play, credentials, mailbox};
use crate::server::{Seen, config_of, serve};

const BOTH: [Security; 2] = [Security::ImplicitTls, Security::StartTls];

/// A whole session with a server of this configuration.
fn log_in(
    config: &Arc<ServerConfig>,
    connector: &Connector,
    security: Security,
) -> (Result<(), Error>, Seen) {
    let (server, seen) = serve(config, security, Play::new(GREETING, mailbox));
    let done = connector
        .clone()
        .port(server.port())
        .connect()
        .and_then(|connection| Ok(connection.login(&credentials(), Authentication::UserPass)?))
        .and_then(|session: Session<_>| Ok(session.quit()?));
    server.ended();
    (done, seen.recv().unwrap())
}

#[test]
fn alpn_names_pop3_and_a_server_that_knows_nothing_of_it_does_not_mind() {
    let authority = CertificateAuthority::new();
    let certificate = authority.issue_for_loopback();
    for version in [&TLS12, &TLS13] {
        let mut config = config_of(&certificate, &[version], None);
        for security in BOTH {
            let connector = Connector::new("localhost", security).add_root(authority.root());
            let silent = connector.clone().alpn(false);
            for (protocols, connector, outcome) in [
                (&[][..], &connector, Ok(None)),
                (&["pop3"], &connector, Ok(Some("pop3"))),
                (&["imap", "pop3"], &connector, Ok(Some("pop3"))),
                (&["imap"], &connector, Err(TlsFailure::Alpn)),
                (&["imap"], &silent, Ok(None)),
                (&["pop3"], &silent, Ok(None)),
            ] {
                config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
                let (done, seen) = log_in(&Arc::new(config.clone()), connector, security);
                match outcome {
                    Ok(protocol) => {
                        done.unwrap();
                        assert_eq!(seen.alpn.as_deref(), protocol.map(str::as_bytes));
                    }
                    Err(failure) => {
                        let error = done.unwrap_err();
                        assert_eq!(error.kind(), ErrorKind::Tls);
                        assert_eq!(error.tls_failure(), Some(failure), "{error}");
                        assert!(error.to_string().starts_with("TLS handshake: "), "{error}");
                        assert!(error.to_string().contains("ALPN"), "{error}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_trace_says_what_was_agreed_upon() {
    let authority = CertificateAuthority::new();
    let mut config = config_of(&authority.issue_for_loopback(), &[&TLS13], None);
    config.alpn_protocols = vec![b"pop3".to_vec()];
    let config = Arc::new(config);
    let trace = Arc::new(Mutex::new(Vec::new()));
    let traced = trace.clone();
    let connector = Connector::new("localhost", Security::ImplicitTls)
        .add_root(authority.root())
        .trace(move |event| traced.lock().unwrap().push(event.to_string()));
    for expected in [", ALPN pop3", ", ALPN pop3, resumed"] {
        log_in(&config, &connector, Security::ImplicitTls)
            .0
            .unwrap();
        let lines = std::mem::take(&mut *trace.lock().unwrap());
        let line = lines
            .iter()
            .find(|line| line.starts_with("* TLS 1.3, TLS13_"));
        assert!(line.unwrap().ends_with(expected), "{lines:?}");
    }
}

#[test]
fn clones_of_a_connector_resume_each_others_sessions() {
    let authority = CertificateAuthority::new();
    for version in [&TLS12, &TLS13] {
        let config = Arc::new(config_of(&authority.issue_for_loopback(), &[version], None));
        let kind = |connector: &Connector, security| {
            let (done, seen) = log_in(&config, connector, security);
            done.unwrap();
            seen.handshake
        };
        for security in BOTH {
            let connector = Connector::new("localhost", security).add_root(authority.root());
            let clone = connector.clone();
            assert_eq!(kind(&connector, security), Some(HandshakeKind::Full));
            assert_eq!(kind(&connector, security), Some(HandshakeKind::Resumed));
            assert_eq!(kind(&clone, security), Some(HandshakeKind::Resumed));
            // Settings that are not TLS's change nothing.
            let clone = clone.ask_capabilities(false);
            assert_eq!(kind(&clone, security), Some(HandshakeKind::Resumed));
            // Another of the same settings has learnt nothing yet.
            let another = Connector::new("localhost", security).add_root(authority.root());
            assert_eq!(kind(&another, security), Some(HandshakeKind::Full));
        }
    }
}

/// A session that is resumed is not looked into again: neither whom it is with, nor who the client is.
#[test]
fn what_changes_whom_to_trust_or_who_to_be_begins_anew() {
    let authority = CertificateAuthority::new();
    let mrose = authority.issue_for_client("mrose");
    let other = authority.issue_for_client("other");
    for version in [&TLS12, &TLS13] {
        let certificate = authority.issue_for_loopback();
        let config = Arc::new(config_of(&certificate, &[version], Some(&authority)));
        let as_mrose = Connector::new("localhost", Security::ImplicitTls)
            .add_root(authority.root())
            .client_certificate(mrose.chain(), mrose.key())
            .unwrap();
        let see = |connector: &Connector| {
            let (done, seen) = log_in(&config, connector, Security::ImplicitTls);
            done.unwrap();
            (seen.handshake.unwrap(), seen.client_certificate.unwrap())
        };
        let shown = |certificate: &crate::certificates::ServerCertificate| {
            certificate.chain().first().unwrap().clone()
        };
        assert_eq!(see(&as_mrose), (HandshakeKind::Full, shown(&mrose)));
        assert_eq!(see(&as_mrose), (HandshakeKind::Resumed, shown(&mrose)));
        let as_other = as_mrose
            .clone()
            .client_certificate(other.chain(), other.key())
            .unwrap();
        assert_eq!(see(&as_other), (HandshakeKind::Full, shown(&other)));
        assert_eq!(see(&as_other), (HandshakeKind::Resumed, shown(&other)));
        // The first goes on as it was.
        assert_eq!(see(&as_mrose), (HandshakeKind::Resumed, shown(&mrose)));

        let more_roots = as_mrose
            .clone()
            .add_root(CertificateAuthority::new().root());
        assert_eq!(see(&more_roots).0, HandshakeKind::Full);
        assert_eq!(see(&as_mrose.clone().alpn(false)).0, HandshakeKind::Full);
    }
}

/// A configuration is used as it is, so what stands beside it would silently be left out.
#[test]
fn a_tls_configuration_and_settings_beside_it_do_not_go_together() {
    let authority = CertificateAuthority::new();
    let mrose = authority.issue_for_client("mrose");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let connector = Connector::new("localhost", Security::ImplicitTls).tls_config(Arc::new(config));
    #[allow(unused_mut, reason = "without the feature there is nothing to add")]
    let mut beside = vec![
        connector.clone().add_root(authority.root()),
        connector
            .clone()
            .client_certificate(mrose.chain(), mrose.key())
            .unwrap(),
        connector.clone().alpn(false),
    ];
    #[cfg(feature = "key-log")]
    beside.push(connector.clone().key_log(true));
    for connector in beside {
        let play = Play::new(GREETING, mailbox);
        let error = connector.connect_over(play.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
        assert!(error.to_string().contains("of your own"), "{error}");
        assert_eq!(play.stage().writes.len(), 0);
    }
    let error = connector.connect_over(Untimed(std::io::Cursor::new(Vec::new())));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Tls);
}

#[test]
fn a_platform_without_roots_needs_one_to_be_added() {
    // Where the platform's own verifier is asked there is no telling.
    if !cfg!(target_os = "linux") {
        return;
    }
    let nowhere = Some(OsStr::new("/nowhere"));
    with_environment(
        "tls_settings::a_platform_without_roots_needs_one_to_be_added",
        &[("SSL_CERT_FILE", nowhere), ("SSL_CERT_DIR", nowhere)],
        || {
            let play = Play::new(GREETING, mailbox);
            let connector = Connector::new("localhost", Security::ImplicitTls);
            let error = connector.connect_over(play.clone()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Tls);
            assert_eq!(error.tls_failure(), Some(TlsFailure::NoRoots));
            assert!(
                error.to_string().contains("add a root certificate"),
                "{error}"
            );
            assert_eq!(play.stage().writes.len(), 0);

            let authority = CertificateAuthority::new();
            let config = Arc::new(config_of(&authority.issue_for_loopback(), &[&TLS13], None));
            let connector = connector.add_root(authority.root());
            log_in(&config, &connector, Security::ImplicitTls)
                .0
                .unwrap();
        },
    );
}

#[cfg(feature = "key-log")]
#[test]
fn the_key_log_is_written_where_it_is_asked_for_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = match is_alone() {
        true => std::env::var_os("SSLKEYLOGFILE").unwrap(),
        false => folder.path().join("keys").into(),
    };
    with_environment(
        "tls_settings::the_key_log_is_written_where_it_is_asked_for_and_nowhere_else",
        &[("SSLKEYLOGFILE", Some(path.as_ref()))],
        || {
            let authority = CertificateAuthority::new();
            let config = Arc::new(config_of(&authority.issue_for_loopback(), &[&TLS13], None));
            let connector =
                Connector::new("localhost", Security::ImplicitTls).add_root(authority.root());
            for connector in [connector.clone(), connector.clone().key_log(false)] {
                log_in(&config, &connector, Security::ImplicitTls)
                    .0
                    .unwrap();
                assert!(!std::path::Path::new(&path).exists());
            }
            let logging = connector.clone().key_log(true);
            log_in(&config, &logging, Security::ImplicitTls).0.unwrap();
            let keys = std::fs::read_to_string(&path).unwrap();
            for label in [
                "CLIENT_TRAFFIC_SECRET_0 ",
                "SERVER_TRAFFIC_SECRET_0 ",
                "EXPORTER_SECRET ",
            ] {
                assert!(keys.lines().any(|line| line.starts_with(label)), "{label}");
            }
            // What it had learnt before, it has not resumed: it would be logged only in part.
            log_in(&config, &connector, Security::ImplicitTls)
                .0
                .unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), keys);
        },
    );
}
