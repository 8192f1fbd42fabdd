//! What STAT, LIST and UIDL answer (RFC 1939 sections 5 and 7), read as leniently as framing allows: any run of
//! blanks, trailing words, `+OK` in front of every line.

use super::number::{decimal, trim, word};
use crate::command::MessageNumber;

/// `messages octets`: the octets are `None` when they are missing or no number (some servers print negative ones).
pub(crate) fn stat(mut text: &[u8]) -> Option<(u32, Option<u64>)> {
    let messages = u32::try_from(number(&mut text)?).ok()?;
    Some((messages, number(&mut text)))
}

/// A line of LIST: `number octets`.
pub(crate) fn scan(mut line: &[u8]) -> Option<(MessageNumber, u64)> {
    let message = message(&mut line)?;
    Some((message, number(&mut line)?))
}

/// The answer to LIST with a number: a scan listing of that message, or a single number, which is its octets.
pub(crate) fn scan_of(asked: MessageNumber, mut text: &[u8]) -> Option<u64> {
    let first = number(&mut text)?;
    if trim(text).is_empty() {
        return Some(first);
    }
    number(&mut text).filter(|_| first == u64::from(asked.get()))
}

/// A line of UIDL: `number unique-id`; the unique-id is `None` when it is missing.
pub(crate) fn unique_id(mut line: &[u8]) -> Option<(MessageNumber, Option<&[u8]>)> {
    let message = message(&mut line)?;
    Some((message, some_octets(trim(line))))
}

/// The answer to UIDL with a number: as a line of UIDL for that message, or a single word, which is its unique-id
/// unless it is the number that was asked for.
pub(crate) fn unique_id_of(asked: MessageNumber, text: &[u8]) -> Option<Option<&[u8]>> {
    let mut rest = text;
    let first = word(&mut rest)?;
    let rest = some_octets(trim(rest));
    if decimal(first) == Some(asked.get().into()) {
        Some(rest)
    } else if rest.is_none() {
        Some(Some(first))
    } else {
        None
    }
}

/// The number that begins a line of LIST or UIDL. A server is known that puts `+OK` in front of each.
fn message(line: &mut &[u8]) -> Option<MessageNumber> {
    let mut first = word(line)?;
    if let [b'+', b'O' | b'o', b'K' | b'k'] = first {
        first = word(line)?;
    }
    MessageNumber::new(u32::try_from(decimal(first)?).ok()?)
}

/// The next word, if it is a number.
fn number(text: &mut &[u8]) -> Option<u64> {
    decimal(word(text)?)
}

fn some_octets(octets: &[u8]) -> Option<&[u8]> {
    Some(octets).filter(|octets| !octets.is_empty())
}
