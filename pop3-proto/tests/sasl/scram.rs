//! Servers that do not keep to SCRAM. Their messages are those of one exchange, and what can be made of them.

use pop3_proto::sasl::{
    Binding, Challenge, ChannelBinding, ChannelBindingKind, MAX_ITERATIONS, MIN_ITERATIONS,
    Mechanism, MechanismError, Nonce, ScramSha256,
};

use crate::octets;
use crate::support::{encode, encoded_response, response, take};

/// As in `scram_vectors.rs`, with one round, the salt `b"s"`, and `x` for the server's nonce.
pub(crate) const NONCE: [u8; Nonce::OCTETS] =
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
pub(crate) const SERVER_FIRST: &str = "r=AAECAwQFBgcICQoLDA0ODxARx,s=cw==,i=1";
const CLIENT_FINAL: &str =
    "c=biws,r=AAECAwQFBgcICQoLDA0ODxARx,p=gIN39mCBpXtVpF3e2GQz1ktMPGrn2yMOgH1f3IKXaW0=";
pub(crate) const SERVER_FINAL: &str = "v=/FPbNxOk9g4vuTiPE1tzWgTcoLCrhvAfcEGAqq5ArvI=";

pub(crate) fn begin() -> ScramSha256<'static> {
    ScramSha256::new(b"user", "pencil".into(), Nonce::new(NONCE))
        .min_iterations(1)
        .max_iterations(100)
}

/// What becomes of this first message. If it is refused the exchange is over, whatever comes then.
fn first(message: &[u8]) -> Result<(), MechanismError> {
    let mut scram = begin();
    let taken = take(&mut scram, message);
    if taken.is_err() {
        is_over(scram);
    }
    taken
}

/// What becomes of this final message, behind the right first one.
fn last(message: &[u8]) -> Result<(), MechanismError> {
    let mut scram = begin();
    take(&mut scram, SERVER_FIRST.as_bytes()).unwrap();
    assert_eq!(response(&scram), CLIENT_FINAL.as_bytes());
    let taken = take(&mut scram, message);
    if taken.is_err() {
        is_over(scram);
    } else {
        assert_eq!(scram.check_success(), Ok(()));
        assert_eq!(take(&mut scram, message), Err(MechanismError::Malformed));
        is_over(scram);
    }
    taken
}

fn is_over(mut scram: ScramSha256<'_>) {
    for message in [SERVER_FIRST, SERVER_FINAL, SERVER_FINAL, ""] {
        assert_eq!(encoded_response(&scram), b"");
        assert_eq!(scram.check_success(), Err(MechanismError::NotProved));
        assert_eq!(
            take(&mut scram, message.as_bytes()),
            Err(MechanismError::Malformed)
        );
    }
    assert_eq!(scram.check_success(), Err(MechanismError::NotProved));
}

#[test]
fn the_exchange_that_the_others_are_made_from() {
    assert_eq!(response(&begin()), b"n,,n=user,r=AAECAwQFBgcICQoLDA0ODxAR");
    assert_eq!(first(SERVER_FIRST.as_bytes()), Ok(()));
    assert_eq!(last(SERVER_FINAL.as_bytes()), Ok(()));
}

#[test]
fn debug_says_how_far_it_is() {
    let mut scram = begin();
    let says = |scram: &ScramSha256<'_>, stage: &str| {
        let printed = format!("{scram:?}");
        let user = r#"name: SCRAM-SHA-256, user: "user", authorization_id: """#;
        assert!(printed.contains(user), "{printed}");
        assert!(
            printed.contains(&format!("stage: {stage}, ..")),
            "{printed}"
        );
    };
    says(&scram, "First");
    take(&mut scram, SERVER_FIRST.as_bytes()).unwrap();
    says(&scram, "Final");
    take(&mut scram, SERVER_FINAL.as_bytes()).unwrap();
    says(&scram, "Verified");
    take(&mut scram, b"").unwrap_err();
    says(&scram, "Failed");
}

