//! A password, or another secret, that shows itself to nobody.

use core::fmt;

/// A borrowed secret. Neither `Debug` nor `Display` ever shows it, in any profile; what they print is `***`.
///
/// The core keeps no secret: it goes from here into the caller's output buffer. Wiping that buffer is the caller's part.
#[derive(Clone, Copy)]
pub struct Secret<'a>(&'a [u8]);

impl<'a> Secret<'a> {
    /// A secret of these octets.
    pub const fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// The octets themselves.
    pub const fn expose(self) -> &'a [u8] {
        self.0
    }
}

impl<'a> From<&'a [u8]> for Secret<'a> {
    fn from(octets: &'a [u8]) -> Self {
        Self(octets)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Secret<'a> {
    fn from(octets: &'a [u8; N]) -> Self {
        Self(octets)
    }
}

impl<'a> From<&'a str> for Secret<'a> {
    fn from(text: &'a str) -> Self {
        Self(text.as_bytes())
    }
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
