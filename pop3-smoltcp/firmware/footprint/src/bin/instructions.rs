//! How many instructions the client takes for each octet of a mail's body: `../../instructions` runs it in QEMU, where each
//! instruction takes a nanosecond, and knows the bounds.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m::Peripherals;
use cortex_m::asm::delay;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use pop3_proto::{Client, Command, Event, MessageNumber};
use semihosting::println;

/// A line of a body, with its line end: 72 octets of text, and a dot where it begins nothing.
const LINE: [u8; 74] =
    *b"Most of a mail is lines as this one, and it goes in by words. Or nearly.\r\n";

/// The body.
static MAIL: [[u8; 74]; 400] = [LINE; 400];

/// How many octets are received at once: a small ring, a middling one, a segment of Ethernet.
const CHUNKS: [usize; 3] = [64, 512, 1460];

/// The board's clock as it is after a reset: 12.5 MHz. So many instructions are one tick of it.
const INSTRUCTIONS_A_TICK: u32 = 80;

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut timer = Peripherals::take().expect("once").SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(0xFF_FFFF);
    timer.clear_current();
    timer.enable_counter();
    // Rounds of two instructions; there is something around them that is in both.
    let known = count(|| delay(2_000_000)) - count(|| delay(1_000_000));
    println!("known 2000000 {known}");
    for chunk in CHUNKS {
        let (octets, instructions) = receive(chunk);
        println!("body {chunk} {octets} {instructions}");
    }
    semihosting::process::exit(0)
}

/// Calls, and says how many instructions that took, to a tick.
#[inline(never)]
fn count(call: impl FnOnce()) -> u32 {
    let before = SYST::get_current();
    call();
    // It counts down.
    (before.wrapping_sub(SYST::get_current()) & 0xFF_FFFF) * INSTRUCTIONS_A_TICK
}

/// Receives the mail in pieces of so many octets. How many octets, how many instructions?
fn receive(chunk: usize) -> (usize, u32) {
    let mut client = Client::<1, 128>::new();
    let mut out = [0; 64];
    for (reply, command) in [
        ("+OK\r\n", Command::User(b"mrose")),
        ("+OK\r\n", Command::Pass("tanstaaf".into())),
        ("+OK\r\n", Command::Retr(MessageNumber::FIRST)),
        ("+OK\r\n", Command::Quit),
    ] {
        let mut input = black_box(reply.as_bytes());
        let event = client.receive(&mut input);
        assert!(matches!(event, Ok(Some(_))), "{event:?}");
        if command.kind() != pop3_proto::CommandKind::Quit {
            let sent = client.send(&command, black_box(&mut out));
            assert!(sent.is_ok(), "{sent:?}");
        }
    }
    let mail = black_box(MAIL.as_flattened());
    let mut octets = 0;
    let instructions = count(|| {
        for mut input in mail.chunks(chunk) {
            while let Ok(Some(event)) = client.receive(&mut input) {
                if let Event::Body(body) = event {
                    octets += body.len();
                }
            }
        }
    });
    assert_eq!(octets, mail.len());
    (octets, instructions)
}

#[panic_handler]
fn panic(panic: &core::panic::PanicInfo<'_>) -> ! {
    println!("{panic}");
    semihosting::process::exit(101)
}
