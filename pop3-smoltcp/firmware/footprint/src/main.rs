//! A program that connects, and moves octets: as they are, or, with the feature `commands`, as a session of POP3. It prints
//! nothing, so that nothing but POP3 makes the difference. It is for its size, not to be run.
#![no_std]
#![no_main]
#![allow(dead_code, reason = "of the firmware's modules this uses a part")]

#[path = "../../src/board/mod.rs"]
mod board;
#[path = "../../src/clock.rs"]
mod clock;
#[path = "../../src/network.rs"]
mod network;
#[cfg(not(feature = "commands"))]
#[path = "octets.rs"]
mod session;
#[cfg(feature = "commands")]
#[path = "pop3.rs"]
mod session;

use board::Phy;
use network::{Memory, Network};
use smoltcp::wire::{IpEndpoint, Ipv4Address};

#[cortex_m_rt::entry]
fn main() -> ! {
    let board = board::lm3s6965evb::take();
    clock::start(board.clock_hz);
    let mut memory = Memory::new();
    let mut network = Network::new(board.address, Phy::new(board.card), 1, &mut memory);
    let (socket, context) = network.socket_and_context();
    let server = IpEndpoint::new(Ipv4Address::new(10, 0, 2, 2).into(), 110);
    let _ = socket.connect(context, server, 49152);
    session::run(&mut network);
    loop {
        network.turn();
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}
