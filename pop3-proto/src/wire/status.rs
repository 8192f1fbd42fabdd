//! The status indicator of a reply (RFC 1939 section 3), recognised while its line is being read, so that it does not
//! depend on how much of the line is kept.

use core::fmt;

use arrayvec::ArrayVec;
use memchr::memchr;

use crate::error::Foreign;

/// What a line is, where a status line is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Indicator {
    /// `+OK`
    Positive,
    /// `-ERR`
    Negative,
    /// `+`, with nothing or a blank behind it: a challenge, in a SASL exchange (RFC 5034 section 4).
    Challenge,
    /// Nothing but a line end.
    Blank,
    /// The first words of a server that does not speak POP3.
    Foreign(Foreign),
    /// Anything else: only `+OK` is success.
    Other,
}

/// Remembers of a status line what its first octets are, and whether it has a NUL anywhere.
#[derive(Clone)]
pub(crate) struct StatusScanner {
    /// `-ERR` and the two octets behind it, which may be the line end.
    head: ArrayVec<u8, 6>,
    nul: bool,
}

/// As for the line reader: how much, and not what.
impl fmt::Debug for StatusScanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusScanner")
            .field("head", &self.head.len())
            .field("nul", &self.nul)
            .finish()
    }
}

impl StatusScanner {
    pub(crate) const fn new() -> Self {
        Self {
            head: ArrayVec::new_const(),
            nul: false,
        }
    }

    /// Takes the next octets of the line, its line end included.
    pub(crate) fn feed(&mut self, octets: &[u8]) {
        for &octet in octets {
            if self.head.try_push(octet).is_err() {
                break;
            }
        }
        self.nul |= memchr(0, octets).is_some();
    }

    /// Whether no octet of the line has come yet.
    pub(crate) const fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// Whether the line has a NUL.
    pub(crate) const fn nul(&self) -> bool {
        self.nul
    }

    /// What the line is, once it is whole. `glued`: take an indicator with no blank behind it, if what follows is
    /// neither letter nor digit.
    pub(crate) fn indicator(&self, glued: bool) -> Indicator {
        let ends = |behind: &[u8]| match *behind {
            [b' ' | b'\t' | b'\n', ..] | [b'\r', b'\n', ..] => true,
            // A CR that ends no line is nothing that may follow.
            _ => {
                glued
                    && !matches!(
                        behind,
                        [b'\r' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z', ..]
                    )
            }
        };
        match *self.head.as_slice() {
            [b'\n'] | [b'\r', b'\n'] => Indicator::Blank,
            [b'+', b'O' | b'o', b'K' | b'k', ref behind @ ..] if ends(behind) => {
                Indicator::Positive
            }
            [b'-', b'E' | b'e', b'R' | b'r', b'R' | b'r', ref behind @ ..] if ends(behind) => {
                Indicator::Negative
            }
            [b'+', b' ' | b'\t' | b'\n', ..] | [b'+', b'\r', b'\n', ..] => Indicator::Challenge,
            [b'2', b'2', b'0', b' ' | b'-', ..] => Indicator::Foreign(Foreign::Smtp),
            [b'*', b' ', ..] => Indicator::Foreign(Foreign::Imap),
            _ => Indicator::Other,
        }
    }
}
