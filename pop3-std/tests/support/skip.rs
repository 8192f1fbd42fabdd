//! What becomes of a test whose server is not installed.

use std::io::{self, Write};
use std::thread;

/// Says on standard error that the test is skipped and why. With `variable=1` in the environment it panics instead.
pub fn skip(reason: &str, variable: &str) {
    let required = std::env::var_os(variable).is_some_and(|value| value == "1");
    assert!(!required, "{variable}=1, but {reason}");
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    // Not eprintln, which is hidden when a test passes.
    let _ = writeln!(
        io::stderr(),
        "SKIPPED {test}: {reason}; set {variable}=1 to make this a failure"
    );
}
