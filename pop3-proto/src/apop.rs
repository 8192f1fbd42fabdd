//! APOP (RFC 1939 section 7): the timestamp of the greeting and the digest that answers it.
//!
//! The timestamp is absorbed into an MD5 state while the greeting is being read, so that it needs no storage, whatever
//! its length. Only a strict msg-id of printable ASCII counts: MD5 collisions that recover the password from APOP
//! (CVE-2007-1558) need octets that a msg-id cannot have. The MD5 states wipe themselves (`md-5`'s feature `zeroize`).

use arrayvec::ArrayVec;
use md5::{Digest as _, Md5};

use crate::secret::Secret;

/// The 32 lower-case hexadecimal digits of an MD5 digest.
pub(crate) type HexDigest = ArrayVec<u8, 32>;

/// What the octet before was part of: `<` local-part `@` domain `>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scan {
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
pub(crate) struct Timestamp(Option<Candidate>);

/// What may be a msg-id: everything from the last `<`.
#[derive(Clone)]
struct Candidate {
    scan: Scan,
    md5: Md5,
}

impl Timestamp {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// Takes the next octets of the greeting.
    pub(crate) fn feed(&mut self, greeting: &[u8]) {
        for &octet in greeting {
            if self.is_found() {
                break;
            }
            if octet == b'<' {
                // It cannot be part of a msg-id: what came before was none, and another begins.
                self.0 = Some(Candidate {
                    scan: Scan::LocalStart,
                    md5: Md5::new_with_prefix(b"<"),
                });
            } else if let Some(candidate) = &mut self.0 {
                match candidate.scan.next(octet) {
                    Some(scan) => {
                        candidate.scan = scan;
                        candidate.md5.update([octet]);
                    }
                    None => self.0 = None,
                }
            }
        }
    }

    /// Whether the greeting had a timestamp.
    pub(crate) fn is_found(&self) -> bool {
        self.found().is_some()
    }

    fn found(&self) -> Option<&Candidate> {
        self.0
            .as_ref()
            .filter(|candidate| candidate.scan == Scan::Found)
    }

    /// The digest of the timestamp and the secret; `None` without a timestamp.
    pub(crate) fn digest(&self, secret: Secret<'_>) -> Option<HexDigest> {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let md5 = self.found()?.md5.clone();
        let digest = md5.chain_update(secret.expose()).finalize();
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
            .field("found", &self.is_found())
            .finish_non_exhaustive()
    }
}

impl Scan {
    /// Where one more octet leads; `None`: it is no part of a msg-id.
    const fn next(self, octet: u8) -> Option<Self> {
        Some(match (self, octet) {
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
            _ => return None,
        })
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
