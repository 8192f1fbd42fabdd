//! What the processor refuses to do: it is reported, where the default is to hang.
#![expect(unsafe_code, reason = "an exception's handler has to be unsafe")]

use cortex_m_rt::{ExceptionFrame, exception};

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    panic!("hard fault: {frame:?}");
}
