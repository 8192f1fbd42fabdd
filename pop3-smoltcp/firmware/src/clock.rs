//! The time since the start, by the processor's own timer.

use core::cell::Cell;

use cortex_m::Peripherals;
use cortex_m::interrupt::{self, Mutex};
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;

static MILLISECONDS: Mutex<Cell<u64>> = Mutex::new(Cell::new(0));

/// Starts the clock. The processor runs at so many hertz.
///
/// # Panics
///
/// If somebody else has taken the processor's peripherals.
pub fn start(hz: u32) {
    let mut timer = Peripherals::take().expect("the clock is started once").SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(hz / 1000 - 1);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
}

/// The milliseconds since [`start`].
pub fn now() -> u64 {
    interrupt::free(|token| MILLISECONDS.borrow(token).get())
}

#[exception]
fn SysTick() {
    interrupt::free(|token| {
        let milliseconds = MILLISECONDS.borrow(token);
        milliseconds.set(milliseconds.get() + 1);
    });
}
