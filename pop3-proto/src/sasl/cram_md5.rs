//! CRAM-MD5 (RFC 2195): the user name, a blank, and HMAC-MD5 of the challenge in lower-case hexadecimal digits.

use core::fmt;

use md5::Md5;

use super::hmac::{Hmac, Wiped};
use super::{Challenge, MAX_CHALLENGE, Mechanism, MechanismError, ResponseWriter};
use crate::secret::Secret;
use crate::text::Text;
use crate::wire::number::hexadecimal;

/// `CRAM-MD5` (RFC 2195): the password is not sent. But whoever overhears the exchange, or pretends to be the server, can try
/// passwords at leisure; and the server does not prove who it is. So the connection should be protected.
///
/// Needs the feature `cram-md5`.
pub struct CramMd5<'c> {
    user: Text<'c>,
    password: Secret<'c>,
    /// There is none before the challenge has come.
    digest: Option<Wiped<Md5>>,
}

impl<'c> CramMd5<'c> {
    /// Logs in as this user. Neither the name nor the password may be empty.
    #[must_use]
    pub const fn new(user: &'c [u8], password: Secret<'c>) -> Self {
        Self {
            user: Text::new(user),
            password,
            digest: None,
        }
    }
}

impl Mechanism for CramMd5<'_> {
    fn name(&self) -> &str {
        "CRAM-MD5"
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

    fn take_challenge(&mut self, challenge: Challenge<'_>) -> Result<(), MechanismError> {
        let mut buffer = [0; MAX_CHALLENGE];
        let challenge = challenge.decode(&mut buffer)?;
        if challenge.is_empty() || self.digest.is_some() {
            return Err(MechanismError::Malformed);
        }
        let digest = self.digest.insert(Wiped::new());
        Hmac::of(self.password.expose(), challenge, digest);
        Hmac::<Md5>::cover_traces();
        Ok(())
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        if let Some(Wiped(digest)) = &self.digest {
            response.put(self.user.as_bytes());
            response.put(b" ");
            for octet in digest {
                response.put(&[hexadecimal(octet >> 4), hexadecimal(octet & 0x0f)]);
            }
        }
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        match self.digest {
            Some(_) => Ok(()),
            None => Err(MechanismError::NotProved),
        }
    }
}

impl fmt::Debug for CramMd5<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CramMd5")
            .field("user", &self.user)
            .field("answered", &self.digest.is_some())
            .finish_non_exhaustive()
    }
}
