//! Why TLS failed, for people, and what they can do about it: on one line.

use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use super::TlsFailure;

/// What happened, and what can be done about it.
pub(super) fn text(failure: TlsFailure, cause: &rustls::Error) -> String {
    let text = match failure {
        TlsFailure::UntrustedIssuer => {
            "the server's certificate is from an issuer that is not trusted; if this server is to be trusted, add its CA's \
             certificate as a root"
        }
        TlsFailure::WrongName => return wrong_name(cause),
        TlsFailure::Expired => return expired(cause),
        TlsFailure::NotYetValid => return not_yet_valid(cause),
        TlsFailure::Revoked => {
            "the server's certificate has been revoked; the server's operator has to replace it"
        }
        TlsFailure::CaCertificate => {
            "the server's certificate is a CA's own, which proves nothing even where it is a trusted root; the server needs \
             a certificate of its own, which that CA may issue"
        }
        TlsFailure::BadSignature => {
            "the server's certificate, or its proof to have the key, has a wrong signature; another CA of the same name \
             may be among the roots, or somebody is in between"
        }
        TlsFailure::NotTls => {
            "the server speaks no TLS here; is it the right port, and if so, should TLS begin at once, after STLS, or not \
             at all?"
        }
        TlsFailure::Incompatible => {
            return format!(
                "the server and this client have no way of doing TLS in common ({cause}); the server needs TLS 1.2 or \
                 1.3 with current cipher suites"
            );
        }
        TlsFailure::ClientCertificateRequired => {
            return format!(
                "the server wants a client certificate ({cause}); give the connector one"
            );
        }
        TlsFailure::ClientCertificateRefused => {
            return format!(
                "the server refused the client certificate ({cause}); it may have expired, or be from an issuer that this \
                 server does not know"
            );
        }
        TlsFailure::Alpn => {
            "the server insists on another application protocol than `pop3` (ALPN); if it speaks POP3 all the same, turn \
             ALPN off"
        }
        _ => return cause.to_string(),
    };
    text.to_owned()
}

fn wrong_name(cause: &rustls::Error) -> String {
    match cause {
        rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            expected,
            presented,
        }) => format!(
            "the server's certificate is for {}, not for {}; if it is the right server, use a name that it is for",
            names(presented),
            expected.to_str()
        ),
        rustls::Error::AlertReceived(_) => {
            "the server has no certificate for this name; if it is the right server, use another of its names".to_owned()
        }
        _ => "the server's certificate is for another name; if it is the right server, use a name that it is for".to_owned(),
    }
}

/// How many of a certificate's names are shown.
const NAMES: usize = 4;
/// How many characters of each: as many as a name in the DNS has at most.
const NAME: usize = 253;

/// rustls gives them as `DnsName("pop.example.org")` and `IpAddress(192.0.2.1)`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| -> String {
        let inner = name.split_once('(').map(|(_, inner)| inner);
        let inner = inner.and_then(|inner| inner.strip_suffix(')'));
        let inner = inner.unwrap_or(name).trim_matches('"');
        inner.chars().take(NAME).collect()
    };
    let shown: Vec<String> = presented.iter().take(NAMES).map(bare).collect();
    match presented.len().saturating_sub(NAMES) {
        _ if shown.is_empty() => "no host at all".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn expired(cause: &rustls::Error) -> String {
    let since = match cause {
        rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { time, not_after }) => {
            format!(" {} ago", span(*not_after, *time))
        }
        _ => String::new(),
    };
    format!(
        "the server's certificate expired{since}, by this machine's clock; the server's operator has to renew it"
    )
}

fn not_yet_valid(cause: &rustls::Error) -> String {
    let until = match cause {
        rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext {
            time,
            not_before,
        }) => format!(" for another {}", span(*time, *not_before)),
        _ => String::new(),
    };
    format!(
        "the server's certificate is not valid{until}, by this machine's clock; is the clock right?"
    )
}

fn span(from: UnixTime, to: UnixTime) -> String {
    let hours = to.as_secs().saturating_sub(from.as_secs()) / (60 * 60);
    match hours {
        0 => "less than an hour".to_owned(),
        1..48 => format!("{hours} h"),
        _ => format!("{} days", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::AlertDescription;
    use rustls::pki_types::{ServerName, UnixTime};

    use super::{CertificateError, NAME, TlsFailure, names, span, text};

    fn seconds(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    #[test]
    fn times_are_said_in_what_people_count_in() {
        const HOUR: u64 = 60 * 60;
        for (time, said) in [
            (0, "less than an hour"),
            (HOUR - 1, "less than an hour"),
            (HOUR, "1 h"),
            (48 * HOUR - 1, "47 h"),
            (48 * HOUR, "2 days"),
            (1000 * 24 * HOUR, "1000 days"),
        ] {
            assert_eq!(span(seconds(5), seconds(5 + time)), said);
        }
        assert_eq!(span(seconds(5), seconds(0)), "less than an hour");
    }

    #[test]
    fn names_are_cut_where_there_are_many_and_where_they_are_long() {
        let long = format!("DnsName(\"{}\")", "ü".repeat(60_000));
        assert_eq!(names(&[long]), "ü".repeat(NAME));
        assert_eq!(
            names(&vec!["IpAddress(::1)".to_owned(); 10_000]),
            "::1, ::1, ::1, ::1 and 9996 more"
        );
        // However else rustls may give them one day.
        for name in ["", "(", ")", "\"", "()", "pop.example.org", "Other(x"] {
            names(&[name.to_owned()]);
        }
        assert_eq!(names(&["pop.example.org".to_owned()]), "pop.example.org");
    }

    /// The verifiers of some platforms tell no more than that.
    #[test]
    fn what_is_not_known_is_left_out() {
        for (failure, error, begin) in [
            (
                TlsFailure::WrongName,
                CertificateError::NotValidForName,
                "the server's certificate is for another name; ",
            ),
            (
                TlsFailure::Expired,
                CertificateError::Expired,
                "the server's certificate expired, by this machine's clock; ",
            ),
            (
                TlsFailure::NotYetValid,
                CertificateError::NotValidYet,
                "the server's certificate is not valid, by this machine's clock; ",
            ),
        ] {
            let said = text(failure, &rustls::Error::InvalidCertificate(error));
            assert!(said.starts_with(begin), "{said}");
        }
    }

    #[test]
    fn whatever_it_is_it_is_said_and_on_one_line() {
        let causes = [
            rustls::Error::AlertReceived(AlertDescription::Unknown(255)),
            rustls::Error::General("text".to_owned()),
            rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext {
                expected: ServerName::try_from("localhost").unwrap(),
                presented: Vec::new(),
            }),
        ];
        use TlsFailure::*;
        for cause in &causes {
            for failure in [
                UntrustedIssuer,
                WrongName,
                Expired,
                NotYetValid,
                Revoked,
                CaCertificate,
                BadSignature,
                NotTls,
                Incompatible,
                ClientCertificateRequired,
                ClientCertificateRefused,
                Alpn,
                Other,
            ] {
                let said = text(failure, cause);
                assert!(!said.is_empty() && !said.contains(['\n', '\r']), "{said}");
                assert!(!said.contains("  "), "{said}");
            }
        }
    }
}
