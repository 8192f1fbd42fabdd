//! A program's worth of the core without std.
#![no_std]

use core::panic::PanicInfo;
use pop3_proto::{Client, Command, Event, MAX_COMMAND};

/// Uses both directions of the core, so that they are compiled.
pub extern "C" fn entry() -> usize {
    let mut client: Client = Client::new();
    let mut input: &[u8] = b"+OK ready <1@a.b>\r\n";
    let mut out = [0; MAX_COMMAND];
    let Ok(Some(Event::Greeting { .. })) = client.receive(&mut input) else {
        return 0;
    };
    let apop = Command::Apop {
        user: b"mrose",
        secret: "tanstaaf".into(),
    };
    client.send(&apop, &mut out).map_or(0, |sent| sent.octets)
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