#[test]
fn first_messages_that_are_none() {
    use MechanismError::{Malformed, ServerError, WrongNonce};
    let (r, s, i) = ("r=AAECAwQFBgcICQoLDA0ODxARx", "s=cw==", "i=1");
    for (message, error) in [
        (String::new(), Malformed),
        (",".into(), Malformed),
        (r.into(), Malformed),
        (format!("{r},{s}"), Malformed),
        // One missing.
        (format!("{s},{i}"), Malformed),
        (format!("{r},{i}"), Malformed),
        // In another order.
        (format!("{s},{r},{i}"), Malformed),
        (format!("{r},{i},{s}"), Malformed),
        (format!("{i},{s},{r}"), Malformed),
        // Twice.
        (format!("{r},{r},{s},{i}"), Malformed),
        (format!("{r},{s},{s},{i}"), Malformed),
        (format!("{r},{s},{i},{i}"), Malformed),
        (format!("{r},{s},{i},{r}"), Malformed),
        (format!("{r},{s},{i},{s}"), Malformed),
        // Empty.
        (format!("r=,{s},{i}"), Malformed),
        (format!("{r},s=,{i}"), Malformed),
        (format!("{r},{s},i="), Malformed),
        (format!(",{r},{s},{i}"), Malformed),
        (format!("{r},,{s},{i}"), Malformed),
        (format!("{r},{s},{i},"), Malformed),
        (format!("{r},{s},{i},,x=1"), Malformed),
        // Other names, other cases, blanks.
        (format!("R{},{s},{i}", &r[1..]), Malformed),
        (format!("{r},S=cw==,{i}"), Malformed),
        (format!("{r},{s},I=1"), Malformed),
        (format!(" {r},{s},{i}"), Malformed),
        (format!("{r}, {s},{i}"), Malformed),
        (format!("rr{},{s},{i}", &r[1..]), Malformed),
        (format!("{r},{s},i"), Malformed),
        // An extension that must be understood.
        (format!("m=x,{r},{s},{i}"), Malformed),
        (format!("{r},m=x,{s},{i}"), Malformed),
        (format!("{r},{s},{i},m=x"), Malformed),
        // Extensions that are none.
        (format!("{r},{s},{i},x"), Malformed),
        (format!("{r},{s},{i},x="), Malformed),
        (format!("{r},{s},{i},=x"), Malformed),
        (format!("{r},{s},{i},xx=x"), Malformed),
        (format!("{r},{s},{i},1=x"), Malformed),
        (format!("{r},{s},{i},x=\0"), Malformed),
        (format!("{r},{s},{i},v=x"), Malformed),
        (format!("x=1,{r},{s},{i}"), Malformed),
        // Another nonce than the client's.
        (format!("r=AAECAwQFBgcICQoLDA0ODxAR,{s},{i}"), WrongNonce),
        (format!("r=AAECAwQFBgcICQoLDA0ODxA,{s},{i}"), WrongNonce),
        (format!("r=BAECAwQFBgcICQoLDA0ODxARx,{s},{i}"), WrongNonce),
        (format!("r=aaecawqfbgcicqolda0odxarx,{s},{i}"), WrongNonce),
        (format!("r=xAAECAwQFBgcICQoLDA0ODxAR,{s},{i}"), WrongNonce),
        (format!("r=x,{s},{i}"), WrongNonce),
        (format!("{r} ,{s},{i}"), Malformed),
        (format!("{r}\r\n,{s},{i}"), Malformed),
        (format!("{r}\0,{s},{i}"), Malformed),
        (format!("{r}\u{e9},{s},{i}"), Malformed),
        (format!("{r}\u{7f},{s},{i}"), Malformed),
        // A salt that is no base64.
        (format!("{r},s=cw,{i}"), Malformed),
        (format!("{r},s=cw=,{i}"), Malformed),
        (format!("{r},s=cx==,{i}"), Malformed),
        (format!("{r},s==,{i}"), Malformed),
        (format!("{r},s=cw== ,{i}"), Malformed),
        (format!("{r},s=c$==,{i}"), Malformed),
        // No number of rounds.
        (format!("{r},{s},i=0"), Malformed),
        (format!("{r},{s},i=00"), Malformed),
        (format!("{r},{s},i=01"), Malformed),
        (format!("{r},{s},i=-1"), Malformed),
        (format!("{r},{s},i=+1"), Malformed),
        (format!("{r},{s},i= 1"), Malformed),
        (format!("{r},{s},i=1 "), Malformed),
        (format!("{r},{s},i=1.0"), Malformed),
        (format!("{r},{s},i=0x1"), Malformed),
        (format!("{r},{s},i=1e1"), Malformed),
        (format!("{r},{s},i=4294967296"), Malformed),
        (format!("{r},{s},i=4294967297"), Malformed),
        (format!("{r},{s},i=18446744073709551617"), Malformed),
        (format!("{r},{s},i=99999999999999999999999999"), Malformed),
        // The server gives up, or begins at the end.
        ("e=other-error".into(), ServerError),
        ("e=".into(), ServerError),
        (SERVER_FINAL.into(), Malformed),
        ("e".into(), Malformed),
    ] {
        assert_eq!(first(message.as_bytes()), Err(error), "{message:?}");
    }
    for invalid in [&b"\xff"[..], b"r=\xff", b"\0"] {
        assert!(first(invalid).is_err());
    }
}

