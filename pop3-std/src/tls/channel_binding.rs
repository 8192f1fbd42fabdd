//! What ties a log-in to this very TLS connection, so that nobody in between can pass it on (RFC 5056).

use std::fmt;

use pop3_proto::sasl::{self, ChannelBindingKind};
use rustls::{ClientConnection, ConnectionCommon, ProtocolVersion};
use sha2::digest::Digest;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use spki::der::asn1::{AnyRef, BitStringRef, ContextSpecific};
use spki::der::{self, Decode as _, Reader, SliceReader, TagNumber};
use spki::{AlgorithmIdentifierRef, ObjectIdentifier};
use zeroize::Zeroizing;

/// What a log-in is bound to.
pub(crate) struct ChannelBinding {
    pub(crate) kind: ChannelBindingKind,
    /// As it goes into the log-in, without the name in front.
    pub(crate) data: Zeroizing<Vec<u8>>,
}

impl ChannelBinding {
    /// For the core.
    pub(crate) fn borrowed(&self) -> sasl::ChannelBinding<'_> {
        sasl::ChannelBinding {
            kind: self.kind,
            data: &self.data,
        }
    }
}

impl fmt::Debug for ChannelBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelBinding")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The binding of this connection, if it has one: after the handshake, unless the server's certificate is signed in a
/// way for which none is defined.
pub(crate) fn of(tls: &ClientConnection) -> Option<ChannelBinding> {
    match tls.protocol_version()? {
        ProtocolVersion::TLSv1_3 => Some(ChannelBinding {
            kind: ChannelBindingKind::TlsExporter,
            data: exporter(tls)?,
        }),
        ProtocolVersion::TLSv1_2 => Some(ChannelBinding {
            kind: ChannelBindingKind::TlsServerEndPoint,
            data: Zeroizing::new(end_point(tls.peer_certificates()?.first()?)?),
        }),
        _ => None,
    }
}

/// RFC 9266 section 2. Either side of a connection gets the same.
fn exporter<Side>(tls: &ConnectionCommon<Side>) -> Option<Zeroizing<Vec<u8>>> {
    let mut data = Zeroizing::new(vec![0; 32]);
    tls.export_keying_material(&mut **data, b"EXPORTER-Channel-Binding", Some(b""))
        .ok()?;
    Some(data)
}

/// RFC 5929 section 4.1: the certificate, hashed as its issuer hashed it to sign it.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let hash = signed_by(certificate).ok()??;
    Some(hash(certificate))
}

type Hash = fn(&[u8]) -> Vec<u8>;

fn hash<D: Digest>(octets: &[u8]) -> Vec<u8> {
    D::digest(octets).to_vec()
}

/// Signature algorithms that use one hash function. MD5 and SHA-1 are replaced by SHA-256.
const SIGNATURES: [(ObjectIdentifier, Hash); 11] = [
    // PKCS #1 version 1.5 (RFC 8017 appendix A.2.4), with MD5, SHA-1 and SHA-2
    (oid("1.2.840.113549.1.1.4"), hash::<Sha256>),
    (oid("1.2.840.113549.1.1.5"), hash::<Sha256>),
    (oid("1.2.840.113549.1.1.14"), hash::<Sha224>),
    (oid("1.2.840.113549.1.1.11"), hash::<Sha256>),
    (oid("1.2.840.113549.1.1.12"), hash::<Sha384>),
    (oid("1.2.840.113549.1.1.13"), hash::<Sha512>),
    // ECDSA (RFC 5480 appendix A, RFC 5758 section 3.2), with SHA-1 and SHA-2
    (oid("1.2.840.10045.4.1"), hash::<Sha256>),
    (oid("1.2.840.10045.4.3.1"), hash::<Sha224>),
    (oid("1.2.840.10045.4.3.2"), hash::<Sha256>),
    (oid("1.2.840.10045.4.3.3"), hash::<Sha384>),
    (oid("1.2.840.10045.4.3.4"), hash::<Sha512>),
];

const RSASSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = oid("1.2.840.113549.1.1.8");
const SHA_1: ObjectIdentifier = oid("1.3.14.3.2.26");

