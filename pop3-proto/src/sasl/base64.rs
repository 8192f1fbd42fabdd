//! Base64 (RFC 4648 section 4). No branch and no index depends on what is encoded or decoded, so that the time that it takes
//! tells nothing of a secret.

use arrayvec::ArrayVec;

use super::MechanismError;

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
        let mut octets = self.group.iter().copied();
        if let Some(first) = octets.next() {
            let mut next = || octets.next().unwrap_or(0);
            let bits = u32::from_be_bytes([0, first, next(), next()]);
            let values = [bits >> 18, bits >> 12, bits >> 6, bits];
            let mut characters = [b'='; 4];
            // One octet takes two characters, two take three.
            let used = self.group.len().saturating_add(1);
            for (character, value) in characters.iter_mut().zip(values).take(used) {
                *character = character_of((value & 0x3f) as u8);
            }
            to(&characters);
        }
        self.group.fill(0);
        self.group.clear();
    }
}

/// Decodes a text, which must be padded, into the buffer.
pub(super) fn decode<'b>(text: &[u8], buffer: &'b mut [u8]) -> Result<&'b [u8], MechanismError> {
    let mut length = 0usize;
    let mut to = buffer.iter_mut();
    let mut rest = text;
    while let Some((&[a, b, c, d], behind)) = rest.split_first_chunk() {
        rest = behind;
        let (group, octets) = match (rest, c, d) {
            ([], b'=', b'=') => ([a, b, b'A', b'A'], 1),
            ([], _, b'=') => ([a, b, c, b'A'], 2),
            _ => ([a, b, c, d], 3),
        };
        let mut bits = 0u32;
        let mut valid = 0xff;
        for character in group {
            let (value, is_one) = value_of(character);
            bits = bits << 6 | u32::from(value);
            valid &= is_one;
        }
        let [_, decoded @ ..] = bits.to_be_bytes();
        let (decoded, beyond) = decoded.split_at_checked(octets).unwrap_or_default();
        // Two texts must not mean the same octets.
        if valid == 0 || beyond.iter().any(|octet| *octet != 0) {
            return Err(MechanismError::NotBase64);
        }
        for octet in decoded {
            *to.next().ok_or(MechanismError::TooLong)? = *octet;
            length = length.saturating_add(1);
        }
    }
    if !rest.is_empty() {
        return Err(MechanismError::NotBase64);
    }
    Ok(buffer.get(..length).unwrap_or_default())
}

/// The character of a value below 64.
const fn character_of(value: u8) -> u8 {
    // From one run of characters to the next: `A` to `Z`, `a` to `z`, `0` to `9`, `+`, `/`.
    value
        .wrapping_add(b'A')
        .wrapping_add(at_least(value, 26) & 6)
        .wrapping_sub(at_least(value, 52) & 75)
        .wrapping_sub(at_least(value, 62) & 15)
        .wrapping_add(at_least(value, 63) & 3)
}

/// The value of a character, and 0xff; or 0 and 0.
const fn value_of(character: u8) -> (u8, u8) {
    let upper = within(character, b'A', b'Z');
    let lower = within(character, b'a', b'z');
    let digit = within(character, b'0', b'9');
    let plus = within(character, b'+', b'+');
    let slash = within(character, b'/', b'/');
    let value = upper & character.wrapping_sub(b'A')
        | lower & character.wrapping_sub(b'a' - 26)
        | digit & character.wrapping_sub(b'0').wrapping_add(52)
        | plus & 62
        | slash & 63;
    (value, upper | lower | digit | plus | slash)
}

/// 0xff if the octet is one of these, else 0.
const fn within(octet: u8, first: u8, last: u8) -> u8 {
    at_least(octet, first) & !at_least(octet, last.wrapping_add(1))
}

/// 0xff if the octet is not below the bound, which is 1 or more; else 0.
const fn at_least(octet: u8, bound: u8) -> u8 {
    // What is negative has all bits set in its upper half.
    let [upper, _] = (bound as u16)
        .wrapping_sub(1)
        .wrapping_sub(octet as u16)
        .to_be_bytes();
    upper
}
