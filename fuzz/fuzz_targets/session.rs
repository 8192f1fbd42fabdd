//! Whatever happens to a client, in any order, it does what the executable specification says, and says so of itself; and no
//! server makes the way into a session a wrong one. The input: which of the two; then a dialogue, or a way in, sizes of pieces,
//! and a stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_fuzz::input::Input;

fuzz_target!(|input: &[u8]| {
    let mut input = Input(input);
    if input.octet() & 1 == 0 {
        let (dialogue, size, sizes) = input.dialogue();
        dialogue.check_with_size(size, &sizes);
    } else {
        let (way, sizes) = (input.way_in(), input.sizes());
        way.go(input.0, &sizes);
    }
});
