//! A program that connects, and moves octets: as they are, or, by its features, as a session of POP3. It prints nothing, so that
//! nothing but POP3 makes the difference. It is for its size, not to be run.
#![no_std]
#![no_main]
#![allow(dead_code, reason = "of the firmware's modules this uses a part")]

#[path = "../../src/board/mod.rs"]
mod board;
#[path = "../../src/clock.rs"]
mod clock;
#[path = "../../src/network.rs"]
mod network;
#[cfg(not(any(feature = "core", feature = "stand-in", feature = "driver")))]
#[path = "octets.rs"]
mod session;
#[cfg(any(feature = "core", feature = "stand-in"))]
#[path = "core_alone.rs"]
mod session;
#[cfg(feature = "driver")]
#[path = "driver.rs"]
mod session;
#[cfg(feature = "stand-in")]
mod stand_in;
mod transport;

use board::Phy;
use network::{Memory, Network};
use smoltcp::phy::Device;
use smoltcp::wire::{IpEndpoint, Ipv4Address};
use transport::Transport;

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

impl<D: Device> Transport for Network<'_, D> {
    fn send<R>(&mut self, write: impl FnOnce(&mut [u8]) -> (usize, R)) -> Option<R> {
        self.socket().send(write).ok()
    }

    fn receive<R>(&mut self, read: impl FnOnce(&[u8]) -> (usize, R)) -> Option<R> {
        self.socket().recv(|ring| read(ring)).ok()
    }

    fn turn(&mut self) {
        self.turn();
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}
