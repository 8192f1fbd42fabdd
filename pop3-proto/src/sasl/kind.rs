//! The mechanisms that this crate knows by name.

use core::fmt;

use crate::capability::Mechanisms;
use crate::features::SASL;

/// A SASL mechanism of this crate.
///
/// Each is known by name, whichever features are on; [`is_available`](Self::is_available) tells whether it can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum MechanismKind {
    /// `PLAIN` (RFC 4616): the password as it is.
    Plain,
    /// `LOGIN`: the password as it is, in two steps. No RFC, but many servers.
    Login,
    /// `EXTERNAL` (RFC 4422 appendix A): what TLS has shown, a client certificate.
    External,
    /// `ANONYMOUS` (RFC 4505): nobody in particular.
    Anonymous,
    /// `CRAM-MD5` (RFC 2195): the password is not sent, but whoever overhears it can try passwords at leisure.
    CramMd5,
    /// `SCRAM-SHA-1` (RFC 5802): the password is not sent, and the server proves that it knows it.
    ScramSha1,
    /// `SCRAM-SHA-1-PLUS` (RFC 5802): bound to the TLS connection as well, so that nobody can sit in between.
    ScramSha1Plus,
    /// `SCRAM-SHA-256` (RFC 7677).
    ScramSha256,
    /// `SCRAM-SHA-256-PLUS` (RFC 7677).
    ScramSha256Plus,
    /// `SCRAM-SHA-512`.
    ScramSha512,
    /// `SCRAM-SHA-512-PLUS`.
    ScramSha512Plus,
    /// `XOAUTH2`: a bearer token, the older form. No RFC, but large servers.
    Xoauth2,
    /// `OAUTHBEARER` (RFC 7628): a bearer token.
    Oauthbearer,
}

impl MechanismKind {
    /// Every kind there is.
    pub const ALL: &'static [Self] = &[
        Self::Plain,
        Self::Login,
        Self::External,
        Self::Anonymous,
        Self::CramMd5,
        Self::ScramSha1,
        Self::ScramSha1Plus,
        Self::ScramSha256,
        Self::ScramSha256Plus,
        Self::ScramSha512,
        Self::ScramSha512Plus,
        Self::Xoauth2,
        Self::Oauthbearer,
    ];

    /// Its name, as it is announced and as it is sent.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::External => "EXTERNAL",
            Self::Anonymous => "ANONYMOUS",
            Self::CramMd5 => "CRAM-MD5",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::ScramSha512Plus => "SCRAM-SHA-512-PLUS",
            Self::Xoauth2 => "XOAUTH2",
            Self::Oauthbearer => "OAUTHBEARER",
        }
    }

    /// The mechanism of this name, in any case of letters.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| name.eq_ignore_ascii_case(kind.name().as_bytes()))
    }

    /// Whether the crate was built with what it needs.
    #[allow(
        clippy::match_like_matches_macro,
        reason = "so it looks without any feature"
    )]
    pub const fn is_available(self) -> bool {
        SASL && match self {
            Self::CramMd5 => cfg!(feature = "cram-md5"),
            Self::ScramSha1 | Self::ScramSha1Plus => cfg!(feature = "scram-sha-1"),
            Self::ScramSha256 | Self::ScramSha256Plus => cfg!(feature = "scram-sha-256"),
            Self::ScramSha512 | Self::ScramSha512Plus => cfg!(feature = "scram-sha-512"),
            _ => true,
        }
    }

    /// Whether it is one of the SCRAM family.
    pub const fn is_scram(self) -> bool {
        matches!(
            self,
            Self::ScramSha1 | Self::ScramSha256 | Self::ScramSha512
        ) || self.binds_channel()
    }

    /// Whether it binds the log-in to the TLS connection: its name ends in `-PLUS`.
    pub const fn binds_channel(self) -> bool {
        matches!(
            self,
            Self::ScramSha1Plus | Self::ScramSha256Plus | Self::ScramSha512Plus
        )
    }
}

impl fmt::Display for MechanismKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which of the mechanisms that this crate knows a server announced.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct MechanismSet(u16);

impl MechanismSet {
    /// Whether it was announced.
    pub const fn contains(self, kind: MechanismKind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    /// Whether none was.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// One by one.
    pub fn iter(self) -> impl Iterator<Item = MechanismKind> {
        MechanismKind::ALL
            .iter()
            .copied()
            .filter(move |&kind| self.contains(kind))
    }

    const fn bit(kind: MechanismKind) -> u16 {
        const { assert!(MechanismKind::ALL.len() <= 16, "a bit for each") };
        1 << kind as u16
    }
}

impl From<Mechanisms<'_>> for MechanismSet {
    fn from(announced: Mechanisms<'_>) -> Self {
        announced
            .iter()
            .filter_map(|name| MechanismKind::from_name(name.as_bytes()))
            .collect()
    }
}

impl FromIterator<MechanismKind> for MechanismSet {
    fn from_iter<I: IntoIterator<Item = MechanismKind>>(kinds: I) -> Self {
        Self(
            kinds
                .into_iter()
                .fold(0, |bits, kind| bits | Self::bit(kind)),
        )
    }
}

/// Their names, parted by blanks.
impl fmt::Display for MechanismSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "";
        for kind in self.iter() {
            f.write_str(before)?;
            f.write_str(kind.name())?;
            before = " ";
        }
        Ok(())
    }
}

impl fmt::Debug for MechanismSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}
