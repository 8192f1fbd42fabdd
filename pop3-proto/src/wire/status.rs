//! The status indicator of a reply (RFC 1939 section 3), recognised while its line is being read, so that it does not
//! depend on how much of the line is kept.

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
    /// Nothing but a line end.
    Blank,
    /// The first words of a server that does not speak POP3.
    Foreign(Foreign),
    /// Anything else, `+` among it: only `+OK` is success.
    Other,
}

/// Remembers of a status line what its first octets are, and whether it has a NUL anywhere.
#[derive(Clone, Debug)]
pub(crate) struct StatusScanner {
    /// `-ERR` and the octet behind it. It includes the line end of a line shorter than that.
    head: ArrayVec<u8, 5>,
    nul: bool,
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
        let ends = |octet: u8| match octet {
            b' ' | b'\t' | b'\r' | b'\n' => true,
            _ => glued && !octet.is_ascii_alphanumeric(),
        };
        match *self.head.as_slice() {
            [b'\n'] | [b'\r', b'\n'] => Indicator::Blank,
            [b'+', b'O' | b'o', b'K' | b'k', next, ..] if ends(next) => Indicator::Positive,
            [b'-', b'E' | b'e', b'R' | b'r', b'R' | b'r', next] if ends(next) => {
                Indicator::Negative
            }
            [b'2', b'2', b'0', b' ' | b'-', ..] => Indicator::Foreign(Foreign::Smtp),
            [b'*', b' ', ..] => Indicator::Foreign(Foreign::Imap),
            _ => Indicator::Other,
        }
    }
}

/// How many octets the status indicator of such a line takes up.
pub(crate) const fn indicator_len(indicator: Indicator) -> usize {
    match indicator {
        Indicator::Positive => 3,
        Indicator::Negative => 4,
        _ => 0,
    }
}
