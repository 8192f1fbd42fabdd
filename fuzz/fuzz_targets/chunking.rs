//! Any dialogue, with what the server sends cut in any two ways, gives the same events, errors and refusals.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_fuzz::input::Input;
use pop3_fuzz::notes::notes;

fuzz_target!(|input: &[u8]| {
    let (dialogue, _, sizes) = Input(input).dialogue();
    let whole = notes(&dialogue, &[]);
    assert_eq!(notes(&dialogue, &sizes), whole);
    assert_eq!(notes(&dialogue, &[1]), whole);
});
