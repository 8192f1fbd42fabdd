//! Why TLS failed, for programs.

use std::fmt;
use std::io;

use rustls::{AlertDescription as Alert, CertificateError, InvalidMessage, PeerMisbehaved};

use super::advice;

/// Why TLS failed: see [`Error::tls_failure`](crate::Error::tls_failure).
///
/// Whoever can change what is on the way to the server can cause any of these. None is a reason to go on in clear, or to
/// trust whatever certificate comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsFailure {
    /// The server's certificate is from an issuer that is not trusted. If the server is to be trusted, its CA's certificate
    /// can be added as a root ([`Connector::add_root`](crate::Connector::add_root)).
    UntrustedIssuer,
    /// The server's certificate is for other names than the host's, or the server says that it has none for it.
    WrongName,
    /// The server's certificate is valid no longer, by this machine's clock.
    Expired,
    /// The server's certificate is not valid yet, by this machine's clock.
    NotYetValid,
    /// The server's certificate has been revoked.
    Revoked,
    /// The server showed a CA's own certificate, as many that are made by hand are. That is not accepted even where it is
    /// trusted as a root.
    CaCertificate,
    /// A signature is wrong: the certificate's, or that by which the server proves that it has the certificate's key.
    BadSignature,
    /// The server does not speak TLS on this port, or not at this point.
    NotTls,
    /// The server and the client have no version of TLS, cipher suite, or other such thing in common.
    Incompatible,
    /// The server wants a client certificate, and it was given none
    /// ([`Connector::client_certificate`](crate::Connector::client_certificate)).
    ClientCertificateRequired,
    /// The server did not accept the client certificate.
    ClientCertificateRefused,
    /// The server insists on another application protocol than `pop3`
    /// ([`Connector::alpn`](crate::Connector::alpn)).
    Alpn,
    /// The server closed the connection within the handshake.
    Closed,
    /// The handshake was not complete within [`Timeouts::read`](crate::Timeouts::read).
    TimedOut,
    /// The platform has no root certificates, and none was added.
    NoRoots,
    /// Another reason, which the error's text tells.
    Other,
}

/// What is known of a connection when TLS fails on it.
#[derive(Clone, Copy)]
pub(crate) struct Situation {
    /// The server has answered, so it speaks TLS.
    pub(crate) answered: bool,
    /// The server may have looked for the client certificate, and has agreed to all else: with TLS 1.2 since it answered, with
    /// TLS 1.3 not before the client's part of the handshake is over.
    pub(crate) looked: bool,
    /// There is a client certificate to show.
    pub(crate) has_certificate: bool,
}

/// A [`rustls::Error`], and what it means.
#[derive(Debug)]
struct Explained {
    failure: TlsFailure,
    what: String,
    cause: rustls::Error,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Explained {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// Adds to an error of a TLS stream what it means. One that is the transport's stays as it is.
pub(crate) fn explain(error: io::Error, situation: Situation) -> io::Error {
    let kind = error.kind();
    match error.downcast::<rustls::Error>() {
        Ok(cause) => {
            let failure = failure(&cause, situation);
            let what = advice::text(failure, &cause);
            io::Error::new(
                kind,
                Explained {
                    failure,
                    what,
                    cause,
                },
            )
        }
        Err(error) => error,
    }
}

/// What an explained error means; `None`: it is the transport's.
pub(crate) fn explained(error: &io::Error) -> Option<TlsFailure> {
    let explained: &Explained = error.get_ref()?.downcast_ref()?;
    Some(explained.failure)
}

fn failure(cause: &rustls::Error, situation: Situation) -> TlsFailure {
    match cause {
        rustls::Error::InvalidCertificate(error) => certificate_failure(error),
        rustls::Error::AlertReceived(alert) => alert_failure(*alert, situation),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)
            if !situation.answered =>
        {
            TlsFailure::NotTls
        }
        rustls::Error::PeerIncompatible(_) => TlsFailure::Incompatible,
        rustls::Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
            TlsFailure::Alpn
        }
        _ => TlsFailure::Other,
    }
}

