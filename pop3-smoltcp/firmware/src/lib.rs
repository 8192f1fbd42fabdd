//! Firmware that fetches mail: `pop3-smoltcp`, without a heap. README.md says how it is built and run.
//!
//! What to copy: [`mail`] is the application, [`session`] what stands between it and the network. The rest is what any
//! firmware has: [`network`], [`clock`], and a [`board`].
#![no_std]

pub mod board;
pub mod clock;
mod failure;
mod fault;
mod header;
pub mod mail;
pub mod network;
pub mod options;
pub mod session;
pub mod stack;
mod toy;

pub use failure::Failure;

use board::{Board, Card, Phy};
use network::{Memory, Network};
use options::Options;
use pop3_smoltcp::pop3_proto::sasl::Nonce;
use semihosting::println;
use semihosting::process::exit;
use session::Session;

/// The most octets that a command line has.
const COMMAND_LINE: usize = 256;

/// Does what the command line says, reports on the console, and ends with an exit status: see [`Failure::status`].
pub fn run<C: Card>(board: Board<C>) -> ! {
    stack::paint();
    println!("board {}", board.name);
    let outcome = fetch(board);
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
fn fetch<C: Card>(board: Board<C>) -> Result<(), Failure> {
    let words = semihosting::experimental::env::args::<COMMAND_LINE>()
        .map_err(|_| Failure::Options("there is no command line, or it is too long"))?;
    let options = Options::parse(&mut words.map_while(Result::ok)).map_err(Failure::Options)?;

    clock::start(board.clock_hz);
    let mut memory = Memory::new();
    let mut network = Network::new(
        board.address,
        Phy::new(board.card),
        toy::random_seed(),
        &mut memory,
    );
    let mut session = Session::connect(&mut network, options.server, options.timeouts)?;
    let nonce = Nonce::new(toy::random_octets());
    mail::fetch(&mut session, &options, nonce)
}
