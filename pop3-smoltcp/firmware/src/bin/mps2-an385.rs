//! The firmware for Arm's MPS2 board with the FPGA image AN385.
#![no_std]
#![no_main]

use pop3_firmware::{board, run, tls};

#[cortex_m_rt::entry]
fn main() -> ! {
    run(board::mps2_an385::take(), tls::fetch)
}
