//! LOGIN: the user name and the password, each in answer to a challenge. It has no RFC; what comes nearest is
//! draft-murchison-sasl-login-00.

use super::{Challenge, Mechanism, MechanismError, ResponseWriter};
use crate::secret::Secret;
use crate::text::Text;

/// `LOGIN`: the password goes to the server as it is, so the connection should be protected.
///
/// The first challenge is answered with the user name and the second with the password. What they say is not looked at:
/// servers say `Username:`, `User Name`, or something in another language, and some forget to encode it.
#[derive(Clone, Copy, Debug)]
pub struct Login<'c> {
    user: Text<'c>,
    password: Secret<'c>,
    asked_for: Option<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    User,
    Password,
}

impl<'c> Login<'c> {
    /// Logs in as this user. Neither the name nor the password may be empty.
    #[must_use]
    pub const fn new(user: &'c [u8], password: Secret<'c>) -> Self {
        Self {
            user: Text::new(user),
            password,
            asked_for: None,
        }
    }
}

impl Mechanism for Login<'_> {
    fn name(&self) -> &str {
        "LOGIN"
    }

    fn speaks_first(&self) -> bool {
        false
    }

    fn check(&self) -> Result<(), MechanismError> {
        if self.user.is_empty() || self.password.expose().is_empty() {
            Err(MechanismError::InvalidArgument)
        } else {
            Ok(())
        }
    }

    fn take_challenge(&mut self, _: Challenge<'_>) -> Result<(), MechanismError> {
        self.asked_for = Some(match self.asked_for {
            None => Part::User,
            Some(Part::User) => Part::Password,
            Some(Part::Password) => return Err(MechanismError::Malformed),
        });
        Ok(())
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        match self.asked_for {
            None => {}
            Some(Part::User) => response.put(self.user.as_bytes()),
            Some(Part::Password) => response.put(self.password.expose()),
        }
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        if self.asked_for == Some(Part::Password) {
            Ok(())
        } else {
            Err(MechanismError::NotProved)
        }
    }
}
