//! How deep the stack goes, by painting: what is not the colour any more has been used.
#![expect(
    unsafe_code,
    reason = "the stack's unused part belongs to nobody that the language knows"
)]

use cortex_m::register::msp;

const COLOUR: u32 = 0x7AC7_A5ED;

/// What is just below the stack pointer is left alone: the painter's own frames.
const OWN: u32 = 64;

unsafe extern "C" {
    /// The end of all static memory, from cortex-m-rt's linker script.
    static mut __sheap: u32;
}

/// Paints the free memory between the static memory and the stack.
#[inline(never)]
pub fn paint() {
    let mut word = &raw mut __sheap;
    let end = msp::read() - OWN;
    while (word as u32) < end {
        // SAFETY: there is no heap, so nothing but the stack uses this memory, and it ends above.
        unsafe { word.write_volatile(COLOUR) };
        word = word.wrapping_add(1);
    }
}

/// How many octets below the caller's frame have been used since.
#[inline(never)]
pub fn depth() -> u32 {
    let end = msp::read();
    let mut word = &raw const __sheap;
    // SAFETY: as above, this is memory that only the stack uses.
    while (word as u32) < end && unsafe { word.read_volatile() } == COLOUR {
        word = word.wrapping_add(1);
    }
    end - word as u32
}

/// Calls, and says how many octets of stack that took.
#[inline(never)]
pub fn depth_of<R>(call: impl FnOnce() -> R) -> (R, u32) {
    /// Has a frame of its own, whatever is inlined into it.
    #[inline(never)]
    fn framed<R>(call: impl FnOnce() -> R) -> R {
        call()
    }
    paint();
    let result = framed(call);
    (result, depth())
}
