//! PLAIN (RFC 4616): authorization identity, user name and password, with NULs between them.

use super::{Challenge, Mechanism, MechanismError, ResponseWriter};
use crate::secret::Secret;
use crate::text::Text;

/// `PLAIN` (RFC 4616): the password goes to the server as it is, so the connection should be protected.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'c> {
    authorization_id: Text<'c>,
    user: Text<'c>,
    password: Secret<'c>,
}

impl<'c> Plain<'c> {
    /// Logs in as this user. Neither the name nor the password may be empty or have a NUL in it.
    #[must_use]
    pub const fn new(user: &'c [u8], password: Secret<'c>) -> Self {
        Self {
            authorization_id: Text::new(b""),
            user: Text::new(user),
            password,
        }
    }

    /// Acts as somebody else than the user who logs in, if the server allows it. Empty: as the user.
    #[must_use]
    pub const fn authorization_id(mut self, id: &'c [u8]) -> Self {
        self.authorization_id = Text::new(id);
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

    fn check(&self) -> Result<(), MechanismError> {
        let (user, password) = (self.user.as_bytes(), self.password.expose());
        // A NUL in one of them would begin the next.
        let has_nul = [self.authorization_id.as_bytes(), user, password]
            .iter()
            .any(|part| part.contains(&0));
        if user.is_empty() || password.is_empty() || has_nul {
            Err(MechanismError::InvalidArgument)
        } else {
            Ok(())
        }
    }

    fn take_challenge(&mut self, _: Challenge<'_>) -> Result<(), MechanismError> {
        Err(MechanismError::Malformed)
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        response.put(self.authorization_id.as_bytes());
        response.put(b"\0");
        response.put(self.user.as_bytes());
        response.put(b"\0");
        response.put(self.password.expose());
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        Ok(())
    }
}
