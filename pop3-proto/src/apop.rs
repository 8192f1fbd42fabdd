//! APOP (RFC 1939 section 7): the timestamp of the greeting and the digest that answers it.
//!
//! The timestamp is absorbed into an MD5 state while the greeting is being read, so that it needs no storage. Only
//! a strict msg-id of printable ASCII counts: MD5 collisions that recover the password from APOP (CVE-2007-1558) need octets
//! that a msg-id cannot have.

use crate::client::MAX_TIMESTAMP;
use crate::md5::Md5;
use crate::secret::Secret;

/// The 32 lower-case hexadecimal digits of an MD5 digest.
pub(crate) type HexDigest = [u8; 32];

/// What the octet before was part of: `<` local-part `@` domain `>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scan {
    /// No part of a msg-id.
    Nothing,
    /// `<`, or a dot in the local part: an atom must follow.
    LocalStart,
    /// An atom of the local part.
    Local,
    /// `@`: a domain or a domain literal must follow.
    DomainStart,
    /// A dot in the domain: an atom must follow.
    DomainDot,
    /// An atom of the domain.
    Domain,
    /// Between `[` and `]`.
    Literal,
    /// `]`: `>` must follow.
    LiteralEnd,
    /// The msg-id is complete.
    Found,
}

/// Finds the first msg-id (RFC 5322 section 3.6.4) in the greeting. The obsolete and the quoted forms do not count, nor
/// does a domain literal with `<` or `>` in it.
#[derive(Clone)]
pub(crate) struct Timestamp {
    scan: Scan,
    /// Of what may be a msg-id: everything from the last `<`.
    md5: Md5,
}

impl Timestamp {
    pub(crate) const fn new() -> Self {
        Self {
            scan: Scan::Nothing,
            md5: Md5::new(),
        }
    }

    /// Takes the next octets of the greeting.
    pub(crate) fn feed(&mut self, greeting: &[u8]) {
        for &octet in greeting {
            if self.is_found() {
                break;
            }
            self.scan = self.scan.next(octet);
            if octet == b'<' {
                self.md5.restart();
            }
            if self.md5.length() as usize >= MAX_TIMESTAMP {
                self.scan = Scan::Nothing;
            }
            if self.scan != Scan::Nothing {
                self.md5.push(octet);
            }
        }
    }

    /// Whether the greeting had a timestamp.
    pub(crate) fn is_found(&self) -> bool {
        self.scan == Scan::Found
    }

    /// Writes the digest of the timestamp, which has been found, and the secret.
    // Not inlined, so that what it takes of the stack is not taken from every command.
    #[inline(never)]
    pub(crate) fn digest(&self, secret: Secret<'_>, hex: &mut HexDigest) {
        let mut md5 = self.md5.clone();
        for octet in secret.expose() {
            md5.push(*octet);
        }
        md5.finish(hex);
    }
}

impl core::fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Timestamp")
            .field("found", &self.is_found())
            .finish_non_exhaustive()
    }
}

impl Scan {
    /// Where one more octet leads.
    fn next(self, octet: u8) -> Self {
        match (self, octet) {
            // It cannot be part of a msg-id: what came before was none, and another begins.
            (_, b'<') => Self::LocalStart,
            (Self::LocalStart | Self::Local, _) if is_atext(octet) => Self::Local,
            (Self::Local, b'.') => Self::LocalStart,
            (Self::Local, b'@') => Self::DomainStart,
            (Self::DomainStart, b'[') => Self::Literal,
            (Self::DomainStart | Self::DomainDot | Self::Domain, _) if is_atext(octet) => {
                Self::Domain
            }
            (Self::Domain, b'.') => Self::DomainDot,
            (Self::Domain | Self::LiteralEnd, b'>') => Self::Found,
            (Self::Literal, b']') => Self::LiteralEnd,
            (Self::Literal, 0x21..=0x7e) if !matches!(octet, b'[' | b'\\' | b'>') => Self::Literal,
            _ => Self::Nothing,
        }
    }
}

/// The octets of an atom (RFC 5322 section 3.2.3), a bit for each: what is printed, but for the specials. Comparisons would take twice
/// the code.
const ATEXT: [u32; 4] = {
    let (mut bits, mut octet) = ([0; 4], b'!');
    while octet <= b'~' {
        if !matches!(
            octet,
            b'"' | b'(' | b')' | b',' | b'.' | b':'..=b'<' | b'>' | b'@' | b'['..=b']'
        ) {
            bits[octet as usize / 32] |= 1 << (octet % 32);
        }
        octet += 1;
    }
    bits
};

#[inline(never)]
fn is_atext(octet: u8) -> bool {
    ATEXT
        .get(usize::from(octet / 32))
        .is_some_and(|bits| bits >> (octet % 32) & 1 == 1)
}
