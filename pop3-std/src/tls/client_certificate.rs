//! The client's own certificate, for servers that ask for one.

use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use zeroize::Zeroize as _;

use super::unusable;
use crate::error::Error;

const READING: &str = "reading the client certificate";

/// A chain, the client's certificate first, and its key. They are shown to every server that asks.
pub(super) fn from_der(
    chain: Vec<CertificateDer<'static>>,
    mut key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<Arc<dyn ResolvesClientCert>, Error> {
    if chain.is_empty() {
        key.zeroize();
        return Err(unusable(READING, "there is no certificate"));
    }
    match CertifiedKey::from_der(chain, key, provider) {
        Ok(certified) => Ok(Arc::new(SingleCertAndKey::from(certified))),
        Err(error) => Err(unusable(READING, what(&error)).with_source(error)),
    }
}

fn what(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            "the private key does not belong to the first certificate".to_owned()
        }
        rustls::Error::InvalidCertificate(_) => {
            format!("the first certificate cannot be used: {error}")
        }
        error => format!("the private key cannot be used: {error}"),
    }
}

/// The same, from PEM texts. Both may be the same text, with the certificates and the key in it.
pub(super) fn from_pem(
    chain_pem: &[u8],
    key_pem: &[u8],
    provider: &CryptoProvider,
) -> Result<Arc<dyn ResolvesClientCert>, Error> {
    let chain = CertificateDer::pem_slice_iter(chain_pem)
        .collect::<Result<Vec<CertificateDer<'static>>, _>>()
        .map_err(|error| unusable(READING, format_args!("the certificates: {error}")))?;
    // The reason is said without what stands there: it may be part of the key.
    let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|error| {
        let what = match error {
            _ if is_encrypted(key_pem) => {
                "the private key is encrypted: decrypt it first, for example by `openssl pkey`"
            }
            pem::Error::NoItemsFound => "there is no private key in this PEM",
            _ => "the private key's PEM cannot be read",
        };
        unusable(READING, what)
    })?;
    from_der(chain, key, provider)
}

/// By PKCS #8's own label (RFC 7468 section 11), or by the header of older files (RFC 1421 section 4.6.1.1).
fn is_encrypted(pem: &[u8]) -> bool {
    let has = |text: &[u8]| pem.windows(text.len()).any(|part| part == text);
    has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"Proc-Type: 4,ENCRYPTED")
}
