//! Whom to trust.

mod advice;
mod channel_binding;
mod failure;

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use crate::error::{Error, ErrorKind};

pub(crate) use channel_binding::{ChannelBinding, of as channel_binding};
pub use failure::TlsFailure;
pub(crate) use failure::{Situation, explain, explained};

/// What TLS needs to know, made into a [`ClientConfig`] when it is first needed: reading the platform's roots takes
/// time, and a connection in clear needs none. Clones share it, and with it the sessions that can be resumed.
#[derive(Clone, Default)]
pub(crate) struct TlsSettings {
    roots: Vec<CertificateDer<'static>>,
    /// The caller's own, used as it is.
    given: Option<Arc<ClientConfig>>,
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl TlsSettings {
    pub(crate) fn add_root(&mut self, certificate: CertificateDer<'static>) {
        self.roots.push(certificate);
        self.config = Arc::default();
    }

    pub(crate) fn add_root_pem(&mut self, pem: &[u8]) -> Result<(), Error> {
        let unusable =
            |what: String| Error::new(ErrorKind::Usage, "reading the root certificates", what);
        let roots = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<CertificateDer<'static>>, _>>()
            .map_err(|error| unusable(error.to_string()))?;
        if roots.is_empty() {
            return Err(unusable("there is no certificate in this PEM".to_owned()));
        }
        for root in roots {
            RootCertStore::empty()
                .add(root.clone())
                .map_err(|error| unusable(error.to_string()))?;
            self.add_root(root);
        }
        Ok(())
    }

    pub(crate) fn use_config(&mut self, config: Arc<ClientConfig>) {
        self.given = Some(config);
    }

    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        if self.given.is_some() && !self.roots.is_empty() {
            return Err(Error::new(
                ErrorKind::Usage,
                "preparing TLS",
                "a TLS configuration of one's own is used as it is: add the root certificates to that",
            ));
        }
        if let Some(config) = self.given.as_ref().or(self.config.get()) {
            return Ok(config.clone());
        }
        let config = self.build().map_err(|error| {
            let what = format!("{error}; install them, or add a root certificate");
            Error::new(ErrorKind::Tls, "preparing TLS", what)
                .with_tls_failure(TlsFailure::NoRoots)
                .with_source(error)
        })?;
        Ok(self.config.get_or_init(|| Arc::new(config)).clone())
    }

    fn build(&self) -> Result<ClientConfig, rustls::Error> {
        // Named, because the process's default may be missing, or be set by somebody else to something else.
        let provider = Arc::new(ring::default_provider());
        let verifier = self.verifier(&provider)?;
        Ok(ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth())
    }

    /// The platform's own verifier. Where it has no roots, those that were added are enough.
    #[cfg(not(target_os = "android"))]
    fn verifier(
        &self,
        provider: &Arc<rustls::crypto::CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
        rustls_platform_verifier::Verifier::new_with_extra_roots(
            self.roots.iter().cloned(),
            provider.clone(),
        )
        .map(|verifier| Arc::new(verifier) as Arc<dyn ServerCertVerifier>)
    }

    /// Android's verifier takes no further roots.
    #[cfg(target_os = "android")]
    fn verifier(
        &self,
        provider: &Arc<rustls::crypto::CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
        if !self.roots.is_empty() {
            return Err(rustls::Error::General(
                "on Android, root certificates are added by a TLS configuration".to_owned(),
            ));
        }
        rustls_platform_verifier::Verifier::new(provider.clone())
            .map(|verifier| Arc::new(verifier) as Arc<dyn ServerCertVerifier>)
    }
}

impl fmt::Debug for TlsSettings {
    /// Without the certificates themselves, which nobody can read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings")
            .field("added_roots", &self.roots.len())
            .field("own_config", &self.given.is_some())
            .finish()
    }
}

/// The name that the certificate must be for.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(host.to_owned()).map_err(|error| {
        let what = format!("{host:?} is neither an ASCII host name nor an IP address");
        Error::new(ErrorKind::Usage, "preparing TLS", what).with_source(error)
    })
}
