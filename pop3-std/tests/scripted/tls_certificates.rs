//! What a server's certificate can have wrong: each by its name, with a text that says what to do.

use std::sync::Arc;

use pop3_std::rustls::client::WebPkiServerVerifier;
use pop3_std::rustls::crypto::ring;
use pop3_std::rustls::version::{TLS12, TLS13};
use pop3_std::rustls::{ClientConfig, RootCertStore};
use pop3_std::{Connector, Security, TlsFailure};

use crate::certificates::{CertificateAuthority, ServerCertificate};
use crate::server::config_of;
use crate::tls_failures::{check, fails};

/// The same with each version, from the first octet on and after STLS, where the certificate is what is wrong.
fn certificate_fails(
    certificate: &ServerCertificate,
    root: &CertificateAuthority,
    failure: TlsFailure,
    texts: &[&str],
) {
    for security in [Security::ImplicitTls, Security::StartTls] {
        let connector = Connector::new("localhost", security).add_root(root.root());
        for version in [&TLS12, &TLS13] {
            let config = config_of(certificate, &[version], None);
            let error = fails(config, connector.clone(), security);
            check(&error, failure, texts);
            assert!(
                error
                    .to_string()
                    .starts_with("TLS handshake: the server's ")
            );
        }
    }
}

#[test]
fn an_issuer_that_is_not_trusted() {
    let (authority, stranger) = (CertificateAuthority::new(), CertificateAuthority::new());
    certificate_fails(
        &stranger.issue_for_loopback(),
        &authority,
        TlsFailure::UntrustedIssuer,
        &[
            "issuer that is not trusted",
            "add its CA's certificate as a root",
        ],
    );
    // Nor do the platform's own roots know it.
    let connector = Connector::new("localhost", Security::ImplicitTls);
    let config = config_of(&authority.issue_for_loopback(), &[&TLS13], None);
    let error = fails(config, connector, Security::ImplicitTls);
    assert!(
        matches!(
            error.tls_failure(),
            Some(TlsFailure::UntrustedIssuer | TlsFailure::NoRoots)
        ),
        "{error}"
    );
}

#[test]
fn a_certificate_for_another_name() {
    let authority = CertificateAuthority::new();
    for (names, said) in [
        (
            &["pop.example.org"][..],
            "is for pop.example.org, not for localhost;",
        ),
        (
            &["*.example.org", "192.0.2.1", "2001:db8::1"],
            "is for *.example.org, 192.0.2.1, 2001:db8::1, not for localhost;",
        ),
        (
            &[
                "a.example",
                "b.example",
                "c.example",
                "d.example",
                "e.example",
                "f.example",
            ],
            "is for a.example, b.example, c.example, d.example and 2 more, not for localhost;",
        ),
        (&[], "is for no host at all, not for localhost;"),
    ] {
        certificate_fails(
            &authority.issue(names),
            &authority,
            TlsFailure::WrongName,
            &[said, "use a name that it is for"],
        );
    }
    // A host by its address needs a certificate for the address.
    let connector = Connector::new("127.0.0.1", Security::ImplicitTls).add_root(authority.root());
    let config = config_of(&authority.issue(&["localhost"]), &[&TLS13], None);
    let error = fails(config, connector, Security::ImplicitTls);
    check(
        &error,
        TlsFailure::WrongName,
        &["is for localhost, not for 127.0.0.1;"],
    );
}

#[test]
fn what_a_certificate_has_for_a_name_cannot_drive_a_terminal() {
    let authority = CertificateAuthority::new();
    for name in ["\x1b[2J\r\n+OK", "a\"b", "\0"] {
        let connector =
            Connector::new("localhost", Security::ImplicitTls).add_root(authority.root());
        let config = config_of(&authority.issue(&[name]), &[&TLS13], None);
        let error = fails(config, connector, Security::ImplicitTls);
        check(&error, error.tls_failure().unwrap(), &[]);
        let said = error.to_string();
        assert!(!said.chars().any(char::is_control), "{said:?}");
    }
}

#[test]
fn a_certificate_before_and_after_its_time() {
    let authority = CertificateAuthority::new();
    certificate_fails(
        &authority.issue_expired(&["localhost"]),
        &authority,
        TlsFailure::Expired,
        &[
            "expired ",
            " days ago, by this machine's clock",
            "has to renew it",
        ],
    );
    certificate_fails(
        &authority.issue_for_later(&["localhost"]),
        &authority,
        TlsFailure::NotYetValid,
        &[
            "is not valid for another ",
            " days, by this machine's clock",
            "is the clock right?",
        ],
    );
}

#[test]
fn a_ca_that_serves_by_itself() {
    let authority = CertificateAuthority::new();
    certificate_fails(
        &authority.as_server(),
        &authority,
        TlsFailure::CaCertificate,
        &["is a CA's own", "the server needs a certificate of its own"],
    );
}

#[test]
fn a_signature_of_another_key() {
    // As it is when a CA has been made anew under its old name.
    let old = CertificateAuthority::named("The same");
    let new = CertificateAuthority::named("The same");
    certificate_fails(
        &new.issue_for_loopback(),
        &old,
        TlsFailure::BadSignature,
        &["wrong signature", "another CA of the same name"],
    );
}

#[test]
fn a_certificate_that_has_been_revoked() {
    let authority = CertificateAuthority::new();
    let (certificate, list) = authority.issue_revoked(&["localhost"]);
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.root()).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .with_crls([list])
        .build()
        .unwrap();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_webpki_verifier(verifier)
        .with_no_client_auth();
    let connector = Connector::new("localhost", Security::ImplicitTls).tls_config(Arc::new(config));
    let config = config_of(&certificate, &[&TLS13], None);
    let error = fails(config, connector, Security::ImplicitTls);
    check(
        &error,
        TlsFailure::Revoked,
        &["has been revoked", "replace it"],
    );
}
