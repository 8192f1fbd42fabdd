//! Nothing that prints shows a secret.

use std::sync::Mutex;

use pop3_proto::sasl::{
    Binding, Challenge, ChannelBinding, ChannelBindingKind, Exchange, Mechanism, MechanismError,
    MechanismKind, Nonce, Parameters, ResponseWriter,
};

use crate::support::encode;

const MARKER: &str = "hunter2-marker";
const BINDING: &[u8] = b"bound-by-this";
const NONCE: &[u8] = b"guess-this-nonce-then";

fn printed(value: &dyn std::fmt::Debug) {
    let printed = format!("{value:?}\n{value:#?}");
    for secret in [MARKER.as_bytes(), BINDING, NONCE] {
        let text = String::from_utf8_lossy(secret).into_owned();
        let numbers: Vec<String> = secret[..3].iter().map(u8::to_string).collect();
        for shown in [
            text[..6].to_owned(),
            numbers.join(", "),
            numbers.join(",\n"),
            encode(secret)[..8].to_owned(),
            secret[..3]
                .iter()
                .map(|octet| format!("{octet:02x}"))
                .collect(),
        ] {
            assert!(!printed.contains(&shown), "{shown:?} in {printed}");
        }
    }
    assert!(!printed.contains("b913a602"), "{printed}");
}

#[test]
fn no_mechanism_shows_a_secret_at_any_step() {
    let binding = Binding::Bound(ChannelBinding {
        kind: ChannelBindingKind::TlsExporter,
        data: BINDING,
    });
    let nonce = Nonce::from_text(NONCE).unwrap();
    let parameters = Parameters::new(b"mrose", MARKER.into())
        .binding(binding)
        .nonce(nonce)
        .iterations(1, 10);
    printed(&parameters);
    printed(&nonce);
    let challenges = [
        format!("r={}x,s=AAAA,i=1", String::from_utf8_lossy(NONCE)),
        MARKER.to_owned(),
    ];
    for &kind in MechanismKind::ALL {
        let Ok(mut exchange) = Exchange::new(kind, &parameters) else {
            continue;
        };
        printed(&exchange);
        for challenge in &challenges {
            let challenge = encode(challenge.as_bytes());
            let challenge = Challenge::new(challenge.as_bytes());
            printed(&challenge);
            let _ = exchange.take_challenge(challenge);
            printed(&exchange);
        }
        // It is known whose secret it is that is not shown.
        let named = format!("{exchange:?}");
        let shows_user = !matches!(kind, MechanismKind::External);
        assert_eq!(named.contains("mrose"), shows_user, "{named}");
    }
}

/// Prints the writer each time that it is asked for a response.
struct Spy(Mutex<String>);

impl Mechanism for Spy {
    fn name(&self) -> &str {
        "X-SPY"
    }

    fn speaks_first(&self) -> bool {
        true
    }

    fn take_challenge(&mut self, _: Challenge<'_>) -> Result<(), MechanismError> {
        Ok(())
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        response.put(MARKER.as_bytes());
        *self.0.lock().unwrap() += &format!("{response:?}");
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        Ok(())
    }
}

#[test]
fn a_writer_does_not_show_what_it_writes() {
    let spy = Spy(Mutex::default());
    ResponseWriter::encode(&spy, &mut [0; 100]).unwrap();
    let seen = spy.0.into_inner().unwrap();
    assert_eq!(seen, "ResponseWriter { .. }ResponseWriter { .. }");
}

#[cfg(feature = "cram-md5")]
#[test]
fn cram_md5_does_not_show_its_digest() {
    let mut cram = pop3_proto::sasl::CramMd5::new(b"tim", "tanstaaftanstaaf".into());
    crate::support::take(&mut cram, b"<1896.697170952@postoffice.reston.mci.net>").unwrap();
    printed(&cram);
    let printed = format!("{cram:?}");
    // b9, 13, a6 as numbers.
    assert!(!printed.contains("185, 19, 166"), "{printed}");
    assert!(!printed.contains("tanst"), "{printed}");
}
