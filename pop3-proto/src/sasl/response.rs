//! Responses as base64, octet by octet into the output buffer: what they are made of is nowhere copied together.

use core::fmt;

use super::Mechanism;
use super::base64::Encoder;

/// Takes a mechanism's response in pieces, and writes it as base64 (RFC 4648 section 4).
pub struct ResponseWriter<'w> {
    /// How many octets have come, before base64.
    length: usize,
    encoder: Encoder,
    /// What is left of the output buffer. It is empty from the beginning if only the length counts.
    rest: &'w mut [u8],
}

impl<'w> ResponseWriter<'w> {
    /// Has the response written that is due.
    fn run(mechanism: &dyn Mechanism, out: &'w mut [u8]) -> Self {
        let mut writer = Self {
            length: 0,
            encoder: Encoder::new(),
            rest: out,
        };
        mechanism.write_response(&mut writer);
        writer
            .encoder
            .finish(&mut |characters| append(&mut writer.rest, characters));
        writer
    }

    /// Adds these octets to the response.
    pub fn put(&mut self, octets: &[u8]) {
        self.length = self.length.saturating_add(octets.len());
        self.encoder
            .put(octets, &mut |characters| append(&mut self.rest, characters));
    }

    /// Writes the response of a mechanism that is due at the beginning of `out`, in base64, and returns its length; `None`
    /// if it does not fit, and then `out` is as it was.
    ///
    /// [`Client::send`](crate::Client::send) does this by itself. It is here for tests of mechanisms of your own.
    ///
    /// ```
    /// use pop3_proto::sasl::{Plain, ResponseWriter};
    ///
    /// let plain = Plain::new(b"tim", "tanstaaftanstaaf".into());
    /// let mut out = [0; 40];
    /// let length = ResponseWriter::encode(&plain, &mut out).expect("it fits");
    /// assert_eq!(&out[..length], b"AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
    /// ```
    pub fn encode(mechanism: &dyn Mechanism, out: &mut [u8]) -> Option<usize> {
        let needed = length(mechanism);
        write(mechanism, out.get_mut(..needed)?);
        Some(needed)
    }
}

/// Neither what has been written nor how much.
impl fmt::Debug for ResponseWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseWriter").finish_non_exhaustive()
    }
}

/// The length in base64 of the response that is due.
pub(crate) fn length(mechanism: &dyn Mechanism) -> usize {
    let octets = ResponseWriter::run(mechanism, &mut []).length;
    octets.div_ceil(3).saturating_mul(4)
}

/// Writes the response that is due into `out`, which is as long as it is.
pub(crate) fn write(mechanism: &dyn Mechanism, out: &mut [u8]) {
    ResponseWriter::run(mechanism, out);
}

/// Writes the characters at the beginning of `out`, and shortens `out` by them.
fn append(out: &mut &mut [u8], characters: &[u8]) {
    // Always fits, unless only the length counts: the response has been measured.
    let (head, rest) = core::mem::take(out)
        .split_at_mut_checked(characters.len())
        .unwrap_or_default();
    for (to, character) in head.iter_mut().zip(characters) {
        *to = *character;
    }
    *out = rest;
}
