//! Certificates that name a user: with one of them EXTERNAL logs in.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A root for clients. A server that is told of it believes whom it names, and no other.
pub struct ClientAuthority {
    issuer: Issuer<'static, KeyPair>,
    root: rcgen::Certificate,
}

impl ClientAuthority {
    /// Makes a new key and a root certificate for it.
    pub fn new() -> Self {
        let mut params = named("Root of clients for tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key for the authority");
        let root = params.self_signed(&key).expect("a root certificate");
        Self {
            issuer: Issuer::new(params, key),
            root,
        }
    }

    /// The root certificate as a PEM file would hold it.
    pub fn root_pem(&self) -> String {
        self.root.pem()
    }

    /// A valid certificate whose common name is this user's.
    pub fn issue(&self, user: &str) -> ClientCertificate {
        let mut params = named(user);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().expect("a key for the client");
        let certificate = params
            .signed_by(&key, &self.issuer)
            .expect("a client certificate");
        ClientCertificate { certificate, key }
    }
}

fn named(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params
}

/// A client's certificate and key.
pub struct ClientCertificate {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl ClientCertificate {
    /// The certificate, for a rustls client.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.der().clone()]
    }

    /// The private key, for a rustls client.
    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// The certificate as a PEM file would hold it.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// The private key as a PEM file would hold it.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }
}
