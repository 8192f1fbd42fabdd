//! Responses as base64, octet by octet into the output buffer: what they are made of is nowhere copied together.

use arrayvec::ArrayVec;
use base64ct::{Base64, Encoding as _};

use super::Mechanism;

/// Takes a mechanism's response in pieces, and writes it as base64 (RFC 4648 section 4).
#[derive(Debug)]
pub struct ResponseWriter<'w>(Target<'w>);

enum Target<'w> {
    /// Only the length counts, in octets before base64.
    Measure(usize),
    Write {
        /// What is left of the output buffer.
        out: &'w mut [u8],
        /// Octets that do not make up a group of three yet.
        group: ArrayVec<u8, 3>,
    },
}

impl core::fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
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
            Target::Write { out, group } => {
                for &octet in octets {
                    let _ = group.try_push(octet);
                    if group.is_full() {
                        flush(out, group);
                    }
                }
            }
        }
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
    let group = ArrayVec::new_const();
    let mut writer = ResponseWriter(Target::Write { out, group });
    mechanism.write_response(&mut writer);
    if let Target::Write { mut out, mut group } = writer.0 {
        flush(&mut out, &mut group);
    }
}

/// Writes a group of up to three octets, and wipes it.
fn flush(out: &mut &mut [u8], group: &mut ArrayVec<u8, 3>) {
    if !group.is_empty() {
        let (head, rest) = core::mem::take(out)
            .split_at_mut_checked(4)
            .unwrap_or_default();
        // Three octets make four, and there is room: the response has been measured.
        let _ = Base64::encode(group, head);
        *out = rest;
    }
    group.fill(0);
    group.clear();
}
