//! Who logs in.

use std::fmt;

use pop3_proto::{Secret, Text, login};
use zeroize::Zeroizing;

/// A user name and a password, or another secret. The secret is wiped when it is dropped, and never printed.
///
/// Both are octets, sent as they are: which character set they are in is between user and server.
#[derive(Clone)]
pub struct Credentials {
    user: Vec<u8>,
    secret: Zeroizing<Vec<u8>>,
}

impl Credentials {
    /// Takes over both. A secret that is borrowed is copied: wiping what it was copied from is the caller's part.
    pub fn new(user: impl Into<Vec<u8>>, secret: impl Into<Vec<u8>>) -> Self {
        Self {
            user: user.into(),
            secret: Zeroizing::new(secret.into()),
        }
    }

    /// The user's name.
    pub fn user(&self) -> &[u8] {
        &self.user
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }

    pub(crate) fn borrowed(&self) -> login::Credentials<'_> {
        login::Credentials::new(&self.user, Secret::new(&self.secret))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &Text::new(&self.user))
            .field("secret", &format_args!("***"))
            .finish()
    }
}
