//! Whom to trust, who to be, and what TLS says of itself.

mod advice;
mod channel_binding;
mod client_certificate;
mod failure;
mod provider;

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use crate::error::{Error, ErrorKind};

pub(crate) use channel_binding::{ChannelBinding, of as channel_binding};
pub use failure::TlsFailure;
pub(crate) use failure::{Situation, explain, explained};

const PREPARING: &str = "preparing TLS";

/// POP3's name among the application protocols, as IANA has registered it (RFC 7301 section 6).
const ALPN_POP3: &[u8] = b"pop3";

/// What TLS needs to know, made into a [`ClientConfig`] when it is first needed: reading the platform's roots takes
/// time, and a connection in clear needs none. Clones share it, and with it the sessions that can be resumed, until one of
/// them is told something else.
#[derive(Clone)]
pub(crate) struct TlsSettings {
    roots: Vec<CertificateDer<'static>>,
    client: Option<Arc<dyn ResolvesClientCert>>,
    alpn: bool,
    #[cfg(feature = "key-log")]
    key_log: bool,
    /// The caller's own, used as it is.
    given: Option<Arc<ClientConfig>>,
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            client: None,
            alpn: true,
            #[cfg(feature = "key-log")]
            key_log: false,
            given: None,
            config: Arc::default(),
        }
    }
}

impl TlsSettings {
    /// What was made of the earlier settings is for them, and so is what was learnt with it: a session that was resumed
    /// would have been trusted for other reasons.
    fn change(&mut self) -> &mut Self {
        self.config = Arc::default();
        self
    }

    pub(crate) fn add_root(&mut self, certificate: CertificateDer<'static>) {
        self.change().roots.push(certificate);
    }

    pub(crate) fn add_root_pem(&mut self, pem: &[u8]) -> Result<(), Error> {
        const READING: &str = "reading the root certificates";
        let roots = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<CertificateDer<'static>>, _>>()
            .map_err(|error| unusable(READING, error))?;
        if roots.is_empty() {
            return Err(unusable(READING, "there is no certificate in this PEM"));
        }
        for root in roots {
            RootCertStore::empty()
                .add(root.clone())
                .map_err(|error| unusable(READING, error))?;
            self.add_root(root);
        }
        Ok(())
    }

    pub(crate) fn client_certificate(
        &mut self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<(), Error> {
        let client = client_certificate::from_der(chain, key, &*provider::provider()?)?;
        self.change().client = Some(client);
        Ok(())
    }

    pub(crate) fn client_certificate_pem(
        &mut self,
        chain_pem: &[u8],
        key_pem: &[u8],
    ) -> Result<(), Error> {
        let client = client_certificate::from_pem(chain_pem, key_pem, &*provider::provider()?)?;
        self.change().client = Some(client);
        Ok(())
    }

    pub(crate) fn alpn(&mut self, offer: bool) {
        self.change().alpn = offer;
    }

    #[cfg(feature = "key-log")]
    pub(crate) fn key_log(&mut self, write: bool) {
        self.change().key_log = write;
    }

    pub(crate) fn use_config(&mut self, config: Arc<ClientConfig>) {
        self.given = Some(config);
    }

    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        if let Some(given) = &self.given {
            return match self.beside_a_config() {
                None => Ok(given.clone()),
                Some(what) => Err(unusable(
                    PREPARING,
                    format_args!(
                        "a TLS configuration of your own is used as it is: {what} must be part of it"
                    ),
                )),
            };
        }
        if let Some(config) = self.config.get() {
            return Ok(config.clone());
        }
        let config = self.build()?;
        Ok(self.config.get_or_init(|| Arc::new(config)).clone())
    }

    /// What a configuration of the caller's own would silently leave out.
    fn beside_a_config(&self) -> Option<&'static str> {
        if !self.roots.is_empty() {
            return Some("root certificates");
        }
        if self.client.is_some() {
            return Some("a client certificate");
        }
        if !self.alpn {
            return Some("its ALPN protocols");
        }
        #[cfg(feature = "key-log")]
        if self.key_log {
            return Some("a key log");
        }
        None
    }

    fn build(&self) -> Result<ClientConfig, Error> {
        if cfg!(target_os = "android") && !self.roots.is_empty() {
            let what = "on Android, root certificates are added by a TLS configuration";
            return Err(unusable(PREPARING, what));
        }
        let provider = provider::provider()?;
        let verifier = self.verifier(&provider).map_err(|error| match error {
            rustls::Error::InvalidCertificate(_) => {
                unusable(PREPARING, format_args!("a root certificate: {error}")).with_source(error)
            }
            _ => Error::new(
                ErrorKind::Tls,
                PREPARING,
                format_args!("{error}; install them, or add a root certificate"),
            )
            .with_tls_failure(TlsFailure::NoRoots)
            .with_source(error),
        })?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(PREPARING, &error).with_source(error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match &self.client {
            Some(client) => builder.with_client_cert_resolver(client.clone()),
            None => builder.with_no_client_auth(),
        };
        if self.alpn {
            config.alpn_protocols = vec![ALPN_POP3.to_vec()];
        }
        #[cfg(feature = "key-log")]
        if self.key_log {
            config.key_log = Arc::new(rustls::KeyLogFile::new());
        }
        Ok(config)
    }

    /// The platform's own verifier. Where it has no roots, those that were added are enough.
    #[cfg(not(target_os = "android"))]
    fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
        rustls_platform_verifier::Verifier::new_with_extra_roots(
            self.roots.iter().cloned(),
            provider.clone(),
        )
        .map(|verifier| Arc::new(verifier) as Arc<dyn ServerCertVerifier>)
    }

    /// Android's takes no further roots.
    #[cfg(target_os = "android")]
    fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
        rustls_platform_verifier::Verifier::new(provider.clone())
            .map(|verifier| Arc::new(verifier) as Arc<dyn ServerCertVerifier>)
    }
}

impl fmt::Debug for TlsSettings {
    /// Without the certificates, which nobody can read, and without the key, which nobody may.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TlsSettings");
        shown
            .field("added_roots", &self.roots.len())
            .field("client_certificate", &self.client.is_some())
            .field("alpn", &self.alpn);
        #[cfg(feature = "key-log")]
        shown.field("key_log", &self.key_log);
        shown.field("own_config", &self.given.is_some()).finish()
    }
}

/// What the caller gave is of no use.
fn unusable(doing: &str, what: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Usage, doing, what)
}

/// The name that the certificate must be for.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(host.to_owned()).map_err(|error| {
        let what = format!("{host:?} is neither an ASCII host name nor an IP address");
        unusable(PREPARING, what).with_source(error)
    })
}
