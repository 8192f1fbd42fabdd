//! How to log in, and what that takes.

use clap::ValueEnum;
use pop3_std::{Authentication, MechanismKind};

/// `--auth`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// The strongest way that the server offers, but never APOP; the password goes in clear only with --tls none
    Auto,
    /// USER and PASS: the password is sent
    User,
    /// AUTH PLAIN: the password is sent
    Plain,
    /// AUTH LOGIN: the password is sent
    Login,
    /// AUTH CRAM-MD5: the password itself is not sent
    CramMd5,
    /// AUTH SCRAM-SHA-1: the password is not sent, and the server proves that it knows it
    #[value(name = "scram-sha-1")]
    ScramSha1,
    /// AUTH SCRAM-SHA-256
    #[value(name = "scram-sha-256")]
    ScramSha256,
    /// AUTH SCRAM-SHA-512
    #[value(name = "scram-sha-512")]
    ScramSha512,
    /// The same, tied to the TLS connection: nobody can sit in between
    #[value(name = "scram-sha-1-plus")]
    ScramSha1Plus,
    /// The same, tied to the TLS connection
    #[value(name = "scram-sha-256-plus")]
    ScramSha256Plus,
    /// The same, tied to the TLS connection
    #[value(name = "scram-sha-512-plus")]
    ScramSha512Plus,
    /// AUTH XOAUTH2, with --token-file
    Xoauth2,
    /// AUTH OAUTHBEARER, with --token-file
    Oauthbearer,
    /// AUTH EXTERNAL, with --client-cert: no password
    External,
    /// AUTH ANONYMOUS: no password
    Anonymous,
    /// APOP or nothing: the password itself is not sent
    Apop,
    /// APOP, or else USER and PASS: who is on the way can force the latter
    ApopOrUser,
}

/// What proves who the user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    Password,
    Token,
    /// A client certificate.
    External,
    /// Nothing.
    Anonymous,
}

impl Auth {
    /// What this means for a log-in. APOP is never tried unasked: its MD5 is weak, and there are servers that offer it and
    /// refuse everybody.
    pub const fn authentication(self) -> Authentication {
        Authentication::Mechanism(match self {
            Self::Auto => return Authentication::Auto,
            Self::User => return Authentication::UserPass,
            Self::Apop => return Authentication::ApopOnly,
            Self::ApopOrUser => return Authentication::ApopThenUserPass,
            Self::Plain => MechanismKind::Plain,
            Self::Login => MechanismKind::Login,
            Self::CramMd5 => MechanismKind::CramMd5,
            Self::ScramSha1 => MechanismKind::ScramSha1,
            Self::ScramSha256 => MechanismKind::ScramSha256,
            Self::ScramSha512 => MechanismKind::ScramSha512,
            Self::ScramSha1Plus => MechanismKind::ScramSha1Plus,
            Self::ScramSha256Plus => MechanismKind::ScramSha256Plus,
            Self::ScramSha512Plus => MechanismKind::ScramSha512Plus,
            Self::Xoauth2 => MechanismKind::Xoauth2,
            Self::Oauthbearer => MechanismKind::Oauthbearer,
            Self::External => MechanismKind::External,
            Self::Anonymous => MechanismKind::Anonymous,
        })
    }

    /// What it takes. With [`Auth::Auto`] a token is one if there is one.
    pub const fn proof(self, token: bool) -> Proof {
        match self {
            Self::Auto if token => Proof::Token,
            Self::Xoauth2 | Self::Oauthbearer => Proof::Token,
            Self::External => Proof::External,
            Self::Anonymous => Proof::Anonymous,
            _ => Proof::Password,
        }
    }

    /// By what stands behind `;AUTH=` in a URL (RFC 2384 section 4).
    pub fn from_url(value: &[u8]) -> Option<Self> {
        match value.to_ascii_uppercase().as_slice() {
            b"*" => Some(Self::Auto),
            // RFC 2384 writes it with a plus, since it is no SASL mechanism. Many people do not.
            b"+APOP" | b"APOP" => Some(Self::Apop),
            name => {
                let kind = Authentication::Mechanism(MechanismKind::from_name(name)?);
                let mut all = Self::value_variants().iter().copied();
                all.find(|auth| auth.authentication() == kind)
            }
        }
    }
}
