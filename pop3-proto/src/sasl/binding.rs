//! Channel binding (RFC 5056): the log-in is tied to the TLS connection that it is made on.

use core::fmt;

/// What of a TLS connection a log-in is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ChannelBindingKind {
    /// `tls-exporter` (RFC 9266): 32 octets that only the two ends of this very connection can know. For TLS 1.3, and for
    /// TLS 1.2 with extended master secret.
    TlsExporter,
    /// `tls-server-end-point` (RFC 5929 section 4): a hash of the server's certificate.
    TlsServerEndPoint,
}

impl ChannelBindingKind {
    /// Its name in IANA's registry, as it is sent.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TlsExporter => "tls-exporter",
            Self::TlsServerEndPoint => "tls-server-end-point",
        }
    }
}

impl fmt::Display for ChannelBindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a log-in is tied to, and its value on this connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChannelBinding<'c> {
    /// What it is.
    pub kind: ChannelBindingKind,
    /// What TLS says it is on this connection. Not empty.
    pub data: &'c [u8],
}

/// The data are not shown: nobody outside the connection needs them.
impl fmt::Debug for ChannelBinding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelBinding")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What a client says of channel binding (RFC 5802 section 6). It cannot be altered on the way without the log-in failing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Binding<'c> {
    /// `n`: the client cannot do it, or does not want to. Right as well when nobody knows what the server offers.
    #[default]
    Unsupported,
    /// `y`: the client could do it, but the server announced no mechanism whose name ends in `-PLUS`. A server that did refuses
    /// the log-in then, for somebody has changed its announcement.
    NotOffered,
    /// `p=`: the log-in is tied to this. The mechanism's name ends in `-PLUS`.
    Bound(ChannelBinding<'c>),
}
