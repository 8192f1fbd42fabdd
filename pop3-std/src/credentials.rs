//! Who logs in.

use std::fmt;

use pop3_proto::{Command, Secret, Text, login};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind};

/// Who logs in, and what proves it: a password, a token, or a client certificate. A secret is wiped when it is dropped, and
/// never printed.
///
/// User names and passwords are octets, sent as they are: which character set they are in is between user and server. SCRAM
/// alone wants UTF-8, and it gets them as SASLprep (RFC 4013) makes them.
#[derive(Clone)]
pub struct Credentials {
    proof: Proof,
    user: Vec<u8>,
    authorization_id: Vec<u8>,
}

#[derive(Clone)]
enum Proof {
    Password {
        password: Zeroizing<Vec<u8>>,
        /// User name and password after SASLprep, where that makes a difference or is needed.
        prepared: Option<(Vec<u8>, Zeroizing<Vec<u8>>)>,
    },
    Token(Zeroizing<Vec<u8>>),
    External,
    Anonymous,
}

impl Credentials {
    /// A user name and a password, or, for APOP and CRAM-MD5, what user and server share.
    ///
    /// Takes over both. A secret that is borrowed is copied: wiping what it was copied from is the caller's part.
    pub fn new(user: impl Into<Vec<u8>>, password: impl Into<Vec<u8>>) -> Self {
        let user = user.into();
        let password = Zeroizing::new(password.into());
        let prepared = prepare(&user, &password);
        Self::with(Proof::Password { password, prepared }, user)
    }

    /// A user name and an OAuth 2.0 bearer token (RFC 6750), as it came from the authorization server.
    pub fn token(user: impl Into<Vec<u8>>, token: impl Into<Vec<u8>>) -> Self {
        Self::with(Proof::Token(Zeroizing::new(token.into())), user.into())
    }

    /// The client certificate that TLS has shown, for EXTERNAL.
    pub fn external() -> Self {
        Self::with(Proof::External, Vec::new())
    }

    /// Nobody in particular, for ANONYMOUS. The trace is what the server's log may show: an address, or a word.
    pub fn anonymous(trace: impl Into<Vec<u8>>) -> Self {
        Self::with(Proof::Anonymous, trace.into())
    }

    const fn with(proof: Proof, user: Vec<u8>) -> Self {
        Self {
            proof,
            user,
            authorization_id: Vec::new(),
        }
    }

    /// Acts as somebody else than the user who logs in, if the server allows it. Only SASL can say so.
    #[must_use]
    pub fn authorization_id(mut self, id: impl Into<Vec<u8>>) -> Self {
        self.authorization_id = id.into();
        self
    }

    /// The user's name.
    pub fn user(&self) -> &[u8] {
        &self.user
    }

    /// What must not be shown.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &[u8]> {
        let (secret, prepared) = match &self.proof {
            Proof::Password { password, prepared } => (
                Some(password.as_slice()),
                prepared.as_ref().map(|(_, password)| password.as_slice()),
            ),
            Proof::Token(token) => (Some(token.as_slice()), None),
            Proof::External | Proof::Anonymous => (None, None),
        };
        secret.into_iter().chain(prepared)
    }

    /// Finds out what cannot be sent, before the server has been told a name.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Proof::Password { password, .. } = &self.proof else {
            return Ok(());
        };
        for command in [
            Command::User(&self.user),
            Command::Pass(Secret::new(password)),
        ] {
            command.check_arguments().map_err(|error| {
                Error::new(ErrorKind::Usage, command.kind(), error).with_source(error)
            })?;
        }
        Ok(())
    }

    pub(crate) fn borrowed(&self) -> login::Credentials<'_> {
        let user = &self.user;
        match &self.proof {
            Proof::Password { password, prepared } => {
                let borrowed = login::Credentials::new(user, Secret::new(password));
                match prepared {
                    Some((user, password)) => borrowed.prepared(user, Secret::new(password)),
                    None => borrowed,
                }
            }
            Proof::Token(token) => login::Credentials::token(user, Secret::new(token)),
            Proof::External => login::Credentials::external(),
            Proof::Anonymous => login::Credentials::anonymous(user),
        }
        .authorization_id(&self.authorization_id)
    }
}

/// What SASLprep makes of a user name and a password; `None` if that is what they are already, or if it makes nothing of them.
fn prepare(user: &[u8], password: &[u8]) -> Option<(Vec<u8>, Zeroizing<Vec<u8>>)> {
    if user.is_ascii() && password.is_ascii() {
        return None;
    }
    let saslprep = |octets| stringprep::saslprep(std::str::from_utf8(octets).ok()?).ok();
    let user = saslprep(user)?.into_owned().into_bytes();
    let password = Zeroizing::new(saslprep(password)?.into_owned().into_bytes());
    Some((user, password))
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &Text::new(&self.user))
            .field("secret", &format_args!("***"))
            .field("authorization_id", &Text::new(&self.authorization_id))
            .finish()
    }
}
