//! Who logs in, and with what.

use core::fmt;

use crate::secret::Secret;
use crate::text::Text;

/// Who logs in, and what proves it. Everything is borrowed, and as the server knows it.
#[derive(Clone, Copy)]
pub struct Credentials<'c> {
    pub(super) kind: CredentialKind,
    pub(super) user: &'c [u8],
    pub(super) secret: Secret<'c>,
    pub(super) authorization_id: &'c [u8],
    pub(super) prepared: Option<(&'c [u8], Secret<'c>)>,
}

/// What kind of proof it is: it decides which mechanisms can use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CredentialKind {
    Password,
    Token,
    External,
    Anonymous,
}

impl<'c> Credentials<'c> {
    /// A user's name and password, or, for APOP and CRAM-MD5, what user and server share.
    #[must_use]
    pub const fn new(user: &'c [u8], password: Secret<'c>) -> Self {
        Self {
            kind: CredentialKind::Password,
            user,
            secret: password,
            authorization_id: b"",
            prepared: None,
        }
    }

    /// A user's name and an OAuth 2.0 bearer token (RFC 6750), as it came from the authorization server.
    #[must_use]
    pub const fn token(user: &'c [u8], token: Secret<'c>) -> Self {
        let mut credentials = Self::new(user, token);
        credentials.kind = CredentialKind::Token;
        credentials
    }

    /// The client certificate that TLS has shown.
    #[must_use]
    pub const fn external() -> Self {
        let mut credentials = Self::new(b"", Secret::new(b""));
        credentials.kind = CredentialKind::External;
        credentials
    }

    /// Nobody in particular. The trace is what the server's log may show: an address, or a word (RFC 4505 section 2).
    #[must_use]
    pub const fn anonymous(trace: &'c [u8]) -> Self {
        let mut credentials = Self::new(trace, Secret::new(b""));
        credentials.kind = CredentialKind::Anonymous;
        credentials
    }

    /// Acts as somebody else than the user who logs in, if the server allows it. Only SASL can say so.
    #[must_use]
    pub const fn authorization_id(mut self, id: &'c [u8]) -> Self {
        self.authorization_id = id;
        self
    }

    /// The user's name and the password as SASLprep (RFC 4013) makes them, for SCRAM. It is needed when they are not ASCII.
    #[must_use]
    pub const fn prepared(mut self, user: &'c [u8], password: Secret<'c>) -> Self {
        self.prepared = Some((user, password));
        self
    }

    /// The user's name.
    pub const fn user(&self) -> &'c [u8] {
        self.user
    }
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("kind", &self.kind)
            .field("user", &Text::new(self.user))
            .field("secret", &self.secret)
            .field("authorization_id", &Text::new(self.authorization_id))
            .field("prepared", &self.prepared.is_some())
            .finish()
    }
}
