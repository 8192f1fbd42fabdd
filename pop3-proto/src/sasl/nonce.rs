//! What makes one exchange of SCRAM another than all before it.

use core::fmt;

use super::base64::Encoder;

/// A client's nonce (RFC 5802 section 5.1): used once, and not to be guessed. The core has no source of random numbers, so
/// the caller supplies it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nonce {
    text: [u8; Self::MAX_TEXT],
    length: usize,
}

impl Nonce {
    /// How many random octets it takes.
    pub const OCTETS: usize = 18;

    /// How many octets of its own a server may add. A longer nonce is [`MechanismError::TooLong`](super::MechanismError::TooLong). Servers add 18 to 64.
    pub const MAX_SERVER: usize = 128;

    const MIN_TEXT: usize = 16;
    const MAX_TEXT: usize = 24;

    /// Of random octets, straight from a generator that is fit for cryptography. They are sent as 24 characters of base64.
    #[must_use]
    pub fn new(random: [u8; Self::OCTETS]) -> Self {
        let mut text = [0; Self::MAX_TEXT];
        let mut to = text.iter_mut();
        // Three octets make four characters: it fits, and nothing is left to finish.
        Encoder::new().put(&random, &mut |characters| {
            for (character, to) in characters.iter().zip(&mut to) {
                *to = *character;
            }
        });
        Self {
            text,
            length: text.len(),
        }
    }

    /// Of a text that is random already: 16 to 24 printable characters of ASCII, no blank and no comma. `None` if it is not.
    #[must_use]
    pub fn from_text(random: &[u8]) -> Option<Self> {
        if random.len() < Self::MIN_TEXT || !is_nonce(random) {
            return None;
        }
        let mut text = [0; Self::MAX_TEXT];
        for (to, octet) in text.get_mut(..random.len())?.iter_mut().zip(random) {
            *to = *octet;
        }
        Some(Self {
            text,
            length: random.len(),
        })
    }

    /// The text that is sent.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or_default()
    }
}

/// `printable` of RFC 5802 section 7.
pub(super) fn is_nonce(text: &[u8]) -> bool {
    text.iter()
        .all(|octet| octet.is_ascii_graphic() && *octet != b',')
}

/// Not the nonce: as long as it has not been sent, nobody else is to know it.
impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(***)")
    }
}
