//! Firmware that fetches mail: `pop3-smoltcp`, without a heap. README.md says how it is built and run.
//!
//! What to copy: [`mail`] is the application. What stands between it and the network is [`clear`], or, inside TLS, [`tls`] with
//! [`over_stream`] and [`stream`]. The rest is what any firmware has: [`network`], [`clock`], and a [`board`].
#![no_std]

pub mod board;
pub mod clear;
pub mod clock;
mod failure;
mod fault;
mod header;
pub mod mail;
pub mod network;
pub mod options;
pub mod over_stream;
mod records;
pub mod session;
pub mod stack;
pub mod stream;
pub mod tls;
mod toy;
mod verifier;

pub use failure::Failure;

use board::{Board, Card, Phy};
use network::{Memory, Network};
use options::Options;
use semihosting::println;
use semihosting::process::exit;

/// The most octets that a command line has.
const COMMAND_LINE: usize = 512;

/// What a firmware does once its network is there: [`clear::fetch`] or [`tls::fetch`].
pub type Fetch<C> = fn(&mut Network<'_, Phy<C>>, &Options<'_>) -> Result<(), Failure>;

/// Does what the command line says, reports on the console, and ends with an exit status: see [`Failure::status`].
pub fn run<C: Card>(board: Board<C>, fetch: Fetch<C>) -> ! {
    stack::paint();
    println!("board {}", board.name);
    let outcome = start(board, fetch);
    println!("stack {} octets", stack::depth());
    match outcome {
        Ok(()) => {
            println!("PASS");
            exit(0)
        }
        Err(failure) => {
            println!("FAIL: {failure}");
            exit(failure.status())
        }
    }
}

#[inline(never)]
fn start<C: Card>(board: Board<C>, fetch: Fetch<C>) -> Result<(), Failure> {
    let words = semihosting::experimental::env::args::<COMMAND_LINE>()
        .map_err(|_| Failure::Options("there is no command line, or it is too long"))?;
    let options = Options::parse(&mut words.map_while(Result::ok))?;

    clock::start(board.clock_hz);
    let mut memory = Memory::new();
    let mut network = Network::new(
        board.address,
        Phy::new(board.card),
        toy::random_seed(),
        &mut memory,
    );
    fetch(&mut network, &options)
}
