//! How deep the calls go, those of the core and those of the driver, and how much memory their types take, on this processor.
//! `../../../depth` runs it, and knows the bounds.
#![no_std]
#![no_main]

mod client;
mod driver;
mod replies;
#[path = "../../../../src/stack.rs"]
mod stack;
mod wire;

use pop3_smoltcp::pop3_proto::Client;
use pop3_smoltcp::pop3_proto::login::{Login, Opening};
use pop3_smoltcp::pop3_proto::sasl::Nonce;
use pop3_smoltcp::{Driver, WayIn};
use semihosting::println;

use replies::CONVERSATIONS;

#[cortex_m_rt::entry]
fn main() -> ! {
    for (name, size) in [
        ("Client<1,128>", size_of::<Client<1, 128>>()),
        ("Client", size_of::<Client>()),
        ("Opening", size_of::<Opening>()),
        ("Login", size_of::<Login<'_>>()),
        ("Driver<1,128>", size_of::<Driver<1, 128>>()),
        ("WayIn", size_of::<WayIn<'_>>()),
    ] {
        println!("size {name} {size}");
    }
    let mut client = client::Depths::default();
    let mut driver = driver::Depths::default();
    for conversation in CONVERSATIONS {
        client::hold(conversation, &mut client);
        for ring in driver::RINGS {
            driver::hold(conversation, ring, &mut driver);
        }
    }
    for (name, depth) in [
        ("Client::send", client.send),
        ("Client::receive", client.receive),
        ("Opening,Login", client.machines),
        ("Driver::connect", driver.connect),
        ("Driver::log_in", driver.log_in),
        ("Driver::send", driver.send),
        ("Driver::poll", driver.poll),
        ("Driver::abort", driver.abort),
    ] {
        println!("stack {name} {depth}");
    }
    semihosting::process::exit(0)
}

/// That of RFC 7677 section 3.
fn nonce() -> Nonce {
    Nonce::from_text(b"rOprNGfwEbeRWgbNEkqO").expect("a nonce")
}

#[panic_handler]
fn panic(panic: &core::panic::PanicInfo<'_>) -> ! {
    println!("{panic}");
    semihosting::process::exit(101)
}
