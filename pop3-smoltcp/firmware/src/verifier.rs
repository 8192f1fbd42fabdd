//! Whether the server is the one that was asked for: embedded-tls's own verifier, and what it does not ask.
//!
//! Of itself, embedded-tls 0.19 takes a handshake for complete in which the server has shown no certificate at all; panics if the
//! signature comes before the certificate; and lets every holder of a certificate sign others, since it does not look whether
//! that is one of an authority. So the order is kept here, and the certificate has to be signed by the one that was
//! given, with none in between.

use embedded_tls::pki::CertVerifier;
use embedded_tls::{
    Aes128GcmSha256, Certificate, CertificateRef, CertificateVerifyRef, CryptoProvider,
    CryptoRngCore, TlsCipherSuite, TlsClock, TlsError, TlsVerifier,
};
use semihosting::experimental::time::SystemTime;

use crate::toy::ToyRandom;

/// The suite that every server with TLS 1.3 has (RFC 8446 section 9.1).
pub(crate) type Suite = Aes128GcmSha256;

/// All certificates that a server shows have to fit into so many octets.
const CERTIFICATES: usize = 2048;

type Transcript = <Suite as TlsCipherSuite>::Hash;

/// What TLS asks for: random numbers, and a judgement of the server.
pub(crate) struct Provider<'a> {
    random: ToyRandom,
    verifier: Verifier<'a>,
}

impl<'a> Provider<'a> {
    /// Trusts the servers whose certificates are signed with the key of this one, which is in DER.
    pub(crate) fn new(authority: &'a [u8]) -> Self {
        Self {
            random: ToyRandom,
            verifier: Verifier {
                certificates: CertVerifier::new(Certificate::X509(authority)),
                shown: Shown::Nothing,
            },
        }
    }

    /// To be asked when the handshake is complete.
    ///
    /// # Errors
    ///
    /// The server has not shown who it is.
    pub(crate) fn proved(&self) -> Result<(), TlsError> {
        match self.verifier.shown {
            Shown::Signature => Ok(()),
            Shown::Nothing | Shown::Certificate => Err(TlsError::InvalidCertificate),
        }
    }
}

impl CryptoProvider for Provider<'_> {
    type CipherSuite = Suite;
    // Of a client's certificate, of which there is none.
    type Signature = [u8; 0];

    fn rng(&mut self) -> impl CryptoRngCore {
        &mut self.random
    }

    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<Suite>, TlsError> {
        Ok(&mut self.verifier)
    }
}

struct Verifier<'a> {
    certificates: CertVerifier<'a, Suite, DebuggersClock, CERTIFICATES>,
    shown: Shown,
}

/// What the server has shown, and it was right.
enum Shown {
    Nothing,
    /// Whom the certificate is for.
    Certificate,
    /// That it has the key to it.
    Signature,
}

impl TlsVerifier<Suite> for Verifier<'_> {
    fn set_hostname_verification(&mut self, name: &str) -> Result<(), TlsError> {
        TlsVerifier::<Suite>::set_hostname_verification(&mut self.certificates, name)
    }

    fn verify_certificate(
        &mut self,
        transcript: &Transcript,
        mut chain: CertificateRef<'_>,
    ) -> Result<(), TlsError> {
        let Shown::Nothing = self.shown else {
            return Err(TlsError::InvalidHandshake);
        };
        // The server's own comes first (RFC 8446 section 4.4.2).
        chain.entries.truncate(1);
        self.certificates.verify_certificate(transcript, chain)?;
        self.shown = Shown::Certificate;
        Ok(())
    }

    fn verify_signature(&mut self, signature: CertificateVerifyRef<'_>) -> Result<(), TlsError> {
        let Shown::Certificate = self.shown else {
            return Err(TlsError::InvalidHandshake);
        };
        TlsVerifier::<Suite>::verify_signature(&mut self.certificates, signature)?;
        self.shown = Shown::Signature;
        Ok(())
    }
}

/// The date by the clock of the debugger's machine.
struct DebuggersClock;

impl TlsClock for DebuggersClock {
    fn now() -> Option<u64> {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // Without a date, certificates have no end: then better that none is valid.
        Some(since.map_or(0, |since| since.as_secs()))
    }
}
