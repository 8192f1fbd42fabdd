//! Whatever a server sends, nothing panics, and nobody is believed who has not proved himself.

use pop3_proto::sasl::{
    Challenge, Exchange, MAX_CHALLENGE, Mechanism, MechanismKind, Nonce, OauthFailure, Parameters,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support;

/// What servers say, in part or wholly right, and what they do not.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let attribute = prop_oneof![
        Just("r=AAAAAAAAAAAAAAAAAAAAAAAAx".to_owned()),
        Just("s=AAAA".to_owned()),
        (0..50u32).prop_map(|rounds| format!("i={rounds}")),
        "[a-zA-Z]=[ -~]{0,20}",
        Just(format!("v={}", support::encode(&[0; 32]))),
        "v=[A-Za-z0-9+/]{43}=",
    ];
    let scram = vec(attribute, 1..5).prop_map(|attributes| attributes.join(",").into_bytes());
    prop_oneof![
        scram,
        Just(b"r=AAAAAAAAAAAAAAAAAAAAAAAAx,s=AAAA,i=1".to_vec()),
        "\\{\"status\":\"[^\"]{0,20}\"[,}].{0,20}".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..2 * MAX_CHALLENGE),
    ]
}

/// A message in base64, or what is none.
fn challenge() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => message().prop_map(|octets| support::encode(&octets).into_bytes()),
        1 => vec(any::<u8>(), 0..600),
    ]
}

proptest! {
    #[test]
    fn no_challenge_makes_anything_panic_or_believe(
        kind in proptest::sample::select(MechanismKind::ALL),
        challenges in vec(challenge(), 0..5),
    ) {
        let parameters = Parameters::new(b"tim", "tanstaaf".into())
            .nonce(Nonce::new([0; Nonce::OCTETS]))
            .iterations(1, 50);
        // Not all are there without their features, and none is bound to a channel.
        let Ok(mut exchange) = Exchange::new(kind, &parameters) else {
            return Ok(());
        };
        let proves = kind.name().starts_with("SCRAM");
        let mut failed = false;
        for challenge in &challenges {
            let challenge = Challenge::new(challenge);
            let taken = exchange.take_challenge(challenge);
            prop_assert!(!(failed && proves && taken.is_ok()));
            failed |= taken.is_err();
            let text = support::encoded_response(&exchange);
            prop_assert!(support::decode(&text).is_some());
            if proves {
                // It would take the password to find the right signature.
                prop_assert!(exchange.check_success().is_err());
            }
            let _ = format!("{exchange:?} {challenge:?} {taken:?}");
        }
    }

    #[test]
    fn any_octets_are_a_failure_of_some_kind(json in vec(any::<u8>(), 0..300), text in "[\\PC\\x00-\\x1f]{0,60}") {
        let _ = format!("{:?}", OauthFailure::parse(&json));
        // As a JSON string, escaped the long way.
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let json = format!("{{\"x\":[{{}}],\"scope\":\"{escaped}\"}}");
        let scope = OauthFailure::parse(json.as_bytes()).scope.unwrap();
        prop_assert_eq!(scope.chars().collect::<String>(), text);
        let printed = format!("{scope} {scope:?}");
        prop_assert!(!printed.chars().any(char::is_control));
    }

    #[test]
    fn base64_is_decoded_as_its_plainest_reading_says(text in "[A-Za-z0-9+/=]{0,12}|[ -~]{0,8}") {
        let mut buffer = [0; 20];
        let decoded = Challenge::new(text.as_bytes()).decode(&mut buffer).ok().map(<[u8]>::to_vec);
        prop_assert_eq!(decoded, support::decode(text.as_bytes()));
    }
}
