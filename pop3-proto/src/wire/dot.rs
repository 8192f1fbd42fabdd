//! Dot-unstuffing (RFC 1939 section 3): the octets of a message out of a multi-line reply, without copying them.
//!
//! At the start of a line a `.` is dropped, whatever follows it; if CRLF follows, that was the terminator. So the only
//! octet that ever has to be withheld between two chunks is a CR behind such a dot, and when no LF follows, it is
//! given out from a `'static` slice. The CRLF before the terminator belongs to the message.

use super::{LineEnd, take, take_line};

/// What the next octet may be part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// First octet of a line: a dot here is stuffing, or the terminator.
    LineStart,
    /// Inside a line.
    Text,
    /// Behind a CR inside a line: LF would end the line.
    Cr,
    /// Behind a dot that stood first in its line and was dropped.
    Dot,
    /// Behind such a dot and a CR, which is withheld: LF would end the message.
    DotCr,
}

/// A piece of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'i> {
    /// The message's next octets, never none.
    Octets(&'i [u8]),
    /// The terminator has been read.
    End,
}

/// Undoes dot-stuffing and finds the terminator, in chunks of any size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unstuffer {
    state: State,
    ends: LineEnd,
    keep_single_dots: bool,
}

impl Unstuffer {
    /// `keep_single_dots`: a line that begins with one dot and then something else keeps its dot, for servers that
    /// stuff nothing.
    pub(crate) const fn new(ends: LineEnd, keep_single_dots: bool) -> Self {
        Self {
            state: State::LineStart,
            ends,
            keep_single_dots,
        }
    }

    /// The next piece; `None` when the input is used up.
    pub(crate) fn next<'i>(&mut self, input: &mut &'i [u8]) -> Option<Piece<'i>> {
        loop {
            let first = *input.first()?;
            match (self.state, first) {
                (State::LineStart, b'.') => {
                    take(input, 1);
                    self.state = State::Dot;
                }
                (State::Dot, b'\r') => {
                    take(input, 1);
                    self.state = State::DotCr;
                }
                (State::Dot, b'\n') if self.ends == LineEnd::Lf => return Some(self.end(input)),
                (State::DotCr, b'\n') => return Some(self.end(input)),
                (State::Dot, _) => {
                    self.state = State::Text;
                    if self.keep_single_dots && first != b'.' {
                        return Some(Piece::Octets(b"."));
                    }
                }
                (State::DotCr, _) => {
                    self.state = State::Cr;
                    return Some(Piece::Octets(if self.keep_single_dots {
                        b".\r"
                    } else {
                        b"\r"
                    }));
                }
                (State::LineStart | State::Text | State::Cr, _) => {
                    return Some(Piece::Octets(self.run(input)));
                }
            }
        }
    }

    fn end<'i>(&mut self, input: &mut &'i [u8]) -> Piece<'i> {
        take(input, 1);
        self.state = State::LineStart;
        Piece::End
    }

    /// The longest run of octets that can be given out as they stand: up to a dot that begins a line.
    fn run<'i>(&mut self, input: &mut &'i [u8]) -> &'i [u8] {
        let chunk = *input;
        let mut rest = chunk;
        while let Some(line) = take_line(&mut rest) {
            // Unless a dot may follow, it does not matter whether this LF ends a line.
            if matches!(rest.first(), None | Some(b'.')) {
                let after_cr = match line {
                    [.., before, _] => *before == b'\r',
                    // The CR was the last octet of the chunk before.
                    _ => self.state == State::Cr && rest.len().wrapping_add(1) == chunk.len(),
                };
                if after_cr || self.ends == LineEnd::Lf {
                    self.state = State::LineStart;
                    return take(input, chunk.len().wrapping_sub(rest.len()));
                }
            }
        }
        self.state = match chunk.last() {
            Some(b'\r') => State::Cr,
            _ => State::Text,
        };
        take(input, chunk.len())
    }
}