#[test]
fn first_messages_with_more_to_them() {
    for message in [
        "r=AAECAwQFBgcICQoLDA0ODxARx,s=cw==,i=1,x=1",
        "r=AAECAwQFBgcICQoLDA0ODxARx,s=cw==,i=1,x==,Y=a=b",
        "r=AAECAwQFBgcICQoLDA0ODxARx,s=cw==,i=1,d=MTIzNDU2,R=r",
        "r=AAECAwQFBgcICQoLDA0ODxAR!~%=r,s=AAAA,i=100",
    ] {
        assert_eq!(first(message.as_bytes()), Ok(()), "{message:?}");
    }
    let nonce = |length: usize| {
        format!(
            "r=AAECAwQFBgcICQoLDA0ODxAR{},s=cw==,i=1",
            "x".repeat(length)
        )
    };
    assert_eq!(first(nonce(Nonce::MAX_SERVER).as_bytes()), Ok(()));
    assert_eq!(
        first(nonce(Nonce::MAX_SERVER + 1).as_bytes()),
        Err(MechanismError::TooLong)
    );
    assert_eq!(first(nonce(1000).as_bytes()), Err(MechanismError::TooLong));
}

/// Nothing is hashed for a number of rounds that is out of bounds, or this would not end.
#[test]
fn rounds_out_of_bounds() {
    let rounds = |scram: ScramSha256<'static>, wanted: u32| {
        let mut scram = scram;
        let message = format!("r=AAECAwQFBgcICQoLDA0ODxARx,s=cw==,i={wanted}");
        let taken = take(&mut scram, message.as_bytes());
        if taken.is_err() {
            is_over(scram);
        }
        taken
    };
    let by_default = || ScramSha256::new(b"user", "pencil".into(), Nonce::new(NONCE));
    let refused = |wanted, bound| Err(MechanismError::Iterations { wanted, bound });
    for (wanted, bound) in [
        (1, MIN_ITERATIONS),
        (MIN_ITERATIONS - 1, MIN_ITERATIONS),
        (MAX_ITERATIONS + 1, MAX_ITERATIONS),
        (u32::MAX, MAX_ITERATIONS),
    ] {
        assert_eq!(rounds(by_default(), wanted), refused(wanted, bound));
    }
    assert_eq!(rounds(by_default(), MIN_ITERATIONS), Ok(()));
    let narrow = || by_default().min_iterations(10).max_iterations(11);
    assert_eq!(rounds(narrow(), 9), refused(9, 10));
    assert_eq!(rounds(narrow(), 10), Ok(()));
    assert_eq!(rounds(narrow(), 11), Ok(()));
    assert_eq!(rounds(narrow(), 12), refused(12, 11));
    // Bounds that leave nothing are no reason to panic.
    let none = || by_default().min_iterations(11).max_iterations(10);
    assert_eq!(rounds(none(), 10), refused(10, 11));
    assert_eq!(rounds(none(), 11), refused(11, 10));
}

