//! Challenges are read and responses written in base64, and in nothing that looks like it.

use pop3_proto::sasl::{Challenge, Mechanism, MechanismError, ResponseWriter};

use crate::{bound, support};

/// A mechanism whose response comes in these pieces.
struct Pieces<'p>(Vec<&'p [u8]>);

impl Mechanism for Pieces<'_> {
    fn name(&self) -> &str {
        "X-PIECES"
    }

    fn speaks_first(&self) -> bool {
        true
    }

    fn take_challenge(&mut self, _: Challenge<'_>) -> Result<(), MechanismError> {
        Ok(())
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        for piece in &self.0 {
            response.put(piece);
        }
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        Ok(())
    }
}

fn decode(text: &[u8]) -> Result<Vec<u8>, MechanismError> {
    let mut buffer = [0; 512];
    Challenge::new(text).decode(&mut buffer).map(<[u8]>::to_vec)
}

#[test]
fn the_examples_of_rfc_4648() {
    for (octets, text) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        let pieces = Pieces(vec![octets.as_bytes()]);
        assert_eq!(support::encoded_response(&pieces), text.as_bytes());
        assert_eq!(decode(text.as_bytes()).unwrap(), octets.as_bytes());
        assert_eq!(pieces.check(), Ok(()));
    }
}

#[test]
fn a_response_is_the_same_however_it_comes_in_pieces() {
    let octets: Vec<u8> = (0..=255).collect();
    let whole = support::encode(&octets);
    assert_eq!(decode(whole.as_bytes()).unwrap(), octets);
    for length in 1..=bound(octets.len(), 9) {
        let mut pieces: Vec<&[u8]> = octets.chunks(length).collect();
        pieces.insert(1, b"");
        assert_eq!(support::encoded_response(&Pieces(pieces)), whole.as_bytes());
    }
}

#[test]
fn every_value_of_every_group() {
    for first in 0..=255 {
        for second in (0..=255).step_by(bound(1, 5)) {
            for octets in [
                &[first][..],
                &[first, second],
                &[first, second, first ^ second],
            ] {
                let text = support::encode(octets);
                assert_eq!(decode(text.as_bytes()).as_deref(), Ok(octets));
                let mut out = [0; 4];
                let pieces = Pieces(vec![octets]);
                assert_eq!(ResponseWriter::encode(&pieces, &mut out), Some(4));
                assert_eq!(out, text.as_bytes());
            }
        }
    }
}

#[test]
fn what_is_no_base64_is_none() {
    // Each octet in each place of a group that is full, of two that are padded, and of one that is not the last.
    for text in [&b"Zm9v"[..], b"Zm8=", b"Zg==", b"Zm9vZm9v", b"Zm9vZg=="] {
        for place in 0..text.len() {
            for octet in 0..=255 {
                let mut text = text.to_vec();
                text[place] = octet;
                let decoded = support::decode(&text).ok_or(MechanismError::NotBase64);
                assert_eq!(decode(&text), decoded, "{:?}", text.escape_ascii());
            }
        }
    }
    for text in [
        "=", "==", "===", "====", "A", "AA", "AAA", "A=", "AA=", "A===", "AAAA=", "AAAA====",
        "AA==AA==", "AA==AAAA", "AA=A", "AAA=AAAA", " AAAA", "AAAA ", "AAAA\r", "go ahead",
        "AAAA\0", "AAA-", "AAA_",
    ] {
        assert_eq!(
            decode(text.as_bytes()),
            Err(MechanismError::NotBase64),
            "{text:?}"
        );
    }
}

#[test]
fn what_does_not_fit_is_too_long() {
    let octets = [7; 9];
    for length in 0..9 {
        let text = support::encode(&octets[..length]);
        for size in 0..12 {
            let mut buffer = vec![0; size];
            let challenge = Challenge::new(text.as_bytes());
            if size < length {
                assert_eq!(challenge.decode(&mut buffer), Err(MechanismError::TooLong));
            } else {
                assert_eq!(challenge.decode(&mut buffer), Ok(&octets[..length]));
            }
        }
    }
}
