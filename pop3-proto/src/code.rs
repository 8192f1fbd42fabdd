//! Response codes: what a program can read of a refusal.

use crate::text::Text;

/// A response code in brackets at the beginning of a reply's text (RFC 2449 section 8, RFC 3206, RFC 6856).
///
/// Codes are hierarchical, their levels parted by `/`: an unknown one below a known one is read as the known one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ResponseCode<'a> {
    /// `IN-USE` (RFC 2449 section 8.1.2): the maildrop is locked, probably by another session. Try again later.
    InUse,
    /// `LOGIN-DELAY` (RFC 2449 section 8.1.1): the last log-in was too recent. Try again later.
    LoginDelay,
    /// `SYS/TEMP` (RFC 3206 section 4): a system failure that is likely to go away by itself.
    SystemTemporary,
    /// `SYS/PERM` (RFC 3206 section 4): a system failure that needs someone to act.
    SystemPermanent,
    /// `AUTH` (RFC 3206 section 5): the user's credentials are the problem.
    Auth,
    /// `UTF8` (RFC 6856 section 4): the mail, or the maildrop, needs UTF8 to be asked for first.
    Utf8,
    /// Any other, without its brackets.
    Other(Text<'a>),
}

impl<'a> ResponseCode<'a> {
    /// Reads `[CODE]` at the beginning of a text.
    pub(crate) fn leading(text: &'a [u8]) -> Option<Self> {
        let inside = text.strip_prefix(b"[")?;
        let end = inside.iter().position(|&octet| octet == b']')?;
        let (code, _) = inside.split_at_checked(end)?;
        Some(
            KNOWN
                .iter()
                .find(|(name, _)| is_or_is_below(code, name))
                .map_or(Self::Other(Text::new(code)), |(_, known)| *known),
        )
    }
}

const KNOWN: [(&[u8], ResponseCode<'static>); 6] = [
    (b"IN-USE", ResponseCode::InUse),
    (b"LOGIN-DELAY", ResponseCode::LoginDelay),
    (b"SYS/TEMP", ResponseCode::SystemTemporary),
    (b"SYS/PERM", ResponseCode::SystemPermanent),
    (b"AUTH", ResponseCode::Auth),
    (b"UTF8", ResponseCode::Utf8),
];

fn is_or_is_below(code: &[u8], name: &[u8]) -> bool {
    code.split_at_checked(name.len())
        .is_some_and(|(head, below)| {
            head.eq_ignore_ascii_case(name) && matches!(below.first(), None | Some(b'/'))
        })
}
