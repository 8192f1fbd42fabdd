//! The core, and the session of `pop3-smoltcp`, without smoltcp, which can panic: `../../no-panic` builds this program with each
//! set of features. It links only if no panic is reachable. It is for that, not to be run.
#![no_std]
#![no_main]

#[cfg(not(feature = "driver"))]
#[path = "../core_alone.rs"]
mod session;
#[cfg(feature = "driver")]
#[path = "../session_alone.rs"]
mod session;
#[path = "../transport.rs"]
mod transport;

use core::hint::black_box;

use cortex_m_rt as _;
use transport::Transport;

/// Lends what the compiler knows nothing of.
struct Unknown;

impl Transport for Unknown {
    fn send<R>(&mut self, write: impl FnOnce(&mut [u8]) -> (usize, R)) -> Option<R> {
        let ring: &mut [u8] = &mut [];
        let (octets, result) = write(black_box(ring));
        black_box(octets);
        Some(result)
    }

    fn receive<R>(&mut self, read: impl FnOnce(&[u8]) -> (usize, R)) -> Option<R> {
        let ring: &[u8] = &[];
        let ring = black_box(ring);
        if cfg!(feature = "planted") {
            black_box([0; 128][ring.len()]);
        }
        let (octets, result) = read(ring);
        black_box(octets);
        Some(result)
    }

    fn turn(&mut self) {}
}

#[cortex_m_rt::entry]
fn main() -> ! {
    loop {
        session::run(&mut Unknown);
    }
}

/// Nobody defines `a_panic_is_reachable`, and what is never called is dropped: whatever panic the optimiser could not rule out
/// is an error of the linker.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    #[expect(unsafe_code, reason = "nobody defines it, so nobody calls it")]
    unsafe extern "C" {
        safe fn a_panic_is_reachable() -> !;
    }
    if cfg!(feature = "linked") {
        loop {
            cortex_m::asm::wfi();
        }
    }
    a_panic_is_reachable()
}
