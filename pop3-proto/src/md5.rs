//! MD5 (RFC 1321), octet by octet: the padding, around a compression function. What `md-5` has for this takes a quarter more code,
//! and more memory.

mod steps;

use zeroize::Zeroize as _;

use crate::wire::number::hexadecimal;

/// On a small machine the compression function is one that takes less flash than that of `md-5`, unless CRAM-MD5 brings that anyway.
const LOOP: bool = cfg!(not(any(target_pointer_width = "64", feature = "cram-md5")));

const COMPRESS: fn(&mut [u32; 4], &[[u8; 64]]) = if LOOP {
    steps::compress
} else {
    md5::block_api::compress
};

/// A digest that is being computed.
#[derive(Clone)]
pub(crate) struct Md5 {
    state: [u32; 4],
    block: [u8; 64],
    /// How many octets have come.
    length: u32,
}

impl Md5 {
    /// Nothing has come. (What the state begins with is put there by the first octet: so it is in the code only once.)
    pub(crate) const fn new() -> Self {
        Self {
            state: [0; 4],
            block: [0; 64],
            length: 0,
        }
    }

    /// Begins anew.
    pub(crate) const fn restart(&mut self) {
        self.length = 0;
    }

    /// How many octets have come.
    pub(crate) const fn length(&self) -> u32 {
        self.length
    }

    /// Where in the block the next octet belongs.
    const fn position(&self) -> usize {
        (self.length % 64) as usize
    }

    /// Takes one more octet: at most `u32::MAX` in all.
    #[inline(never)]
    pub(crate) fn push(&mut self, octet: u8) {
        let position = self.position();
        if self.length == 0 {
            self.state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
        }
        if let Some(slot) = self.block.get_mut(position) {
            *slot = octet;
        }
        self.length = self.length.wrapping_add(1);
        if self.position() == 0 {
            COMPRESS(&mut self.state, core::slice::from_ref(&self.block));
        }
    }

    /// Writes the digest of what has come, in lower-case hexadecimal digits. The block is wiped, so this is the end of it.
    pub(crate) fn finish(&mut self, hex: &mut [u8; 32]) {
        let bits = u64::from(self.length).wrapping_mul(8);
        self.push(0x80);
        while self.position() != 56 {
            self.push(0);
        }
        for octet in bits.to_le_bytes() {
            self.push(octet);
        }
        for (word, digits) in self.state.iter().zip(hex.chunks_exact_mut(8)) {
            for (digit, nibble) in digits.iter_mut().zip(0u32..) {
                // The octet of least weight first, and of an octet the other half.
                let shift = (nibble ^ 1) * 4;
                *digit = hexadecimal((word >> shift & 0x0f) as u8);
            }
        }
        self.block.zeroize();
        if !LOOP {
            // That of `md-5` leaves a copy of its block on the stack: now it is one of zeros.
            COMPRESS(&mut self.state, core::slice::from_ref(&self.block));
        }
    }
}
