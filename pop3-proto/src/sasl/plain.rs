//! PLAIN (RFC 4616): authorization identity, user name and password, with NULs between them.

use super::{Challenge, Mechanism, MechanismError, ResponseWriter};
use crate::secret::Secret;

/// `PLAIN`: the password goes to the server as it is, so the connection should be protected.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'c> {
    authorization_id: &'c [u8],
    user: &'c [u8],
    password: Secret<'c>,
}

impl<'c> Plain<'c> {
    /// Logs in as this user.
    #[must_use]
    pub const fn new(user: &'c [u8], password: Secret<'c>) -> Self {
        Self {
            authorization_id: b"",
            user,
            password,
        }
    }

    /// Acts as somebody else than the user who logs in, if the server allows it. Empty: as the user.
    #[must_use]
    pub const fn authorization_id(mut self, id: &'c [u8]) -> Self {
        self.authorization_id = id;
        self
    }
}

impl Mechanism for Plain<'_> {
    fn name(&self) -> &str {
        "PLAIN"
    }

    fn speaks_first(&self) -> bool {
        true
    }

    fn take_challenge(&mut self, _: Challenge<'_>) -> Result<(), MechanismError> {
        Err(MechanismError::Malformed)
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        response.put(self.authorization_id);
        response.put(b"\0");
        response.put(self.user);
        response.put(b"\0");
        response.put(self.password.expose());
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        Ok(())
    }
}
