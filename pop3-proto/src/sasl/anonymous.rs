//! ANONYMOUS (RFC 4505): no identity at all, only a trace for the server's log.

use super::{Challenge, Mechanism, MechanismError, ResponseWriter};
use crate::text::Text;

/// `ANONYMOUS` (RFC 4505): nobody in particular logs in.
///
/// The trace is an e-mail address, or some other word that says nothing to the server and something to whoever runs it. It
/// may be empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous<'c> {
    trace: Text<'c>,
}

impl<'c> Anonymous<'c> {
    /// How many characters a trace may have (RFC 4505 section 2).
    pub const MAX_TRACE: usize = 255;

    /// Leaves this trace: UTF-8 without control characters. With an `@` it must be an e-mail address.
    #[must_use]
    pub const fn new(trace: &'c [u8]) -> Self {
        Self {
            trace: Text::new(trace),
        }
    }
}

impl Mechanism for Anonymous<'_> {
    fn name(&self) -> &str {
        "ANONYMOUS"
    }

    fn speaks_first(&self) -> bool {
        true
    }

    fn check(&self) -> Result<(), MechanismError> {
        let trace = (self.trace.to_str()).map_err(|_| MechanismError::InvalidArgument)?;
        if trace.chars().count() > Self::MAX_TRACE
            || trace.chars().any(char::is_control)
            // The token of RFC 4505 has none; of an e-mail address only the rough form is looked at.
            || trace.starts_with('@')
            || trace.ends_with('@')
        {
            Err(MechanismError::InvalidArgument)
        } else {
            Ok(())
        }
    }

    fn take_challenge(&mut self, _: Challenge<'_>) -> Result<(), MechanismError> {
        Err(MechanismError::Malformed)
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        response.put(self.trace.as_bytes());
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        Ok(())
    }
}
