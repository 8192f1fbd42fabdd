//! A certification authority that lives as long as a test does, so no key and no expiry date is kept in the repository.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs8KeyDer,
};
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
        Self::named(&format!("Root {number} for tests"))
    }

    /// Makes one of this name, which another may have as well.
    pub fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
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

    /// A certificate that is right in everything but its time, which begins in 2999.
    pub fn issue_for_later(&self, names: &[&str]) -> ServerCertificate {
        let mut params = Self::server_params(names);
        params.not_before = date_time_ymd(2999, 1, 1);
        params.not_after = date_time_ymd(3000, 1, 1);
        self.sign(params)
    }

    /// A certificate that a client can show, of this name.
    pub fn issue_for_client(&self, name: &str) -> ServerCertificate {
        let mut params = Self::server_params(&[]);
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    /// One whose time has ended.
    pub fn issue_expired_for_client(&self, name: &str) -> ServerCertificate {
        let mut params = Self::server_params(&[]);
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
        self.sign(params)
    }

    /// A valid certificate, and the list of those that this authority has revoked, with this one on it.
    pub fn issue_revoked(
        &self,
        names: &[&str],
    ) -> (ServerCertificate, CertificateRevocationListDer<'static>) {
        let serial_number = SerialNumber::from(4711_u64);
        let mut params = Self::server_params(names);
        params.serial_number = Some(serial_number.clone());
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(2999, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number,
                revocation_time: date_time_ymd(2020, 1, 1),
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list
            .signed_by(&self.issuer)
            .expect("a list of what is revoked");
        (self.sign(params), list.into())
    }

    /// The root itself, as a server might show it.
    pub fn as_server(&self) -> ServerCertificate {
        let key = self.issuer.key().serialize_der();
        ServerCertificate {
            certificate: self.root.clone(),
            key: KeyPair::try_from(key).expect("the authority's key"),
            root: self.root(),
            root_pem: self.root_pem(),
        }
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

/// A certificate and its key, a server's mostly, and the root that vouches for it.
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

    /// The certificate, for rustls.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.der().clone()]
    }

    /// The private key, for rustls.
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
