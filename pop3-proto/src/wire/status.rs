//! The status indicator of a reply (RFC 1939 section 3).

use crate::error::Foreign;
use crate::features::SASL;

/// What a line is, where a status line is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Indicator {
    /// `+OK`
    Positive,
    /// `-ERR`
    Negative,
    /// `+`, with nothing or a blank behind it: a challenge, in a SASL exchange (RFC 5034 section 4).
    Challenge,
    /// Nothing but a line end.
    Blank,
    /// The first words of a server that does not speak POP3.
    Foreign(Foreign),
    /// Anything else: only `+OK` is success.
    Other,
}

/// So many octets of a line tell what it is: `-ERR`, and what stands behind it.
pub(crate) const DECISIVE: usize = 5;

impl Indicator {
    /// What this line is. `glued`: take an indicator with no blank behind it, if what follows is neither letter nor digit.
    pub(crate) fn of(line: &[u8], glued: bool) -> Self {
        if line.is_empty() {
            Self::Blank
        } else if begins(line, b"+OK", glued) {
            Self::Positive
        } else if begins(line, b"-ERR", glued) {
            Self::Negative
        } else if SASL && begins(line, b"+", false) {
            Self::Challenge
        } else if line.starts_with(b"220 ") || line.starts_with(b"220-") {
            Self::Foreign(Foreign::Smtp)
        } else if line.starts_with(b"* ") {
            Self::Foreign(Foreign::Imap)
        } else {
            Self::Other
        }
    }
}

/// Whether the line begins with this indicator, in any case of letters, and what stands behind it may stand there.
fn begins(line: &[u8], indicator: &[u8], glued: bool) -> bool {
    let (head, behind) = line.split_at_checked(indicator.len()).unwrap_or_default();
    let same = |(octet, letter): (&u8, &u8)| octet.to_ascii_uppercase() == *letter;
    head.len() == indicator.len()
        && head.iter().zip(indicator).all(same)
        && match behind {
            [] | [b' ' | b'\t', ..] => true,
            // A CR that ends no line cannot.
            [first, ..] => {
                glued && !matches!(first, b'\r' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z')
            }
        }
}
