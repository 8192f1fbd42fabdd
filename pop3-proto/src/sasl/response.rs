//! Responses as base64, octet by octet into the output buffer: what they are made of is nowhere copied together.

use core::fmt;

use super::Mechanism;
use super::base64::Encoder;

/// Takes a mechanism's response in pieces, and writes it as base64 (RFC 4648 section 4).
#[derive(Debug)]
pub struct ResponseWriter<'w>(Target<'w>);

enum Target<'w> {
    /// Only the length counts, in octets before base64.
    Measure(usize),
    Write {
        /// What is left of the output buffer.
        out: &'w mut [u8],
        encoder: Encoder,
    },
}

impl fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Measure(_) => "Measure",
            Self::Write { .. } => "Write",
        })
    }
}

impl ResponseWriter<'_> {
    /// Adds these octets to the response.
    pub fn put(&mut self, octets: &[u8]) {
        match &mut self.0 {
            Target::Measure(length) => *length = length.saturating_add(octets.len()),
            Target::Write { out, encoder } => {
                encoder.put(octets, &mut |characters| append(out, characters));
            }
        }
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

/// The length in base64 of the response that is due.
pub(crate) fn length(mechanism: &dyn Mechanism) -> usize {
    let mut writer = ResponseWriter(Target::Measure(0));
    mechanism.write_response(&mut writer);
    match writer.0 {
        Target::Measure(octets) => octets.div_ceil(3).saturating_mul(4),
        Target::Write { .. } => 0,
    }
}

/// Writes the response that is due into `out`, which is as long as it is.
pub(crate) fn write(mechanism: &dyn Mechanism, out: &mut [u8]) {
    let encoder = Encoder::new();
    let mut writer = ResponseWriter(Target::Write { out, encoder });
    mechanism.write_response(&mut writer);
    if let Target::Write {
        mut out,
        mut encoder,
    } = writer.0
    {
        encoder.finish(&mut |characters| append(&mut out, characters));
    }
}

/// Writes the characters at the beginning of `out`, and shortens `out` by them.
fn append(out: &mut &mut [u8], characters: &[u8]) {
    // Always fits: the response has been measured.
    let (head, rest) = core::mem::take(out)
        .split_at_mut_checked(characters.len())
        .unwrap_or_default();
    for (to, character) in head.iter_mut().zip(characters) {
        *to = *character;
    }
    *out = rest;
}
