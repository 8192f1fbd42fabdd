//! A certification authority that lives as long as a test does, so no key and no expiry date is kept in the repository.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Every name a server on this machine's loopback interface is reached by.
pub const LOOPBACK_NAMES: [&str; 4] = ["localhost", "127.0.0.1", "127.0.0.2", "::1"];

/// A root that no client trusts unless it is told to. Two of them have nothing in common.
pub struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    root: rcgen::Certificate,
}

impl CertificateAuthority {
    /// Makes a new key and a root certificate for it.
    pub fn new() -> Self {
        // Of two roots with one name a client would try the wrong one's key, and call the signature bad.
        static NUMBER: AtomicUsize = AtomicUsize::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, format!("Root {number} for tests"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key for the authority");
        let root = params.self_signed(&key).expect("a root certificate");
        Self {
            issuer: Issuer::new(params, key),
            root,
        }
    }

    /// The root certificate, for a client's set of trusted roots.
    pub fn root(&self) -> CertificateDer<'static> {
        self.root.der().clone()
    }

    /// The root certificate as a PEM file would hold it.
    pub fn root_pem(&self) -> String {
        self.root.pem()
    }

    /// A valid certificate for DNS names and IP addresses.
    pub fn issue(&self, names: &[&str]) -> ServerCertificate {
        self.sign(Self::server_params(names))
    }

    /// A valid certificate for [`LOOPBACK_NAMES`].
    pub fn issue_for_loopback(&self) -> ServerCertificate {
        self.issue(&LOOPBACK_NAMES)
    }

    /// A certificate that is right in everything but its time, which ended in 2001.
    pub fn issue_expired(&self, names: &[&str]) -> ServerCertificate {
        let mut params = Self::server_params(names);
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
        self.sign(params)
    }

    fn server_params(names: &[&str]) -> CertificateParams {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).expect("DNS names or IP addresses");
        params
            .distinguished_name
            .push(DnType::CommonName, "POP3 server for one test");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params
    }

    fn sign(&self, params: CertificateParams) -> ServerCertificate {
        let key = KeyPair::generate().expect("a key for the server");
        let certificate = params
            .signed_by(&key, &self.issuer)
            .expect("a server certificate");
        ServerCertificate {
            certificate,
            key,
            root: self.root(),
            root_pem: self.root_pem(),
        }
    }
}

/// A server's certificate and key, and the root that vouches for it.
pub struct ServerCertificate {
    certificate: rcgen::Certificate,
    key: KeyPair,
    root: CertificateDer<'static>,
    root_pem: String,
}

impl ServerCertificate {
    /// The certificate as a PEM file would hold it.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// The private key as a PEM file would hold it.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// The certificate, for a rustls server in a test.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.der().clone()]
    }

    /// The private key, for a rustls server in a test.
    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// The root that issued this certificate.
    pub fn root(&self) -> CertificateDer<'static> {
        self.root.clone()
    }

    /// The root that issued this certificate, as a PEM file would hold it.
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }
}