#[test]
fn final_messages_that_are_none() {
    use MechanismError::{Malformed, ServerError, WrongServerSignature};
    let signature = &SERVER_FINAL[2..];
    let (_, proof) = CLIENT_FINAL.split_once("p=").unwrap();
    for (message, error) in [
        (String::new(), Malformed),
        ("v".into(), Malformed),
        ("v=".into(), Malformed),
        (signature.into(), Malformed),
        (format!("V={signature}"), Malformed),
        (format!("x={signature}"), Malformed),
        (format!(" {SERVER_FINAL}"), Malformed),
        (format!("{SERVER_FINAL} "), Malformed),
        (format!("{SERVER_FINAL}\r\n"), Malformed),
        (format!("{SERVER_FINAL}\0"), Malformed),
        (format!("{SERVER_FINAL},"), Malformed),
        (format!("{SERVER_FINAL},x"), Malformed),
        (format!("{SERVER_FINAL},{SERVER_FINAL}"), Malformed),
        (format!("{SERVER_FINAL},e=other-error"), Malformed),
        (format!("x=1,{SERVER_FINAL}"), Malformed),
        (format!("m=x,{SERVER_FINAL}"), Malformed),
        (format!("v={}", signature.trim_end_matches('=')), Malformed),
        // The last character with other bits that encode nothing.
        (SERVER_FINAL.replace("vI=", "vJ="), Malformed),
        (SERVER_FINAL.replace("vI=", "vK="), Malformed),
        // Shorter and longer.
        ("v=AA==".into(), WrongServerSignature),
        (format!("v={}", &signature[..40]), WrongServerSignature),
        (format!("v=AAAA{signature}"), WrongServerSignature),
        (
            format!("v={}AAAA", signature.replace('=', "A")),
            WrongServerSignature,
        ),
        (format!("v={}", encode(&[0; 32])), WrongServerSignature),
        (format!("v={}", encode(&[0; 64])), WrongServerSignature),
        // The client's own proof.
        (format!("v={}", proof), WrongServerSignature),
        // The server gives up.
        ("e=invalid-proof".into(), ServerError),
        (format!("e=other-error,{SERVER_FINAL}"), ServerError),
        (SERVER_FIRST.into(), Malformed),
    ] {
        assert_eq!(last(message.as_bytes()), Err(error), "{message:?}");
    }
    for message in [
        format!("{SERVER_FINAL},x=1"),
        format!("{SERVER_FINAL},x=1,y=="),
    ] {
        assert_eq!(last(message.as_bytes()), Ok(()), "{message:?}");
    }
}

/// If a first message is altered on the way, the client may answer it, but the server's signature is then another one.
#[test]
fn an_altered_message_never_leads_to_success() {
    let never = |first: &[u8], last: &[u8]| {
        let mut scram = begin();
        if take(&mut scram, first).is_ok() {
            assert!(take(&mut scram, last).is_err());
        }
        is_over(scram);
    };
    for (whole, is_first) in [
        (SERVER_FIRST.as_bytes(), true),
        (SERVER_FINAL.as_bytes(), false),
    ] {
        let altered = |message: &[u8]| {
            if is_first {
                never(message, SERVER_FINAL.as_bytes());
            } else {
                never(SERVER_FIRST.as_bytes(), message);
            }
        };
        for place in 0..whole.len() {
            altered(&whole[..place]);
            altered(&whole[place + 1..]);
            let without = [&whole[..place], &whole[place + 1..]].concat();
            altered(&without);
            for octet in octets(place, 7) {
                let mut message = whole.to_vec();
                if message[place] != octet {
                    message[place] = octet;
                    altered(&message);
                }
                let with = [&whole[..place], &[octet], &whole[place..]].concat();
                altered(&with);
            }
        }
    }
}

