//! Servers that want to know who the client is before anybody logs in.

use std::sync::Arc;

use pop3_std::rustls::pki_types::pem::PemObject;
use pop3_std::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use pop3_std::rustls::version::{TLS12, TLS13};
use pop3_std::rustls::{ServerConfig, SupportedProtocolVersion};
use pop3_std::{Authentication, Connector, Error, ErrorKind, Security, Session, TlsFailure};

use crate::certificates::{CertificateAuthority, ServerCertificate};
use crate::play::{GREETING, Play, credentials, mailbox};
use crate::server::{config_of, serve};

const BOTH: [Security; 2] = [Security::ImplicitTls, Security::StartTls];

/// A server of `authority` that wants certificates of `clients`.
fn wants(
    authority: &CertificateAuthority,
    clients: &CertificateAuthority,
    version: &'static SupportedProtocolVersion,
) -> Arc<ServerConfig> {
    let certificate = authority.issue_for_loopback();
    Arc::new(config_of(&certificate, &[version], Some(clients)))
}

/// Logs in, and gives what the server has seen of the client's certificate.
fn log_in(
    config: &Arc<ServerConfig>,
    connector: Connector,
    security: Security,
) -> (Result<(), Error>, Option<CertificateDer<'static>>, String) {
    let play = Play::new(GREETING, mailbox);
    let (server, seen) = serve(config, security, play.clone());
    let done = connector
        .port(server.port())
        .connect()
        .and_then(|connection| Ok(connection.login(&credentials(), Authentication::UserPass)?))
        .and_then(|session: Session<_>| Ok(session.quit()?));
    server.ended();
    let shown = seen.recv().unwrap().client_certificate;
    (done, shown, play.sent())
}

#[test]
fn a_certificate_that_the_server_wants() {
    let authority = CertificateAuthority::new();
    let mrose = authority.issue_for_client("mrose");
    for version in [&TLS12, &TLS13] {
        let config = wants(&authority, &authority, version);
        for security in BOTH {
            let connector = Connector::new("localhost", security).add_root(authority.root());
            for connector in [
                connector
                    .clone()
                    .client_certificate(mrose.chain(), mrose.key())
                    .unwrap(),
                connector
                    .clone()
                    .client_certificate_pem(mrose.pem().as_bytes(), mrose.key_pem().as_bytes())
                    .unwrap(),
            ] {
                let (done, shown, _) = log_in(&config, connector, security);
                done.unwrap();
                assert_eq!(shown, mrose.chain().first().cloned());
            }
        }
    }
}

#[test]
fn a_server_that_does_not_ask_is_shown_nothing() {
    let authority = CertificateAuthority::new();
    let mrose = authority.issue_for_client("mrose");
    let certificate = authority.issue_for_loopback();
    let config = Arc::new(config_of(&certificate, &[&TLS13], None));
    let connector = Connector::new("localhost", Security::ImplicitTls)
        .add_root(authority.root())
        .client_certificate(mrose.chain(), mrose.key())
        .unwrap();
    let (done, shown, _) = log_in(&config, connector, Security::ImplicitTls);
    done.unwrap();
    assert_eq!(shown, None);
}

/// With TLS 1.3 it shows only when the greeting, or the answer to the first command after STLS, is read.
#[test]
fn a_certificate_that_is_missing_or_refused_is_named_whenever_it_shows() {
    let authority = CertificateAuthority::new();
    let stranger = CertificateAuthority::new();
    let certificates = [
        (None, TlsFailure::ClientCertificateRequired),
        (
            Some(stranger.issue_for_client("mrose")),
            TlsFailure::ClientCertificateRefused,
        ),
        (
            Some(authority.issue_expired_for_client("mrose")),
            TlsFailure::ClientCertificateRefused,
        ),
    ];
    for (version, doing) in [
        (&TLS12, ["TLS handshake", "TLS handshake"]),
        (&TLS13, ["greeting", "CAPA"]),
    ] {
        let config = wants(&authority, &authority, version);
        for (certificate, failure) in &certificates {
            for (security, doing) in BOTH.into_iter().zip(doing) {
                let connector = Connector::new("localhost", security).add_root(authority.root());
                let connector = match certificate {
                    None => connector,
                    Some(certificate) => connector
                        .client_certificate(certificate.chain(), certificate.key())
                        .unwrap(),
                };
                let (done, _, sent) = log_in(&config, connector, security);
                let error = done.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
                assert_eq!(error.tls_failure(), Some(*failure), "{error}");
                assert!(error.to_string().starts_with(doing), "{doing}: {error}");
                assert!(error.to_string().contains("client certificate"), "{error}");
                assert_eq!(sent, "", "the server heard nothing inside TLS");
            }
        }
    }
}

