//! As much of JSON (RFC 8259) as it takes to read the texts in an object.

use core::fmt::{self, Write as _};

use crate::text::write_safely;

/// Reads from the front. Everything gives `None` where the text is not what it should be.
pub(super) struct Json<'a>(&'a [u8]);

impl<'a> Json<'a> {
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self(text)
    }

    /// Takes this octet, and white space before it.
    pub(super) fn take_octet(&mut self, expected: u8) -> Option<()> {
        self.skip_white_space();
        self.0 = self.0.strip_prefix(&[expected])?;
        Some(())
    }

    /// Takes a string, and returns what is between its quotes, escapes as they are.
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        self.take_octet(b'"')?;
        let mut escaped = false;
        let string = self.take_until(|octet| {
            let ends = octet == b'"' && !escaped;
            escaped = octet == b'\\' && !escaped;
            ends
        });
        self.take_octet(b'"')?;
        Some(string)
    }

    /// Takes a value, and returns it if it is a text: a string, or a word such as a number.
    pub(super) fn value(&mut self) -> Option<Option<JsonText<'a>>> {
        self.skip_white_space();
        match self.0.first()? {
            b'"' => self.string().map(JsonText).map(Some),
            b'{' | b'[' => self.skip_nested().map(|()| None),
            _ => {
                let word = self.take_until(|octet| !is_in_word(octet));
                (!word.is_empty()).then_some(Some(JsonText(word)))
            }
        }
    }

    /// Takes an object or an array, whatever is in it. It takes no more memory however deep it is.
    fn skip_nested(&mut self) -> Option<()> {
        let mut depth = 0u32;
        loop {
            match self.0.first()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth = depth.checked_add(1)?,
                b'}' | b']' => depth = depth.checked_sub(1)?,
                _ => {}
            }
            self.0 = self.0.get(1..)?;
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn skip_white_space(&mut self) {
        self.take_until(|octet| !matches!(octet, b' ' | b'\t' | b'\r' | b'\n'));
    }

    /// Takes the octets before the first that is not wanted any more.
    fn take_until(&mut self, mut ends: impl FnMut(u8) -> bool) -> &'a [u8] {
        let length = self.0.iter().position(|&octet| ends(octet));
        let (taken, rest) = (self.0)
            .split_at_checked(length.unwrap_or(self.0.len()))
            .unwrap_or_default();
        self.0 = rest;
        taken
    }
}

const fn is_in_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.')
}

/// A string within JSON, or a number or a word, borrowed as it was sent.
///
/// [`chars`](Self::chars) undoes the escapes. `Display` and `Debug` do too, and are safe for a terminal and a log, as those
/// of [`Text`](crate::Text) are.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct JsonText<'a>(&'a [u8]);

impl<'a> JsonText<'a> {
    /// The octets as they were sent, escapes as they are, without quotes.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The characters that are meant. What is no UTF-8, no escape, or half a surrogate pair becomes U+FFFD. Nothing is made
    /// safe to print.
    pub fn chars(self) -> impl Iterator<Item = char> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (&first, behind) = rest.split_first()?;
            let (character, behind) = match first {
                b'\\' => unescape(behind).unwrap_or((None, behind)),
                _ => first_character(rest).map_or((None, behind), |(c, rest)| (Some(c), rest)),
            };
            rest = behind;
            Some(character.unwrap_or(char::REPLACEMENT_CHARACTER))
        })
    }
}

/// The character that these octets begin with, and the octets behind it.
fn first_character(octets: &[u8]) -> Option<(char, &[u8])> {
    (1..=4).find_map(|length| {
        let (character, rest) = octets.split_at_checked(length)?;
        let character = core::str::from_utf8(character).ok()?.chars().next()?;
        Some((character, rest))
    })
}

/// The character that the octets behind a backslash mean, if they mean one, and the octets behind it.
fn unescape(octets: &[u8]) -> Option<(Option<char>, &[u8])> {
    let (&escape, rest) = octets.split_first()?;
    let character = match escape {
        b'"' | b'\\' | b'/' => char::from(escape),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return utf16(rest).or(Some((None, rest))),
        _ => return Some((None, rest)),
    };
    Some((Some(character), rest))
}

/// One or two code units of UTF-16: four hexadecimal digits; another backslash, `u` and digits if it takes two.
fn utf16(octets: &[u8]) -> Option<(Option<char>, &[u8])> {
    let (unit, rest) = code_unit(octets)?;
    let character = char::from_u32(unit.into());
    let pair = rest.strip_prefix(b"\\u").and_then(code_unit);
    if let (None, Some((second, behind))) = (character, pair) {
        if let Some(Ok(character)) = char::decode_utf16([unit, second]).next() {
            return Some((Some(character), behind));
        }
    }
    Some((character, rest))
}

fn code_unit(octets: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = octets.split_first_chunk::<4>()?;
    let unit = digits.iter().try_fold(0u16, |unit, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })?;
    Some((unit, rest))
}

impl JsonText<'_> {
    fn write(self, f: &mut fmt::Formatter<'_>, in_quotes: bool) -> fmt::Result {
        self.chars()
            .try_for_each(|character| write_safely(f, character, in_quotes))
    }
}

impl fmt::Display for JsonText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, false)
    }
}

/// In quotes, with quotes and backslashes escaped.
impl fmt::Debug for JsonText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        self.write(f, true)?;
        f.write_char('"')
    }
}
