//! A TOY in place of a source of random numbers: whoever knows when the firmware started knows all of them.
//!
//! Real hardware must use a true random number generator, or a cryptographic generator that is seeded by one, for each of
//! these. Guessable nonces take away what SCRAM's proof is worth, guessable ports and sequence numbers let strangers
//! into TCP connections. With TLS, everything hangs on it.

use core::cell::Cell;

use cortex_m::interrupt::{self, Mutex};
use cortex_m::peripheral::SYST;
use rand_core::{CryptoRng, RngCore};

static STATE: Mutex<Cell<u64>> = Mutex::new(Cell::new(0x9E37_79B9_7F4A_7C15));

/// Seed for what smoltcp makes up: TCP's first sequence numbers.
pub(crate) fn random_seed() -> u64 {
    next()
}

/// A port of ours that is not in use.
pub(crate) fn local_port() -> u16 {
    // The range for ports that nobody has registered (RFC 6335 section 6).
    0xC000 | (next() as u16 & 0x3FFF)
}

/// Octets for a nonce.
pub(crate) fn random_octets<const N: usize>() -> [u8; N] {
    core::array::from_fn(|_| next() as u8)
}

/// A TOY for TLS too, which a real device must not have: with it, whoever listens can compute the keys.
#[derive(Debug)]
pub(crate) struct ToyRandom;

impl RngCore for ToyRandom {
    fn next_u32(&mut self) -> u32 {
        next() as u32
    }

    fn next_u64(&mut self) -> u64 {
        next()
    }

    fn fill_bytes(&mut self, octets: &mut [u8]) {
        octets.fill_with(|| next() as u8);
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(octets);
        Ok(())
    }
}

/// It is not. TLS takes no generator that does not claim to be.
impl CryptoRng for ToyRandom {}

/// A step of xorshift64, stirred by the processor's timer.
fn next() -> u64 {
    interrupt::free(|token| {
        let state = STATE.borrow(token);
        let mut number = state.get() ^ u64::from(SYST::get_current()) << 20;
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        state.set(number);
        number
    })
}
