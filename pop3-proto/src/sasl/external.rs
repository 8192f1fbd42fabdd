//! EXTERNAL (RFC 4422 appendix A): the server knows already who the client is.

use super::{Challenge, Mechanism, MechanismError, ResponseWriter};
use crate::text::Text;

/// `EXTERNAL` (RFC 4422 appendix A): what was shown below SASL counts, mostly the client's certificate in TLS.
#[derive(Clone, Copy, Debug, Default)]
pub struct External<'c> {
    authorization_id: Text<'c>,
}

impl<'c> External<'c> {
    /// Acts as whom the server takes the client for.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            authorization_id: Text::new(b""),
        }
    }

    /// Acts as this identity, if the server allows it: UTF-8 without NUL. Empty: as whom the server takes the client for.
    #[must_use]
    pub const fn authorization_id(mut self, id: &'c [u8]) -> Self {
        self.authorization_id = Text::new(id);
        self
    }
}

impl Mechanism for External<'_> {
    fn name(&self) -> &str {
        "EXTERNAL"
    }

    fn speaks_first(&self) -> bool {
        true
    }

    fn check(&self) -> Result<(), MechanismError> {
        match self.authorization_id.to_str() {
            Ok(id) if !id.contains('\0') => Ok(()),
            _ => Err(MechanismError::InvalidArgument),
        }
    }

    fn take_challenge(&mut self, _: Challenge<'_>) -> Result<(), MechanismError> {
        Err(MechanismError::Malformed)
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        response.put(self.authorization_id.as_bytes());
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        Ok(())
    }
}
