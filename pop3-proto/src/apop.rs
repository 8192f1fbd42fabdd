//! APOP (RFC 1939 section 7): the timestamp of the greeting and the digest that answers it.
//!
//! The timestamp is absorbed into an MD5 state while the greeting is being read, so that it needs no storage, whatever
//! its length. Only a strict msg-id of printable ASCII counts: MD5 collisions that recover the password from APOP
//! (CVE-2007-1558) need octets that a msg-id cannot have.

use arrayvec::ArrayVec;
use md5::{Digest as _, Md5};

use crate::secret::Secret;

/// The 32 lower-case hexadecimal digits of an MD5 digest.
pub(crate) type HexDigest = ArrayVec<u8, 32>;

/// What the octet before was part of: `<` local-part `@` domain `>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scan {
    /// No msg-id.
    Outside,
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

/// Finds the first msg-id (RFC 5322 section 3.6.4, without its obsolete and quoted forms) in the greeting.
#[derive(Clone)]
pub(crate) struct Timestamp {
    scan: Scan,
    md5: Md5,
}

impl Timestamp {
    pub(crate) fn new() -> Self {
        Self {
            scan: Scan::Outside,
            md5: Md5::new(),
        }
    }

    /// Takes the next octets of the greeting.
    pub(crate) fn feed(&mut self, greeting: &[u8]) {
        for &octet in greeting {
            if self.scan == Scan::Found {
                break;
            }
            self.scan = match (self.scan, octet) {
                // A `<` cannot be part of a msg-id: what came before was none, and another begins.
                (_, b'<') => {
                    self.md5.reset();
                    Scan::LocalStart
                }
                (Scan::LocalStart | Scan::Local, _) if is_atext(octet) => Scan::Local,
                (Scan::Local, b'.') => Scan::LocalStart,
                (Scan::Local, b'@') => Scan::DomainStart,
                (Scan::DomainStart, b'[') => Scan::Literal,
                (Scan::DomainStart | Scan::DomainDot | Scan::Domain, _) if is_atext(octet) => {
                    Scan::Domain
                }
                (Scan::Domain, b'.') => Scan::DomainDot,
                (Scan::Domain | Scan::LiteralEnd, b'>') => Scan::Found,
                (Scan::Literal, b']') => Scan::LiteralEnd,
                (Scan::Literal, 0x21..=0x7e) if !matches!(octet, b'[' | b'\\' | b'>') => {
                    Scan::Literal
                }
                _ => Scan::Outside,
            };
            if self.scan != Scan::Outside {
                self.md5.update([octet]);
            }
        }
    }

    /// Whether the greeting had a timestamp.
    pub(crate) fn is_found(&self) -> bool {
        self.scan == Scan::Found
    }

    /// Forgets it.
    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }

    /// The digest of the timestamp and the secret; `None` without a timestamp.
    pub(crate) fn digest(&self, secret: Secret<'_>) -> Option<HexDigest> {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        if !self.is_found() {
            return None;
        }
        let digest = self.md5.clone().chain_update(secret.expose()).finalize();
        let mut hex = HexDigest::new_const();
        for octet in digest {
            for nibble in [octet >> 4, octet & 0x0f] {
                if let Some(&digit) = HEX.get(usize::from(nibble)) {
                    // 16 octets make 32 digits: they fit.
                    let _ = hex.try_push(digit);
                }
            }
        }
        Some(hex)
    }
}

impl core::fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Timestamp")
            .field("scan", &self.scan)
            .finish_non_exhaustive()
    }
}

/// RFC 5322 section 3.2.3.
const fn is_atext(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'/'
                | b'='
                | b'?'
                | b'^'
                | b'_'
                | b'`'
                | b'{'
                | b'|'
                | b'}'
                | b'~'
        )
}
