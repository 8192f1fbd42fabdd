//! What a program has to keep, in octets, on a 64-bit machine: whoever adds a field sees what it costs. On a 32-bit
//! microcontroller it is less: see the README.
#![cfg(all(target_pointer_width = "64", feature = "apop"))]

use pop3_smoltcp::pop3_proto::sasl::MechanismKind;
use pop3_smoltcp::{Driver, Error, Session, Timeouts, WayIn};

#[test]
fn sizes_are_what_they_are() {
    let sizes = [
        ("Driver<1, 128>", size_of::<Driver<1, 128>>(), 376),
        ("Driver<1, 128, 64>", size_of::<Driver<1, 128, 64>>(), 440),
        ("Driver", size_of::<Driver>(), 816),
        ("Session<1, 128>", size_of::<Session<1, 128>>(), 352),
        ("Timeouts", size_of::<Timeouts>(), 24),
        ("Error", size_of::<Error>(), 32),
    ];
    println!("WayIn: {}", size_of::<WayIn<'_>>());
    for (name, size, _) in sizes {
        println!("{name}: {size}");
    }
    for (name, size, expected) in sizes {
        assert_eq!(size, expected, "{name}");
    }
    // It has room for the largest mechanism that was built in, by whichever crate of the program asked for it.
    let mut available = MechanismKind::ALL.iter().filter(|kind| kind.is_available());
    if !available.any(|kind| kind.is_scram() || *kind == MechanismKind::CramMd5) {
        assert_eq!(size_of::<WayIn<'_>>(), 288);
    }
}
