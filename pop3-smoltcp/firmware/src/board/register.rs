//! Registers of devices.
#![expect(
    unsafe_code,
    reason = "what a register does, no type can say; all access to them is here"
)]

use core::cell::UnsafeCell;

/// One register of 32 bits. What reading and writing it does is in its device's data sheet.
#[derive(Debug)]
#[repr(transparent)]
pub(super) struct Register(UnsafeCell<u32>);

impl Register {
    pub(super) fn read(&self) -> u32 {
        // SAFETY: the pointer comes from a reference, so it is valid and aligned. It is volatile, since the device may have
        // changed the value, and may act on being read.
        unsafe { self.0.get().read_volatile() }
    }

    pub(super) fn write(&self, value: u32) {
        // SAFETY: the same; and nobody holds a reference to the value itself.
        unsafe { self.0.get().write_volatile(value) }
    }

    /// Reads the value and writes what `change` makes of it.
    pub(super) fn update(&self, change: impl FnOnce(u32) -> u32) {
        self.write(change(self.read()));
    }
}

/// The registers of a device: a `repr(C)` struct of nothing but [`Register`]s.
///
/// # Safety
///
/// The device has such registers at this address, and only one driver uses them.
pub(super) const unsafe fn registers<Block>(address: usize) -> &'static Block {
    // SAFETY: the caller says so.
    unsafe { &*(address as *const Block) }
}
