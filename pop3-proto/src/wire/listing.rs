//! What STAT, LIST and UIDL answer (RFC 1939 sections 5 and 7), read as leniently as framing allows: any run of
//! blanks, trailing words, `+OK` in front of every line.

use super::number::{decimal, decimal_u32, trim, trim_start, word};
use crate::command::MessageNumber;

/// `messages octets`: the octets are `None` when they are missing or no number (some servers print negative ones).
pub(crate) fn stat(mut text: &[u8]) -> Option<(u32, Option<u64>)> {
    let messages = decimal_u32(word(&mut text)?)?;
    Some((messages, word(&mut text).and_then(decimal)))
}

/// A line of LIST: `number octets`.
pub(crate) fn scan(line: &[u8]) -> Option<(MessageNumber, u64)> {
    let mut line = without_indicator(line);
    let message = message_number(word(&mut line)?)?;
    Some((message, decimal(word(&mut line)?)?))
}

/// The answer to LIST with a number: a scan listing of that message, or a single number, which is its octets.
pub(crate) fn scan_of(asked: MessageNumber, mut text: &[u8]) -> Option<u64> {
    let first = decimal(word(&mut text)?)?;
    match word(&mut text) {
        None => Some(first),
        Some(octets) if first == u64::from(asked.get()) => decimal(octets),
        Some(_) => None,
    }
}

/// A line of UIDL: `number unique-id`; the unique-id is `None` when it is missing.
pub(crate) fn unique_id(line: &[u8]) -> Option<(MessageNumber, Option<&[u8]>)> {
    let mut line = without_indicator(line);
    let message = message_number(word(&mut line)?)?;
    Some((message, some_octets(trim(line))))
}

/// The answer to UIDL with a number: as a line of UIDL for that message, or a single word, which is its unique-id
/// unless it is the number that was asked for.
pub(crate) fn unique_id_of(asked: MessageNumber, text: &[u8]) -> Option<Option<&[u8]>> {
    let mut rest = text;
    let first = word(&mut rest)?;
    match (message_number(first), some_octets(trim(rest))) {
        (Some(message), id) if message == asked => Some(id),
        (_, None) => Some(Some(first)),
        _ => None,
    }
}

fn message_number(word: &[u8]) -> Option<MessageNumber> {
    decimal_u32(word).and_then(MessageNumber::new)
}

fn some_octets(octets: &[u8]) -> Option<&[u8]> {
    Some(octets).filter(|octets| !octets.is_empty())
}

/// A server is known that puts `+OK` in front of every line of UIDL.
fn without_indicator(line: &[u8]) -> &[u8] {
    let mut rest = trim_start(line);
    match word(&mut rest) {
        Some(indicator) if indicator.eq_ignore_ascii_case(b"+OK") => rest,
        _ => line,
    }
}
