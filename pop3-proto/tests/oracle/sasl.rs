//! SASL as the tests need it: a mechanism that says what it was told to say, and base64 (RFC 4648 section 4) read bit by bit.

use pop3_proto::sasl::{Challenge, Mechanism, MechanismError, ResponseWriter};

/// A mechanism that owns what it says, and believes everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scripted {
    pub name: String,
    pub speaks_first: bool,
    /// Each response, the first and any other.
    pub response: Vec<u8>,
}

impl Mechanism for Scripted {
    fn name(&self) -> &str {
        &self.name
    }

    fn speaks_first(&self) -> bool {
        self.speaks_first
    }

    fn take_challenge(&mut self, _: Challenge<'_>) -> Result<(), MechanismError> {
        Ok(())
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        // In pieces of 1, 2, 3, ... octets, and one of none: how it is cut is of no meaning.
        let mut rest = self.response.as_slice();
        for size in 0.. {
            let (piece, behind) = rest.split_at(rest.len().min(size));
            response.put(piece);
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        Ok(())
    }
}

/// Whether it is a mechanism's name (RFC 4422 section 3.1).
pub fn is_mechanism_name(name: &str) -> bool {
    const CHARACTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    (1..=20).contains(&name.len()) && name.chars().all(|one| CHARACTERS.contains(one))
}

/// How long so many octets are in base64.
pub const fn length_in_base64(octets: usize) -> usize {
    octets.div_ceil(3) * 4
}

/// The octets that this is the base64 of: in groups of four digits, the last one padded, and no bit left over that is set.
pub fn decoded(base64: &[u8]) -> Option<Vec<u8>> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if !base64.chunks_exact(4).remainder().is_empty() {
        return None;
    }
    let padded = |with: &[u8]| base64.strip_suffix(with);
    let digits = padded(b"==").or_else(|| padded(b"=")).unwrap_or(base64);
    let mut bits = Vec::new();
    for digit in digits {
        let value = DIGITS.iter().position(|one| one == digit)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    let octets = bits.chunks_exact(8);
    let nothing_left = octets.remainder().iter().all(|&bit| bit == 0);
    let octet = |bits: &[usize]| bits.iter().fold(0, |value, &bit| value << 1 | bit) as u8;
    nothing_left.then(|| octets.map(octet).collect())
}

/// A challenge is what was sent, and decodes into what that is the base64 of, if there is room.
///
/// # Panics
///
/// It is, or does, something else.
pub fn check_challenge(challenge: &Challenge<'_>, base64: &[u8], whole: bool) {
    assert_eq!(challenge.as_base64(), base64);
    let mut buffer = vec![b'#'; base64.len() + 1];
    match decoded(base64) {
        Some(octets) if whole => {
            assert_eq!(challenge.decode(&mut buffer), Ok(octets.as_slice()));
            let mut just_enough = vec![0; octets.len()];
            assert_eq!(challenge.decode(&mut just_enough), Ok(octets.as_slice()));
            if let Some(room) = octets.len().checked_sub(1) {
                let result = challenge.decode(&mut buffer[..room]);
                assert_eq!(result, Err(MechanismError::TooLong));
            }
        }
        _ => {
            let error = match whole {
                true => MechanismError::NotBase64,
                false => MechanismError::TooLong,
            };
            assert_eq!(challenge.decode(&mut buffer), Err(error));
        }
    }
}
