//! What a server says it can do (RFC 2449 section 6).

use core::fmt;
use core::num::NonZeroU16;

use crate::text::Text;
use crate::wire::number::{decimal_u32, trim, word};

/// One line of the answer to CAPA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Capability<'a> {
    /// `TOP`: the TOP command.
    Top,
    /// `USER`: USER and PASS may be used.
    User,
    /// `SASL`: AUTH may be used, with these mechanisms (RFC 5034). There may be none before TLS.
    Sasl(Mechanisms<'a>),
    /// `RESP-CODES`: a `[` at the beginning of a reply's text begins a response code.
    RespCodes,
    /// `AUTH-RESP-CODE`: refusals for the credentials' sake carry `[AUTH]` (RFC 3206 section 6).
    AuthRespCode,
    /// `LOGIN-DELAY`: how long to wait between log-ins.
    LoginDelay {
        /// The least time between two log-ins, in seconds.
        seconds: u32,
        /// It may be another for some users: ask again after the log-in.
        per_user: bool,
    },
    /// `PIPELINING`: several commands may be in flight.
    Pipelining,
    /// `EXPIRE`: how long the server keeps mail.
    Expire {
        /// The least number of days that mail is kept; `None`: for ever. 0: it may be gone after this session.
        days: Option<u32>,
        /// It may be another for some users: ask again after the log-in.
        per_user: bool,
    },
    /// `UIDL`: the UIDL command.
    Uidl,
    /// `IMPLEMENTATION`: the server's name and version.
    Implementation(Text<'a>),
    /// `STLS`: TLS may be begun on this connection (RFC 2595 section 4).
    Stls,
    /// `UTF8` (RFC 6856 section 2).
    Utf8 {
        /// User names and passwords may be UTF-8.
        user: bool,
    },
    /// `LANG`: the language of the texts can be chosen (RFC 6856 section 3).
    Lang,
    /// Any other line, and one of the above whose arguments could not be read. Never an error.
    Other {
        /// The first word.
        tag: Text<'a>,
        /// All behind it.
        arguments: Text<'a>,
    },
}

impl<'a> Capability<'a> {
    /// Reads a line; `None` for a blank one.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let mut arguments = line;
        let tag = word(&mut arguments)?;
        let arguments = trim(arguments);
        let other = Self::Other {
            tag: Text::new(tag),
            arguments: Text::new(arguments),
        };
        let Some(&(_, kind)) = KNOWN
            .iter()
            .find(|(name, _)| tag.eq_ignore_ascii_case(name.as_bytes()))
        else {
            return Some(other);
        };
        let mut words = arguments;
        let first = word(&mut words);
        let per_user = word(&mut words).is_some_and(|word| word.eq_ignore_ascii_case(b"USER"));
        Some(match kind {
            CapabilityKind::Top => Self::Top,
            CapabilityKind::User => Self::User,
            CapabilityKind::Sasl => Self::Sasl(Mechanisms::new(arguments)),
            CapabilityKind::RespCodes => Self::RespCodes,
            CapabilityKind::AuthRespCode => Self::AuthRespCode,
            CapabilityKind::LoginDelay => match first.and_then(decimal_u32) {
                Some(seconds) => Self::LoginDelay { seconds, per_user },
                None => other,
            },
            CapabilityKind::Pipelining => Self::Pipelining,
            CapabilityKind::Expire => match first.map(|word| (decimal_u32(word), word)) {
                Some((Some(days), _)) => Self::Expire {
                    days: Some(days),
                    per_user,
                },
                Some((None, word)) if word.eq_ignore_ascii_case(b"NEVER") => Self::Expire {
                    days: None,
                    per_user,
                },
                _ => other,
            },
            CapabilityKind::Uidl => Self::Uidl,
            CapabilityKind::Implementation => Self::Implementation(Text::new(arguments)),
            CapabilityKind::Stls => Self::Stls,
            CapabilityKind::Utf8 => Self::Utf8 {
                user: first.is_some_and(|word| word.eq_ignore_ascii_case(b"USER")),
            },
            CapabilityKind::Lang => Self::Lang,
        })
    }

    /// Which capability it is; `None` for [`Capability::Other`].
    pub const fn kind(&self) -> Option<CapabilityKind> {
        Some(match self {
            Self::Top => CapabilityKind::Top,
            Self::User => CapabilityKind::User,
            Self::Sasl(_) => CapabilityKind::Sasl,
            Self::RespCodes => CapabilityKind::RespCodes,
            Self::AuthRespCode => CapabilityKind::AuthRespCode,
            Self::LoginDelay { .. } => CapabilityKind::LoginDelay,
            Self::Pipelining => CapabilityKind::Pipelining,
            Self::Expire { .. } => CapabilityKind::Expire,
            Self::Uidl => CapabilityKind::Uidl,
            Self::Implementation(_) => CapabilityKind::Implementation,
            Self::Stls => CapabilityKind::Stls,
            Self::Utf8 { .. } => CapabilityKind::Utf8,
            Self::Lang => CapabilityKind::Lang,
            Self::Other { .. } => return None,
        })
    }
}

