//! Octets, and nothing of sessions: lines, dots, numbers, the grammar of replies and of commands.

pub(crate) mod dot;
pub(crate) mod encode;
mod find;
pub(crate) mod line;
pub(crate) mod listing;
pub(crate) mod number;
pub(crate) mod status;

pub(crate) use find::find;

/// What ends a line of a multi-line reply.
///
/// A reply whose status line ended in CRLF has only CRLF for line ends: a bare LF in it is data. Taking both would let
/// a mail that contains `LF . LF` end itself early and have its next lines read as replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnd {
    /// CRLF only.
    CrLf,
    /// LF, with or without a CR before it.
    Lf,
}

/// Takes the first `count` octets off the cursor (all of them, if there are fewer).
pub(crate) fn take<'i>(input: &mut &'i [u8], count: usize) -> &'i [u8] {
    let (head, rest) = input.split_at_checked(count).unwrap_or((*input, &[]));
    *input = rest;
    head
}

/// Takes the octets up to the first LF, with it, off the cursor; `None` if there is no LF.
pub(crate) fn take_line<'i>(input: &mut &'i [u8]) -> Option<&'i [u8]> {
    let lf = find(b'\n', input)?;
    let (line, rest) = input.split_at_checked(lf.wrapping_add(1))?;
    *input = rest;
    Some(line)
}
