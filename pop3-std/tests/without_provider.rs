//! Built without cryptography, the crate does what needs none, and TLS by a configuration that brings its own.

#![cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
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

use std::sync::Arc;

use pop3_std::rustls::crypto::ring;
use pop3_std::rustls::version::TLS13;
use pop3_std::rustls::{ClientConfig, RootCertStore};
use pop3_std::{Authentication, Connector, Error, ErrorKind, Security};

use crate::certificates::CertificateAuthority;
use crate::play::{GREETING, Play, credentials, log_in, mailbox};
use crate::server::{config_of, serve};

fn check(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
    assert!(
        error.to_string().contains("`ring` or `aws-lc-rs`"),
        "{error}"
    );
}

#[test]
fn there_is_no_tls_and_that_is_said_before_the_first_octet() {
    let authority = CertificateAuthority::new();
    for security in [Security::ImplicitTls, Security::StartTls] {
        let play = Play::new(GREETING, mailbox);
        let connector = Connector::new("localhost", security).add_root(authority.root());
        check(&connector.connect_over(play.clone()).unwrap_err());
        assert_eq!(play.sent(), "");
        let mrose = authority.issue_for_client("mrose");
        check(
            &connector
                .clone()
                .client_certificate(mrose.chain(), mrose.key())
                .unwrap_err(),
        );
        check(
            &connector
                .client_certificate_pem(mrose.pem().as_bytes(), mrose.key_pem().as_bytes())
                .unwrap_err(),
        );
    }
}

#[test]
fn what_is_asked_for_in_clear_works() {
    log_in(&Play::new(GREETING, mailbox))
        .unwrap()
        .quit()
        .unwrap();
}

#[test]
fn a_configuration_of_the_callers_own_works() {
    let authority = CertificateAuthority::new();
    let mut roots = RootCertStore::empty();
    roots.add(authority.root()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let play = Play::new(GREETING, mailbox);
    let served = Arc::new(config_of(&authority.issue_for_loopback(), &[&TLS13], None));
    let (server, _) = serve(&served, Security::ImplicitTls, play.clone());
    Connector::new("localhost", Security::ImplicitTls)
        .port(server.port())
        .tls_config(Arc::new(config))
        .connect()
        .unwrap()
        .login(&credentials(), Authentication::UserPass)
        .unwrap()
        .quit()
        .unwrap();
    server.ended();
    assert!(play.sent().contains("PASS mvan99"));
}