/// The capabilities that this crate knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CapabilityKind {
    /// `TOP`
    Top,
    /// `USER`
    User,
    /// `SASL`
    Sasl,
    /// `RESP-CODES`
    RespCodes,
    /// `AUTH-RESP-CODE`
    AuthRespCode,
    /// `LOGIN-DELAY`
    LoginDelay,
    /// `PIPELINING`
    Pipelining,
    /// `EXPIRE`
    Expire,
    /// `UIDL`
    Uidl,
    /// `IMPLEMENTATION`
    Implementation,
    /// `STLS`
    Stls,
    /// `UTF8`
    Utf8,
    /// `LANG`
    Lang,
}

impl CapabilityKind {
    /// The tag that announces it.
    pub fn tag(self) -> &'static str {
        KNOWN
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("", |(tag, _)| tag)
    }
}

impl fmt::Display for CapabilityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.tag())
    }
}

const KNOWN: [(&str, CapabilityKind); 13] = [
    ("TOP", CapabilityKind::Top),
    ("USER", CapabilityKind::User),
    ("SASL", CapabilityKind::Sasl),
    ("RESP-CODES", CapabilityKind::RespCodes),
    ("AUTH-RESP-CODE", CapabilityKind::AuthRespCode),
    ("LOGIN-DELAY", CapabilityKind::LoginDelay),
    ("PIPELINING", CapabilityKind::Pipelining),
    ("EXPIRE", CapabilityKind::Expire),
    ("UIDL", CapabilityKind::Uidl),
    ("IMPLEMENTATION", CapabilityKind::Implementation),
    ("STLS", CapabilityKind::Stls),
    ("UTF8", CapabilityKind::Utf8),
    ("LANG", CapabilityKind::Lang),
];

/// Which of the known capabilities a server announced.
///
/// That one is missing proves little: some servers announce TOP, UIDL or PIPELINING only after the log-in, or not at
/// all, and support them all the same.
// The lowest bit is always set, so that an `Option` of it takes no more.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CapabilitySet(NonZeroU16);

impl CapabilitySet {
    pub(crate) const NONE: Self = Self(NonZeroU16::MIN);

    /// Whether it was announced.
    pub const fn contains(self, kind: CapabilityKind) -> bool {
        self.0.get() & Self::bit(kind) != 0
    }

    /// One by one.
    pub fn iter(self) -> impl Iterator<Item = CapabilityKind> {
        KNOWN
            .iter()
            .map(|(_, kind)| *kind)
            .filter(move |&kind| self.contains(kind))
    }

    /// Adds a capability that is known by name.
    pub(crate) fn insert(&mut self, kind: Option<CapabilityKind>) {
        if let Some(kind) = kind {
            self.0 |= Self::bit(kind);
        }
    }

    const fn bit(kind: CapabilityKind) -> u16 {
        const { assert!(KNOWN.len() < 16, "a bit for each") };
        2 << kind as u16
    }
}

/// Their names, parted by blanks.
impl fmt::Display for CapabilitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "";
        for kind in self.iter() {
            f.write_str(before)?;
            f.write_str(kind.tag())?;
            before = " ";
        }
        Ok(())
    }
}

impl fmt::Debug for CapabilitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

/// None of them.
impl Default for CapabilitySet {
    fn default() -> Self {
        Self::NONE
    }
}

/// Whether a server can do something, as far as the client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Support {
    /// The server has done it, whatever it announces.
    Proved,
    /// It is in the newest list of capabilities.
    Announced,
    /// It is not in the newest list of capabilities, which proves little: it can be tried.
    NotAnnounced,
    /// There is no list: CAPA was never sent, was refused, or its answer was forgotten at STLS or at the log-in.
    Unknown,
    /// It is not announced, and the server has refused it. (What it has refused of TOP may have been the message.)
    Refused,
}

/// The SASL mechanisms that a server announced: their names, parted by blanks.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mechanisms<'a>(&'a [u8]);

impl<'a> Mechanisms<'a> {
    /// The mechanisms in these octets.
    pub const fn new(names: &'a [u8]) -> Self {
        Self(names)
    }

    /// Their names, one by one.
    pub fn iter(self) -> impl Iterator<Item = Text<'a>> {
        let mut names = self.0;
        core::iter::from_fn(move || word(&mut names).map(Text::new))
    }

    /// Whether the mechanism is among them, in any case of letters.
    pub fn contains(self, mechanism: &str) -> bool {
        self.iter()
            .any(|name| name.as_bytes().eq_ignore_ascii_case(mechanism.as_bytes()))
    }
}

impl fmt::Debug for Mechanisms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
