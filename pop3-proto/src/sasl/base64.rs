//! Base64 (RFC 4648 section 4) of octets that come in pieces.

use arrayvec::ArrayVec;
use base64ct::{Base64, Encoding as _};

/// Makes four characters out of each group of three octets, wherever the pieces are cut.
pub(super) struct Encoder {
    /// Octets that do not make up a group yet.
    group: ArrayVec<u8, 3>,
}

impl Encoder {
    pub(super) const fn new() -> Self {
        Self {
            group: ArrayVec::new_const(),
        }
    }

    /// Takes the next octets, and hands on the characters that they complete.
    pub(super) fn put(&mut self, octets: &[u8], to: &mut dyn FnMut(&[u8])) {
        for &octet in octets {
            let _ = self.group.try_push(octet);
            if self.group.is_full() {
                self.finish(to);
            }
        }
    }

    /// Hands on the characters of the last group, padded, and wipes it.
    pub(super) fn finish(&mut self, to: &mut dyn FnMut(&[u8])) {
        let mut characters = [0; 4];
        // Up to three octets make four characters: there is room. None make none.
        if let Ok(encoded) = Base64::encode(&self.group, &mut characters) {
            to(encoded.as_bytes());
        }
        self.group.fill(0);
        self.group.clear();
    }
}
