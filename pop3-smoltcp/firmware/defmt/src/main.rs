//! Logs by defmt, over semihosting, whatever of the crates can be logged, with secrets in all places that there are for them.
//! It needs no network, only a command line: see [`Arguments`]. `host-tests` runs it and reads what it logs.
#![no_std]
#![no_main]

mod repeated;
mod values;
mod ways_in;

use core::ffi::CStr;

use pop3_smoltcp::pop3_proto::sasl::{ChannelBinding, ChannelBindingKind, Nonce};
use semihosting::experimental::env::args;
use semihosting::fs::File;
use semihosting::io::Write as _;
use semihosting::process::exit;
use {cortex_m as _, defmt_semihosting as _};

/// What must not be shown, in the order of the command line.
#[derive(Clone, Copy)]
struct Secrets<'a> {
    password: &'a str,
    token: &'a str,
    nonce: &'a str,
    binding: &'a str,
}

impl<'a> Secrets<'a> {
    fn nonce(&self) -> Nonce {
        Nonce::from_text(self.nonce.as_bytes()).expect("a nonce")
    }

    /// What TLS would say.
    fn binding(&self) -> ChannelBinding<'a> {
        ChannelBinding {
            kind: ChannelBindingKind::TlsExporter,
            data: self.binding.as_bytes(),
        }
    }
}

/// The command line, of keys and values: `sent`, the file for [`Sent`], then `password`, `token`, `nonce` and `binding`.
struct Arguments<'a> {
    sent: &'a str,
    secrets: Secrets<'a>,
}

impl<'a> Arguments<'a> {
    fn parse(words: &mut dyn Iterator<Item = &'a str>) -> Self {
        words.next();
        let mut value = |key| {
            assert_eq!(words.next(), Some(key));
            words.next().expect("a value")
        };
        Self {
            sent: value("sent"),
            secrets: Secrets {
                password: value("password"),
                token: value("token"),
                nonce: value("nonce"),
                binding: value("binding"),
            },
        }
    }
}

/// A file of the debugger's machine that all goes into which a server would get: the test learns from it what was made of the
/// secrets.
struct Sent(File);

impl Sent {
    fn create(name: &str) -> Self {
        let mut path = [0; 128];
        path[..name.len()].copy_from_slice(name.as_bytes());
        let path = CStr::from_bytes_until_nul(&path).expect("a shorter path");
        Self(File::create(path).expect("a file that can be written"))
    }

    fn write(&mut self, octets: &[u8]) {
        self.0.write_all(octets).expect("it can be written");
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let words = args::<512>().expect("a command line");
    let arguments = Arguments::parse(&mut words.map_while(Result::ok));
    let mut sent = Sent::create(arguments.sent);
    values::log(&arguments.secrets);
    ways_in::log(&arguments.secrets, &mut sent);
    repeated::log(&arguments.secrets, &mut sent);
    defmt::println!("that was all");
    exit(0)
}