/// Hash functions as the parameters of RSASSA-PSS name them (RFC 4055 section 2.1).
const HASHES: [(ObjectIdentifier, Hash); 5] = [
    (SHA_1, hash::<Sha256>),
    (oid("2.16.840.1.101.3.4.2.4"), hash::<Sha224>),
    (oid("2.16.840.1.101.3.4.2.1"), hash::<Sha256>),
    (oid("2.16.840.1.101.3.4.2.2"), hash::<Sha384>),
    (oid("2.16.840.1.101.3.4.2.3"), hash::<Sha512>),
];

const fn oid(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

fn find(table: &[(ObjectIdentifier, Hash)], oid: ObjectIdentifier) -> Option<Hash> {
    let found = table.iter().find(|(name, _)| *name == oid);
    found.map(|(_, hash)| *hash)
}

/// The hash function of a certificate's signature; `None`: it has none, or more than one, or it is not known.
fn signed_by(certificate: &[u8]) -> der::Result<Option<Hash>> {
    let mut reader = SliceReader::new(certificate)?;
    // RFC 5280 section 4.1: tbsCertificate, signatureAlgorithm, signatureValue.
    let algorithm = reader.sequence(|fields| {
        AnyRef::decode(fields)?;
        let algorithm = AlgorithmIdentifierRef::decode(fields)?;
        BitStringRef::decode(fields)?;
        Ok::<_, der::Error>(algorithm)
    })?;
    reader.finish()?;
    match algorithm {
        AlgorithmIdentifierRef {
            oid: RSASSA_PSS,
            parameters: Some(parameters),
        } => parameters.sequence(pss),
        AlgorithmIdentifierRef { oid, .. } => Ok(find(&SIGNATURES, oid)),
    }
}

/// RSASSA-PSS hashes the message and makes a mask. Its parameters name a hash function for each, and where they do not, it is
/// SHA-1 (RFC 4055 section 3.1).
fn pss(parameters: &mut SliceReader<'_>) -> der::Result<Option<Hash>> {
    let message = field(parameters, 0)?.map_or(SHA_1, |algorithm| algorithm.oid);
    let mask = match field(parameters, 1)? {
        None => Some(SHA_1),
        Some(AlgorithmIdentifierRef {
            oid: MGF1,
            parameters: Some(hash),
        }) => Some(hash.decode_as::<AlgorithmIdentifierRef<'_>>()?.oid),
        Some(_) => None,
    };
    // The length of the salt, and a number that is always the same.
    while !parameters.is_finished() {
        AnyRef::decode(parameters)?;
    }
    Ok(find(&HASHES, message).filter(|_| mask == Some(message)))
}

fn field<'a>(
    fields: &mut SliceReader<'a>,
    number: u32,
) -> der::Result<Option<AlgorithmIdentifierRef<'a>>> {
    let field = ContextSpecific::decode_explicit(fields, TagNumber(number))?;
    Ok(field.map(|field| field.value))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::Arc;

    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384, SignatureAlgorithm};
    use rustls::crypto::ring;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
    use rustls::version::{TLS12, TLS13};
    use rustls::{
        ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection,
        SupportedProtocolVersion,
    };
    use sha2::{Digest as _, Sha384};

    use super::{ChannelBindingKind, end_point, exporter, of};

    /// Both ends of connections of one version in memory.
    struct Pair {
        client: Arc<ClientConfig>,
        server: Arc<ServerConfig>,
        certificate: CertificateDer<'static>,
    }

    impl Pair {
        fn new(
            version: &'static SupportedProtocolVersion,
            algorithm: &'static SignatureAlgorithm,
        ) -> Self {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let issue = |name: &str| {
                let params = CertificateParams::new([name.to_owned()]).unwrap();
                params.self_signed(&key).unwrap().der().clone()
            };
            let certificate = issue("localhost");
            // The server sends more than its own.
            let chain = vec![certificate.clone(), issue("other")];
            let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
            let provider = Arc::new(ring::default_provider());
            let mut roots = RootCertStore::empty();
            roots.add(certificate.clone()).unwrap();
            let client = ClientConfig::builder_with_provider(provider.clone())
                .with_protocol_versions(&[version])
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
            let server = ServerConfig::builder_with_provider(provider)
                .with_protocol_versions(&[version])
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .unwrap();
            Self {
                client: Arc::new(client),
                server: Arc::new(server),
                certificate,
            }
        }

        fn connect(&self) -> (ClientConnection, ServerConnection) {
            let name = ServerName::try_from("localhost").unwrap();
            let mut client = ClientConnection::new(self.client.clone(), name).unwrap();
            let mut server = ServerConnection::new(self.server.clone()).unwrap();
            assert!(of(&client).is_none(), "there is none before the handshake");
            while client.wants_write() || server.wants_write() {
                let mut octets = Vec::new();
                client.write_tls(&mut octets).unwrap();
                server.read_tls(&mut octets.as_slice()).unwrap();
                server.process_new_packets().unwrap();
                octets.clear();
                server.write_tls(&mut octets).unwrap();
                client.read_tls(&mut octets.as_slice()).unwrap();
                client.process_new_packets().unwrap();
            }
            assert!(!client.is_handshaking() && !server.is_handshaking());
            (client, server)
        }
    }

    #[test]
    fn both_ends_of_tls_1_3_export_the_same_value_and_no_other_connection_does() {
        let pair = Pair::new(&TLS13, &PKCS_ECDSA_P384_SHA384);
        let (client, server) = pair.connect();
        let binding = of(&client).unwrap();
        assert_eq!(binding.kind, ChannelBindingKind::TlsExporter);
        assert_eq!(binding.kind.name(), "tls-exporter");
        assert_eq!(binding.data.len(), 32);
        assert_eq!(*binding.data, *exporter(&server).unwrap());
        // TLS 1.3 makes no difference between no context and an empty one.
        let without_context = server
            .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", None)
            .unwrap();
        assert_eq!(*binding.data, without_context);

        // Resumed or not.
        let (another, _) = pair.connect();
        assert_ne!(*binding.data, *of(&another).unwrap().data);
    }

    #[test]
    fn with_tls_1_2_it_is_the_hash_of_the_certificate_also_where_a_session_is_resumed() {
        let pair = Pair::new(&TLS12, &PKCS_ECDSA_P384_SHA384);
        for kind in [rustls::HandshakeKind::Full, rustls::HandshakeKind::Resumed] {
            let (client, server) = pair.connect();
            assert_eq!(server.handshake_kind(), Some(kind));
            let binding = of(&client).unwrap();
            assert_eq!(binding.kind, ChannelBindingKind::TlsServerEndPoint);
            assert_eq!(binding.kind.name(), "tls-server-end-point");
            assert_eq!(*binding.data, Sha384::digest(&pair.certificate).to_vec());
        }
    }

    #[test]
    fn what_binds_is_not_shown() {
        let (client, _) = Pair::new(&TLS13, &PKCS_ECDSA_P384_SHA384).connect();
        assert_eq!(
            format!("{:?}", of(&client).unwrap()),
            "ChannelBinding { kind: TlsExporter, .. }"
        );
    }

    /// Each certificate of the file, with its name and the hash that it should have.
    fn vectors() -> Vec<(&'static str, &'static str, CertificateDer<'static>)> {
        let file = include_str!("channel_binding_vectors.pem");
        let begin = "-----BEGIN CERTIFICATE-----";
        let vectors: Vec<_> = file
            .match_indices(begin)
            .map(|(start, _)| {
                let (before, pem) = file.split_at(start);
                let (name, expected) = before.lines().last().unwrap().split_once(' ').unwrap();
                let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
                (name, expected, certificate)
            })
            .collect();
        assert_eq!(vectors.len(), 17);
        vectors
    }

    #[test]
    fn certificates_are_hashed_as_they_are_signed() {
        for (name, expected, certificate) in vectors() {
            let hash = end_point(&certificate).map(|hash| {
                hash.iter().fold(String::new(), |mut text, octet| {
                    write!(text, "{octet:02x}").unwrap();
                    text
                })
            });
            assert_eq!(hash.as_deref().unwrap_or("none"), expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_certificate_binds_nothing() {
        for (name, _, certificate) in vectors() {
            for end in 0..certificate.len() {
                assert_eq!(end_point(&certificate[..end]), None, "{name}, {end}");
            }
            // Whatever stands there instead, it never has the hash of another certificate.
            for place in 0..certificate.len() {
                let mut changed = certificate.to_vec();
                changed[place] ^= 1;
                if let Some(hash) = end_point(&changed) {
                    assert_ne!(Some(hash), end_point(&certificate), "{name}, {place}");
                }
            }
        }
    }
}
