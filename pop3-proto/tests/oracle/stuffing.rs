//! Dot-stuffing and its undoing, as RFC 1939 section 3 tells it: line by line.

use super::model::LineEnd;

/// A message as a server sends it: a dot before each line that begins with one, and the line of one dot behind it. The
/// message ends in CRLF, or is empty.
pub fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    for (at, &octet) in message.iter().enumerate() {
        if octet == b'.' && (at == 0 || message[..at].ends_with(b"\r\n")) {
            stream.push(b'.');
        }
        stream.push(octet);
    }
    stream.extend_from_slice(b".\r\n");
    stream
}

/// What can be known of a message from the octets that came so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unstuffed {
    /// Its octets.
    pub message: Vec<u8>,
    /// How many octets of the stream it takes up, its terminator included; `None`: that has not come yet.
    pub whole: Option<usize>,
}

/// Reads a message: lines, up to a line of one dot; a dot that begins a line is not part of it.
///
/// `keep_single_dots`: it is part of it, unless another dot follows.
pub fn unstuffed(stream: &[u8], ends: LineEnd, keep_single_dots: bool) -> Unstuffed {
    let mut message = Vec::new();
    let mut rest = stream;
    while let Some(length) = line_length(rest, ends) {
        let line = &rest[..length];
        rest = &rest[length..];
        if line == b".\r\n" || (line == b".\n" && ends == LineEnd::Lf) {
            let whole = Some(stream.len() - rest.len());
            return Unstuffed { message, whole };
        }
        message.extend_from_slice(without_dot(line, keep_single_dots));
    }
    // A line that has no end yet. What may still turn out to be the terminator is no part of the message so far.
    if rest != b"." && rest != b".\r" {
        message.extend_from_slice(without_dot(rest, keep_single_dots));
    }
    let whole = None;
    Unstuffed { message, whole }
}

/// How long the first line is, with its line end.
pub fn line_length(stream: &[u8], ends: LineEnd) -> Option<usize> {
    let end: &[u8] = match ends {
        LineEnd::CrLf => b"\r\n",
        LineEnd::Lf => b"\n",
    };
    let at = stream.windows(end.len()).position(|octets| octets == end)?;
    Some(at + end.len())
}

fn without_dot(line: &[u8], keep_single_dots: bool) -> &[u8] {
    match line {
        [b'.', b'.', ..] => &line[1..],
        [b'.', ..] if !keep_single_dots => &line[1..],
        _ => line,
    }
}