fn certificate_failure(error: &CertificateError) -> TlsFailure {
    match error {
        CertificateError::UnknownIssuer => TlsFailure::UntrustedIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFailure::WrongName
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFailure::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFailure::NotYetValid
        }
        CertificateError::Revoked => TlsFailure::Revoked,
        CertificateError::BadSignature => TlsFailure::BadSignature,
        CertificateError::Other(other) => match other.0.downcast_ref() {
            Some(webpki::Error::CaUsedAsEndEntity) => TlsFailure::CaCertificate,
            _ => TlsFailure::Other,
        },
        _ => TlsFailure::Other,
    }
}

/// RFC 8446 section 6.2, and for TLS 1.2 what servers make of RFC 5246 section 7.2.2.
fn alert_failure(alert: Alert, situation: Situation) -> TlsFailure {
    match alert {
        Alert::NoApplicationProtocol => TlsFailure::Alpn,
        Alert::UnrecognisedName => TlsFailure::WrongName,
        Alert::ProtocolVersion | Alert::InsufficientSecurity => TlsFailure::Incompatible,
        Alert::HandshakeFailure if !situation.looked => TlsFailure::Incompatible,
        Alert::CertificateRequired => TlsFailure::ClientCertificateRequired,
        // TLS 1.2 has no alert of its own for a certificate that is missing.
        Alert::HandshakeFailure
        | Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied
            if situation.looked =>
        {
            match situation.has_certificate {
                true => TlsFailure::ClientCertificateRefused,
                false => TlsFailure::ClientCertificateRequired,
            }
        }
        _ => TlsFailure::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use super::{Alert, Situation, TlsFailure, alert_failure, explain, explained};

    /// Before the server answers; within a handshake of TLS 1.3; after either, without and with a certificate.
    const SITUATIONS: [Situation; 4] = [
        situation(false, false, true),
        situation(true, false, true),
        situation(true, true, false),
        situation(true, true, true),
    ];

    const fn situation(answered: bool, looked: bool, has_certificate: bool) -> Situation {
        Situation {
            answered,
            looked,
            has_certificate,
        }
    }

    #[test]
    fn an_alert_means_what_it_can_mean_by_then() {
        use TlsFailure::{
            Alpn, ClientCertificateRefused as Refused, ClientCertificateRequired as Required,
            Incompatible, Other, WrongName,
        };
        for (alert, expected) in [
            (
                Alert::HandshakeFailure,
                [Incompatible, Incompatible, Required, Refused],
            ),
            (Alert::ProtocolVersion, [Incompatible; 4]),
            (Alert::InsufficientSecurity, [Incompatible; 4]),
            (Alert::NoApplicationProtocol, [Alpn; 4]),
            (Alert::UnrecognisedName, [WrongName; 4]),
            (Alert::CertificateRequired, [Required; 4]),
            (Alert::BadCertificate, [Other, Other, Required, Refused]),
            (
                Alert::UnsupportedCertificate,
                [Other, Other, Required, Refused],
            ),
            (Alert::CertificateRevoked, [Other, Other, Required, Refused]),
            (Alert::CertificateExpired, [Other, Other, Required, Refused]),
            (Alert::CertificateUnknown, [Other, Other, Required, Refused]),
            (Alert::UnknownCA, [Other, Other, Required, Refused]),
            (Alert::AccessDenied, [Other, Other, Required, Refused]),
            (Alert::InternalError, [Other; 4]),
            (Alert::DecryptError, [Other; 4]),
            (Alert::Unknown(200), [Other; 4]),
        ] {
            let found = SITUATIONS.map(|situation| alert_failure(alert, situation));
            assert_eq!(found, expected, "{alert:?}");
        }
    }

    #[test]
    fn an_error_of_the_transport_stays_what_it_is() {
        for error in [
            io::Error::from(io::ErrorKind::ConnectionReset),
            io::Error::new(io::ErrorKind::TimedOut, "late"),
            io::Error::from_raw_os_error(1),
        ] {
            let (kind, text) = (error.kind(), error.to_string());
            let error = explain(error, SITUATIONS[2]);
            assert_eq!((error.kind(), error.to_string()), (kind, text));
            assert_eq!(explained(&error), None);
        }
        let cause = rustls::Error::AlertReceived(Alert::InternalError);
        let error = io::Error::new(io::ErrorKind::InvalidData, cause.clone());
        let error = explain(error, SITUATIONS[2]);
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert_eq!(explained(&error), Some(TlsFailure::Other));
        assert_eq!(error.source().unwrap().downcast_ref(), Some(&cause));
    }
}