/// The same, of the characters that are on the wire.
#[test]
fn altered_base64_never_leads_to_success() {
    let unaltered = encode(SERVER_FIRST.as_bytes());
    for is_first in [true, false] {
        let whole = encode(if is_first { SERVER_FIRST } else { SERVER_FINAL }.as_bytes());
        for place in 0..whole.len() {
            for octet in octets(place, 7) {
                let mut altered = whole.clone().into_bytes();
                if altered[place] == octet {
                    continue;
                }
                altered[place] = octet;
                for text in [&altered[..], &altered[..place]] {
                    let mut scram = begin();
                    let first = if is_first { text } else { unaltered.as_bytes() };
                    let answered = scram.take_challenge(Challenge::new(first));
                    if is_first && answered.is_ok() {
                        assert!(take(&mut scram, SERVER_FINAL.as_bytes()).is_err());
                    } else if !is_first {
                        assert!(scram.take_challenge(Challenge::new(text)).is_err());
                    }
                    assert_eq!(scram.check_success(), Err(MechanismError::NotProved));
                }
            }
        }
    }
}

#[test]
fn what_is_not_prepared_is_not_sent() {
    let check = |user: &[u8], password: &[u8], id: &[u8], prepared: bool| {
        let scram = ScramSha256::new(user, password.into(), Nonce::new(NONCE)).authorization_id(id);
        if prepared { scram.prepared() } else { scram }.check()
    };
    let fine = Ok(());
    let unprepared = Err(MechanismError::NotPrepared);
    let refused = Err(MechanismError::InvalidArgument);
    for (text, as_it_is, prepared) in [
        (&b" ~!,="[..], fine, fine),
        ("J\u{fc}rgen".as_bytes(), unprepared, fine),
        (b"a\tb", unprepared, fine),
        (b"a\x7f", unprepared, fine),
        (b"a\0b", unprepared, unprepared),
        (b"\xff", unprepared, unprepared),
    ] {
        for (said, expected) in [(false, as_it_is), (true, prepared)] {
            assert_eq!(check(text, b"pencil", b"", said), expected, "{text:?}");
            assert_eq!(check(b"user", text, b"", said), expected, "{text:?}");
            assert_eq!(check(b"user", b"pencil", text, said), expected, "{text:?}");
        }
    }
    for said in [false, true] {
        assert_eq!(check(b"", b"pencil", b"id", said), refused);
        assert_eq!(check(b"user", b"", b"id", said), refused);
    }
}

#[test]
fn the_name_says_whether_the_channel_is_bound() {
    for kind in [
        ChannelBindingKind::TlsExporter,
        ChannelBindingKind::TlsServerEndPoint,
    ] {
        let bound = |data| begin().binding(Binding::Bound(ChannelBinding { kind, data }));
        assert_eq!(bound(b"x").name(), "SCRAM-SHA-256-PLUS");
        assert_eq!(bound(b"x").check(), Ok(()));
        assert_eq!(bound(b"").check(), Err(MechanismError::Missing));
        assert!(response(&bound(b"x")).starts_with(format!("p={kind},,n=").as_bytes()));
    }
    for binding in [Binding::Unsupported, Binding::NotOffered] {
        assert_eq!(begin().binding(binding).name(), "SCRAM-SHA-256");
    }
}

#[test]
fn a_nonce_is_random_octets_or_printable_text() {
    assert_eq!(Nonce::new(NONCE).as_bytes(), b"AAECAwQFBgcICQoLDA0ODxAR");
    assert_eq!(
        Nonce::new([0xff; 18]).as_bytes(),
        b"////////////////////////"
    );
    for text in [
        "0123456789abcdef",
        "0123456789abcdef01234567",
        "!\"#$%&'()*+-./:;",
    ] {
        assert_eq!(
            Nonce::from_text(text.as_bytes()).unwrap().as_bytes(),
            text.as_bytes()
        );
    }
    for text in [
        "",
        "0123456789abcde",
        "0123456789abcdef012345678",
        "0123456789abcde,",
        "0123456789abcde ",
        "0123456789abcde\u{7f}",
    ] {
        assert_eq!(Nonce::from_text(text.as_bytes()), None, "{text:?}");
    }
}
