//! The firmware for the LM3S6965 evaluation board.
#![no_std]
#![no_main]

use pop3_firmware::{board, clear, run};

#[cortex_m_rt::entry]
fn main() -> ! {
    run(board::lm3s6965evb::take(), clear::fetch)
}