fn connector() -> Connector {
    Connector::new("localhost", Security::ImplicitTls)
}

fn refused_pem(chain: &str, key: &str) -> String {
    let error = connector()
        .client_certificate_pem(chain.as_bytes(), key.as_bytes())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
    assert_eq!(error.tls_failure(), None);
    for shown in [error.to_string(), format!("{error:?}")] {
        for line in key.lines().filter(|line| !line.starts_with("---")) {
            assert!(line.len() < 8 || !shown.contains(line), "{shown}");
        }
    }
    error.to_string()
}

/// What keys look like that are encrypted, in PKCS #8 and before that.
const ENCRYPTED: [&str; 2] = [
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIHsMFcGCSqGSIb3DQEFDTBK\n-----END ENCRYPTED PRIVATE KEY-----\n",
    "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,48EA5F447099B7809B9D869C59F7C8C7\n\n\
     F72UL9iJU5zUsEUGme9czXNI\n-----END EC PRIVATE KEY-----\n",
];

#[test]
fn certificates_and_keys_that_are_of_no_use() {
    let authority = CertificateAuthority::new();
    let mrose = authority.issue_for_client("mrose");
    let other = authority.issue_for_client("other");
    let (chain, key) = (mrose.pem(), mrose.key_pem());
    let begin = "reading the client certificate: ";
    for (chain, key, what) in [
        ("", &*key, "there is no certificate"),
        (&key, &key, "there is no certificate"),
        (&chain, "", "there is no private key in this PEM"),
        (&chain, &chain, "there is no private key in this PEM"),
        (
            &chain,
            &other.key_pem(),
            "the private key does not belong to the first certificate",
        ),
        (
            &(other.pem() + &chain),
            &key,
            "the private key does not belong to the first certificate",
        ),
        (&chain, ENCRYPTED[0], "the private key is encrypted: "),
        (&chain, ENCRYPTED[1], "the private key is encrypted: "),
        (
            &chain,
            "-----BEGIN PRIVATE KEY-----\nc2VjcmV0IQ==\n-----END PRIVATE KEY-----\n",
            "the private key cannot be used: ",
        ),
        (
            &chain,
            "-----BEGIN PRIVATE KEY-----\nc2Vj!!!!cmV0IQ==\n-----END PRIVATE KEY-----\n",
            "the private key's PEM cannot be read",
        ),
        (
            &chain,
            &key[..key.len() / 2],
            "the private key's PEM cannot be read",
        ),
        (&chain[..chain.len() / 2], &key, "the certificates: "),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            &key,
            "the first certificate cannot be used: ",
        ),
    ] {
        let error = refused_pem(chain, key);
        assert!(
            error.starts_with(&format!("{begin}{what}")),
            "{what}: {error}"
        );
    }

    // Both in one text, in either order.
    for text in [format!("{chain}{key}"), format!("{key}{chain}")] {
        connector()
            .client_certificate_pem(text.as_bytes(), text.as_bytes())
            .unwrap();
    }

    for (chain, certificate, what) in [
        (Vec::new(), &mrose, "there is no certificate"),
        (
            mrose.chain(),
            &other,
            "the private key does not belong to the first certificate",
        ),
    ] {
        let error = connector()
            .client_certificate(chain, certificate.key())
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert_eq!(error.to_string(), format!("{begin}{what}"));
    }
}

#[test]
fn neither_the_connector_nor_its_errors_show_the_key() {
    let authority = CertificateAuthority::new();
    let mrose: ServerCertificate = authority.issue_for_client("mrose");
    let connector = connector()
        .client_certificate(mrose.chain(), mrose.key())
        .unwrap();
    let shown = format!("{connector:?} {connector:#?}");
    assert!(shown.contains("client_certificate: true"), "{shown}");
    let key = PrivateKeyDer::from_pem_slice(mrose.key_pem().as_bytes()).unwrap();
    let numbers = format!("{:?}", key.secret_der());
    let numbers = numbers.trim_matches(['[', ']']);
    let hexadecimal: String = key
        .secret_der()
        .iter()
        .map(|o| format!("{o:02x}"))
        .collect();
    for text in [numbers, &hexadecimal, &mrose.key_pem()] {
        assert!(!shown.contains(text), "{shown}");
    }
}
