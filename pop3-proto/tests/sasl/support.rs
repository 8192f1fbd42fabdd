//! Base64 as plain as it can be, and what every response is asked for.

use pop3_proto::sasl::{Challenge, Mechanism, MechanismError, ResponseWriter};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn encode(octets: &[u8]) -> String {
    let mut text = String::new();
    for group in octets.chunks(3) {
        let octet = |nth: usize| usize::from(*group.get(nth).unwrap_or(&0));
        let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
        for nth in 0..4 {
            text.push(if nth <= group.len() {
                char::from(ALPHABET[bits >> (18 - 6 * nth) & 63])
            } else {
                '='
            });
        }
    }
    text
}

/// The octets whose encoding this is, if it is one.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    for group in text.chunks(4) {
        let bits = group.iter().fold(0, |bits, character| {
            let value = ALPHABET.iter().position(|one| one == character);
            bits << 6 | value.unwrap_or(0)
        });
        octets.extend([(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
    }
    let padding = text.iter().rev().take_while(|one| **one == b'=').count();
    octets.truncate(octets.len().saturating_sub(padding));
    // Whatever was wrong with the text, its octets are then not encoded so.
    (encode(&octets).as_bytes() == text).then_some(octets)
}

/// The response that is due, in base64. It is the same each time, it is written into a buffer that is just long enough, and
/// nothing is written into one that is shorter.
pub(crate) fn encoded_response(mechanism: &dyn Mechanism) -> Vec<u8> {
    let mut out = [b'#'; 2000];
    let length = ResponseWriter::encode(mechanism, &mut out).unwrap();
    assert!(out[length..].iter().all(|octet| *octet == b'#'));
    let response = out[..length].to_vec();
    for size in 0..length + 9 {
        let mut out = vec![b'#'; size];
        if size < length {
            assert_eq!(ResponseWriter::encode(mechanism, &mut out), None);
            assert_eq!(out, vec![b'#'; size]);
        } else {
            assert_eq!(ResponseWriter::encode(mechanism, &mut out), Some(length));
            assert_eq!(out[..length], response);
            assert!(out[length..].iter().all(|octet| *octet == b'#'));
        }
    }
    response
}

/// The response that is due, decoded.
pub(crate) fn response(mechanism: &dyn Mechanism) -> Vec<u8> {
    decode(&encoded_response(mechanism)).expect("responses are base64")
}

/// Shows the mechanism a challenge of these octets.
pub(crate) fn take(mechanism: &mut dyn Mechanism, challenge: &[u8]) -> Result<(), MechanismError> {
    mechanism.take_challenge(Challenge::new(encode(challenge).as_bytes()))
}
