//! All that comes from outside: stdin, stdout and stderr, a clock, the environment, and what a panic leads to.

use core::ffi::{CStr, c_char, c_int, c_short, c_ulong, c_void};
use core::fmt::{self, Write as _};
use core::panic::PanicInfo;

/// Nobody defines `a_panic_is_reachable`, and the linker drops what is never called: whatever panic the optimiser could not
/// rule out is an error of the linker.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn a_panic_is_reachable() -> !;
    }
    a_panic_is_reachable()
}

/// Writes a line to stderr, if the feature `console` is on.
pub(crate) fn console(line: fmt::Arguments<'_>) {
    struct Stderr;
    impl fmt::Write for Stderr {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            put(2, text.as_bytes()).map_err(|_| fmt::Error)
        }
    }
    if cfg!(feature = "console") {
        let _ = writeln!(Stderr, "{line}");
    }
}

/// Reading or writing failed.
pub(crate) struct InputOutput;

#[repr(C)]
struct PollFd {
    file: c_int,
    events: c_short,
    happened: c_short,
}

impl PollFd {
    const IN: c_short = 1;
}

#[link(name = "c")]
unsafe extern "C" {
    fn poll(files: *mut PollFd, count: c_ulong, milliseconds: c_int) -> c_int;
    #[link_name = "read"]
    fn read_from(file: c_int, into: *mut c_void, most: usize) -> isize;
    fn write(file: c_int, octets: *const c_void, count: usize) -> isize;
    fn time(into: *mut i64) -> i64;
    fn getenv(name: *const c_char) -> *const c_char;
}

/// Waits for so many milliseconds at most, and says whether something can be read from stdin.
pub(crate) fn wait(milliseconds: c_int) -> bool {
    let mut stdin = PollFd {
        file: 0,
        events: PollFd::IN,
        happened: 0,
    };
    // SAFETY: a pointer to one `PollFd`, as the count says.
    unsafe { poll(&mut stdin, 1, milliseconds) != 0 }
}

/// Reads from stdin, at most as many octets as the buffer holds; 0 is the end.
pub(crate) fn read(buffer: &mut [u8]) -> Result<usize, InputOutput> {
    // SAFETY: pointer and length are those of a slice.
    let count = unsafe { read_from(0, buffer.as_mut_ptr().cast(), buffer.len()) };
    usize::try_from(count).map_err(|_| InputOutput)
}

/// Writes all of the octets.
pub(crate) fn put(file: c_int, mut octets: &[u8]) -> Result<(), InputOutput> {
    while !octets.is_empty() {
        // SAFETY: pointer and length are those of a slice.
        let written = unsafe { write(file, octets.as_ptr().cast(), octets.len()) };
        octets = usize::try_from(written)
            .ok()
            .and_then(|written| octets.get(written..))
            .ok_or(InputOutput)?;
    }
    Ok(())
}

/// A clock, in milliseconds.
pub(crate) fn now() -> u64 {
    // SAFETY: null is allowed.
    let seconds = unsafe { time(core::ptr::null_mut()) };
    u64::try_from(seconds).unwrap_or(0).saturating_mul(1000)
}

/// A variable of the environment.
pub(crate) fn variable(name: &CStr) -> Option<&'static [u8]> {
    // SAFETY: `getenv` gives null or a string that ends in NUL; it stays, for nobody changes the environment.
    unsafe {
        let value = getenv(name.as_ptr());
        (!value.is_null()).then(|| CStr::from_ptr(value).to_bytes())
    }
}
