//! Octets that a server sent for people to read.

use core::fmt::{self, Write as _};

use crate::code::ResponseCode;

/// A server's text: octets of no promised character set, borrowed.
///
/// `Display` and `Debug` are safe for a terminal and a log: octets that are not UTF-8 become U+FFFD, control characters
/// are escaped (`\r`, `\u{1b}`). What was really sent is in [`Text::as_bytes`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// A text of these octets.
    pub const fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// The octets as they were sent.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Whether the server sent no text at all, which many do.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The text, if it is UTF-8. Unlike `Display` this escapes nothing.
    ///
    /// # Errors
    ///
    /// It is not UTF-8.
    pub const fn to_str(self) -> Result<&'a str, core::str::Utf8Error> {
        core::str::from_utf8(self.0)
    }

    /// The response code that begins the text (RFC 2449 section 8): `[IN-USE] Do you have another session?`
    ///
    /// It can be relied on only if the server announced RESP-CODES: without it, brackets are just brackets.
    pub fn response_code(self) -> Option<ResponseCode<'a>> {
        ResponseCode::leading(self.0)
    }
}

impl<'a> From<&'a [u8]> for Text<'a> {
    fn from(octets: &'a [u8]) -> Self {
        Self(octets)
    }
}

impl AsRef<[u8]> for Text<'_> {
    fn as_ref(&self) -> &[u8] {
        self.0
    }
}

impl Text<'_> {
    fn write(self, f: &mut fmt::Formatter<'_>, in_quotes: bool) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                write_safely(f, character, in_quotes)?;
            }
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, false)
    }
}

/// In quotes, with quotes and backslashes escaped: no text can pretend to be more than one.
impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        self.write(f, true)?;
        f.write_char('"')
    }
}

/// Writes a character that somebody else chose: escaped if it is not safe to print, or would end the quotes around it.
pub(crate) fn write_safely(
    f: &mut fmt::Formatter<'_>,
    character: char,
    in_quotes: bool,
) -> fmt::Result {
    if is_unsafe_to_print(character) || in_quotes && matches!(character, '"' | '\\') {
        write!(f, "{}", character.escape_default())
    } else {
        f.write_char(character)
    }
}

/// Control characters drive a terminal; directional and invisible ones make a line read as another.
fn is_unsafe_to_print(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}
