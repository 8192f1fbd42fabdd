//! Where an octet stands in others. Most of the time that a mail takes goes into this.

/// Where the octet stands first.
///
/// `memchr` is for processors with vectors. For the others it is larger than this, and slower in lines as short as those of a
/// mail (`footprint/instructions` counts). One search for all: inlined, it would be a large part of the code on a small machine.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn find(octet: u8, octets: &[u8]) -> Option<usize> {
    SEARCH(octet, octets)
}

const SEARCH: fn(u8, &[u8]) -> Option<usize> = if cfg!(target_pointer_width = "64") {
    memchr::memchr
} else {
    find_by_words
};

/// The same, two words of 32 bits at a time.
fn find_by_words(octet: u8, octets: &[u8]) -> Option<usize> {
    const HIGHEST_BITS: u32 = 0x8080_8080;
    let mut before = 0_usize;
    let mut pairs = octets.chunks_exact(8);
    for pair in &mut pairs {
        let (first, second) = pair.split_at(4);
        let (first, second) = (equal_to(octet, first), equal_to(octet, second));
        if (first | second) & HIGHEST_BITS != 0 {
            let (marks, word) = match first & HIGHEST_BITS {
                0 => (second & HIGHEST_BITS, 4_usize),
                marks => (marks, 0),
            };
            // The octet that stands first is the lowest.
            let at = word.wrapping_add((marks.trailing_zeros() / 8) as usize);
            return Some(before.wrapping_add(at));
        }
        before = before.wrapping_add(8);
    }
    let rest = pairs.remainder().iter().position(|other| *other == octet)?;
    Some(before.wrapping_add(rest))
}

/// The highest bits say which octets of the word are equal to this one, up to the first that is; what they say of those behind it
/// may be wrong.
fn equal_to(octet: u8, word: &[u8]) -> u32 {
    let word = u32::from_le_bytes(word.try_into().unwrap_or_default());
    let difference = word ^ u32::from_le_bytes([octet; 4]);
    difference.wrapping_sub(0x0101_0101) & !difference
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{find, find_by_words};
    use std::vec::Vec;

    /// Both searches against the plain one, in every place of every length up to some words, among octets that a search by words
    /// might take for the one that is looked for.
    #[test]
    fn the_first_is_found_wherever_it_stands() {
        for octet in [b'\n', 0, 1, 0x7f, 0x80, 0xff] {
            for other in [
                octet ^ 1,
                octet ^ 0x80,
                octet.wrapping_add(1),
                octet.wrapping_sub(1),
            ] {
                for length in 0..=40 {
                    for first in 0..=length {
                        for second in first..=length {
                            let mut octets = Vec::from_iter(core::iter::repeat_n(other, length));
                            for at in [first, second] {
                                if let Some(place) = octets.get_mut(at) {
                                    *place = octet;
                                }
                            }
                            let expected = octets.iter().position(|found| *found == octet);
                            assert_eq!(find_by_words(octet, &octets), expected, "{octets:?}");
                            assert_eq!(find(octet, &octets), expected, "{octets:?}");
                        }
                    }
                }
            }
        }
    }
}
