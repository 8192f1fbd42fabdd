//! CRAM-MD5 (RFC 2195).

use pop3_proto::sasl::{Challenge, CramMd5, MAX_CHALLENGE, Mechanism, MechanismError};

use crate::support::{response, take};

const CHALLENGE: &[u8] = b"<1896.697170952@postoffice.reston.mci.net>";

#[test]
fn the_example_of_rfc_2195() {
    let mut cram = CramMd5::new(b"tim", "tanstaaftanstaaf".into());
    assert_eq!((cram.name(), cram.speaks_first()), ("CRAM-MD5", false));
    assert_eq!(cram.check(), Ok(()));
    assert_eq!(response(&cram), b"");
    assert_eq!(cram.check_success(), Err(MechanismError::NotProved));
    take(&mut cram, CHALLENGE).unwrap();
    assert_eq!(response(&cram), b"tim b913a602c7eda7a495b4e6e7334d3890");
    assert_eq!(cram.check_success(), Ok(()));
    assert_eq!(take(&mut cram, CHALLENGE), Err(MechanismError::Malformed));
}

/// Python: `hmac.new(password, challenge, 'md5').hexdigest()`
#[test]
fn a_password_of_any_length() {
    for (password, digest) in [
        (&b"0123456789"[..], "36a74f39f665fd664fbf63c3ba0b5b1d"),
        (
            &b"0123456789".repeat(10),
            "50c45a2993dda03a2517195994c8b7a2",
        ),
        (
            &b"0123456789abcdef".repeat(4),
            "9b516a6c3814b94ead954c3359ff7938",
        ),
        (
            &[&b"0123456789abcdef".repeat(4)[..], b"x"].concat(),
            "8ca5e29f38c55fc49c97726e418078cc",
        ),
    ] {
        let mut cram = CramMd5::new(b"a user", password.into());
        take(&mut cram, CHALLENGE).unwrap();
        assert_eq!(response(&cram), format!("a user {digest}").as_bytes());
    }
}

#[test]
fn a_challenge_that_is_none() {
    for (challenge, error) in [
        (&b""[..], MechanismError::Malformed),
        (b"=", MechanismError::NotBase64),
        (b"PDE4OTY+ ", MechanismError::NotBase64),
        (b"PDE4OTY", MechanismError::NotBase64),
        (&[b'A'; MAX_CHALLENGE / 3 * 4 + 4], MechanismError::TooLong),
    ] {
        let mut cram = CramMd5::new(b"tim", "tanstaaftanstaaf".into());
        assert_eq!(cram.take_challenge(Challenge::new(challenge)), Err(error));
        assert_eq!(response(&cram), b"");
        assert_eq!(cram.check_success(), Err(MechanismError::NotProved));
    }
    let mut cram = CramMd5::new(b"tim", "tanstaaftanstaaf".into());
    assert_eq!(take(&mut cram, &[b'x'; MAX_CHALLENGE]), Ok(()));
}

#[test]
fn neither_name_nor_password_is_empty() {
    let refused = Err(MechanismError::InvalidArgument);
    assert_eq!(CramMd5::new(b"", "tanstaaf".into()).check(), refused);
    assert_eq!(CramMd5::new(b"tim", "".into()).check(), refused);
}
