//! What a server says within an exchange.

use core::fmt;

use super::{MechanismError, base64};

/// A challenge, still in base64. It is never printed: it may hold what was made from a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Challenge<'a> {
    base64: &'a [u8],
    truncated: bool,
}

impl<'a> Challenge<'a> {
    /// A challenge of this base64 text.
    pub const fn new(base64: &'a [u8]) -> Self {
        Self {
            base64,
            truncated: false,
        }
    }

    /// A challenge that was longer than what the client keeps of a line.
    pub(crate) const fn maybe_truncated(base64: &'a [u8], truncated: bool) -> Self {
        Self { base64, truncated }
    }

    /// The text behind `+`, as it was sent. Some servers send words here where nothing is due (`+ go ahead`).
    pub const fn as_base64(&self) -> &'a [u8] {
        self.base64
    }

    /// Decodes it into the buffer. An empty text is an empty challenge.
    ///
    /// # Errors
    ///
    /// [`MechanismError::NotBase64`], [`MechanismError::TooLong`]: it does not fit, or was cut.
    pub fn decode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], MechanismError> {
        if self.truncated {
            return Err(MechanismError::TooLong);
        }
        base64::decode(self.base64, buffer)
    }
}

impl fmt::Debug for Challenge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenge")
            .field("base64", &self.base64.len())
            .field("truncated", &self.truncated)
            .finish()
    }
}
