//! How deep the stack goes, by painting: what is not the colour any more has been used.
#![expect(
    unsafe_code,
    reason = "the stack's unused part belongs to nobody that the language knows"
)]

use core::ptr;

use cortex_m::register::msp;

const COLOUR: u32 = 0x7AC7_A5ED;

/// What is just below the stack pointer is left alone: the painter's own frames.
const OWN: u32 = 256;

unsafe extern "C" {
    /// The end of all static memory, from cortex-m-rt's linker script.
    static mut __sheap: u32;
}

fn bottom() -> *mut u32 {
    &raw mut __sheap
}

/// Paints the free memory between the static memory and the stack.
#[inline(never)]
pub(crate) fn paint() {
    let mut word = bottom();
    let end = msp::read() - OWN;
    while (word as u32) < end {
        // SAFETY: there is no heap, so nothing but the stack uses this memory, and it ends above.
        unsafe { word.write_volatile(COLOUR) };
        word = word.wrapping_add(1);
    }
}

/// How many octets below the caller's frame have been used since.
#[inline(never)]
pub(crate) fn depth() -> u32 {
    let end = msp::read();
    let mut word = bottom().cast_const();
    // SAFETY: as above, this is memory that only the stack uses.
    while (word as u32) < end && unsafe { ptr::read_volatile(word) } == COLOUR {
        word = word.wrapping_add(1);
    }
    end - word as u32
}
