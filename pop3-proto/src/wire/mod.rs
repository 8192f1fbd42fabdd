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
