//! Any stream, cut in any two ways, gives the same events. The input's first octet says how many sizes of chunks follow,
//! and behind them is the stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_fuzz::dialogue;

fuzz_target!(|input: &[u8]| {
    let Some((&count, rest)) = input.split_first() else {
        return;
    };
    let (sizes, stream) = rest.split_at(rest.len().min(count.into()));
    let whole = dialogue(stream, &[]);
    assert_eq!(dialogue(stream, sizes), whole);
    assert_eq!(dialogue(stream, &[1]), whole);
});
