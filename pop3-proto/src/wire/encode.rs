//! Commands as octets: a keyword, its arguments, CRLF; the whole of it or nothing.

use crate::error::SendError;
use crate::sasl::{self, Mechanism};

/// Writes the line into `out` and returns its length in octets. An empty argument is none. On an error `out` is as it was.
pub(crate) fn line(
    keyword: &[u8],
    arguments: [&[u8]; 2],
    out: &mut [u8],
) -> Result<usize, SendError> {
    let [first, second] = arguments;
    let blank = |argument: &[u8]| if argument.is_empty() { &b""[..] } else { b" " };
    let pieces = [keyword, blank(first), first, blank(second), second, b"\r\n"];
    let needed = length(&pieces);
    let mut rest = out
        .get_mut(..needed)
        .ok_or(SendError::BufferTooSmall { needed })?;
    for piece in &pieces {
        put(&mut rest, piece);
    }
    Ok(needed)
}

fn length(pieces: &[&[u8]]) -> usize {
    (pieces.iter()).fold(0, |sum: usize, piece| sum.saturating_add(piece.len()))
}

/// Writes these octets, then the response that is due in base64 (`empty` if there is nothing in it), then CRLF, and returns
/// the length of it all in octets. On an error `out` is as it was.
pub(crate) fn response(
    before: &[&[u8]],
    mechanism: &dyn Mechanism,
    empty: &[u8],
    out: &mut [u8],
) -> Result<usize, SendError> {
    let due = sasl::length(mechanism);
    let empty = if due == 0 { empty } else { b"" };
    let needed = length(before)
        .saturating_add(due)
        .saturating_add(empty.len())
        .saturating_add(2);
    let mut rest = out
        .get_mut(..needed)
        .ok_or(SendError::BufferTooSmall { needed })?;
    for part in before {
        put(&mut rest, part);
    }
    let (response, mut rest) = rest.split_at_mut_checked(due).unwrap_or_default();
    // A mechanism that says less the second time must not leave what was here before in between.
    response.fill(b'=');
    sasl::write(mechanism, response);
    put(&mut rest, empty);
    put(&mut rest, b"\r\n");
    Ok(needed)
}

fn put(out: &mut &mut [u8], octets: &[u8]) {
    // Always fits: the caller has measured. No `copy_from_slice`: it would panic if that were wrong.
    let (head, rest) = core::mem::take(out)
        .split_at_mut_checked(octets.len())
        .unwrap_or_default();
    for (to, octet) in head.iter_mut().zip(octets) {
        *to = *octet;
    }
    *out = rest;
}

/// Whether the octets can be an argument: CR or LF would begin another command, NUL ends it for many a server, and a blank may
/// stand only in what is the last argument.
#[inline(never)]
pub(crate) fn is_argument(octets: &[u8], last: bool) -> bool {
    let forbidden = |octet: &u8| matches!(octet, b'\r' | b'\n' | 0) || !last && *octet == b' ';
    !octets.is_empty() && !octets.iter().any(forbidden)
}
