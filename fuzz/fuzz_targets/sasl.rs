//! Mechanisms against servers that say anything: nothing makes one panic, says more than it measured, or makes it believe a
//! server that has not proved what it should; and SCRAM with an honest server goes through, unless a message is altered.
//! The input: which mechanism, what it is made of, what to alter, and challenges.
#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use libfuzzer_sys::fuzz_target;
use pop3_fuzz::input::Input;
use pop3_fuzz::scram_server::ScramServer;
use pop3_proto::Secret;
use pop3_proto::sasl::{
    Binding, Challenge, ChannelBinding, ChannelBindingKind, Exchange, Mechanism, MechanismKind,
    Nonce, Parameters, ResponseWriter,
};

const SECRET: &[u8] = b"S3CRET-marker";

fuzz_target!(|input: &[u8]| {
    let mut input = Input(input);
    let choice = usize::from(input.octet());
    let kind = MechanismKind::ALL[choice % MechanismKind::ALL.len()];
    let honest = input.octet() & 1 == 0;
    let length = usize::from(input.octet()) % 64;
    let user = input.octets(length);
    let length = usize::from(input.octet()) % 16;
    let binding = ChannelBinding {
        kind: match length & 1 {
            0 => ChannelBindingKind::TlsExporter,
            _ => ChannelBindingKind::TlsServerEndPoint,
        },
        data: input.octets(length.max(1)),
    };
    let mut parameters = Parameters::new(user, Secret::new(SECRET))
        .nonce(Nonce::new([b'n'; Nonce::OCTETS]))
        .iterations(1, 4);
    parameters.binding = match kind.binds_channel() {
        true => Binding::Bound(binding),
        false if length & 2 == 0 => Binding::NotOffered,
        false => Binding::Unsupported,
    };
    if length & 4 == 0 {
        parameters = parameters.prepared();
    }
    let Ok(mut exchange) = Exchange::new(kind, &parameters) else {
        return;
    };
    assert!(!format!("{exchange:?} {parameters:?}").contains("S3CRET"));
    if exchange.check().is_err() {
        return;
    }
    if honest
        && matches!(
            kind,
            MechanismKind::ScramSha256 | MechanismKind::ScramSha256Plus
        )
    {
        against_an_honest_server(&mut exchange, binding.data, &mut input);
        return;
    }
    let token = matches!(kind, MechanismKind::Xoauth2 | MechanismKind::Oauthbearer);
    let mut refused = false;
    while !input.0.is_empty() {
        let _ = response(&exchange);
        let length = usize::from(input.octet()) * 2;
        let challenge = input.octets(length);
        let encoded;
        // Mostly base64 of something.
        let challenge = match length & 2 {
            0 => challenge,
            _ => {
                encoded = BASE64_STANDARD.encode(challenge);
                encoded.as_bytes()
            }
        };
        let taken = exchange.take_challenge(Challenge::new(challenge));
        // Whoever drives another mechanism cancels after an error, and asks it no more.
        if kind.is_scram() {
            assert!(!(refused && taken.is_ok()), "{kind} goes on after an error");
            refused |= taken.is_err();
        }
        if kind.is_scram() || token {
            assert!(exchange.check_success().is_err(), "{kind} believes anybody");
        }
    }
});

/// What the mechanism has to say now, in base64.
fn response(exchange: &Exchange<'_>) -> Vec<u8> {
    let mut out = [b'#'; 2048];
    let length = ResponseWriter::encode(exchange, &mut out).expect("it fits");
    assert!(out[length..].iter().all(|&octet| octet == b'#'));
    for room in [0, length.saturating_sub(1)] {
        let mut out = vec![b'#'; room];
        let fits = ResponseWriter::encode(exchange, &mut out).is_some();
        assert_eq!(fits, room == length);
    }
    out[..length].to_vec()
}

fn text(exchange: &Exchange<'_>) -> String {
    let octets = BASE64_STANDARD.decode(response(exchange)).expect("base64");
    String::from_utf8(octets).expect("UTF-8, as SASLprep gives")
}

fn against_an_honest_server(exchange: &mut Exchange<'_>, binding: &[u8], input: &mut Input<'_>) {
    let server = ScramServer {
        password: SECRET.to_vec(),
        salt: input.octets(8).iter().copied().chain([0]).collect(),
        iterations: 1 + u32::from(input.octet()) % 6,
        nonce: "server's".to_owned(),
    };
    let client_first = text(exchange);
    let server_first = server.first(&client_first).expect("a first message");
    let told = altered(&server_first, input);
    let taken = exchange.take_challenge(Challenge::new(BASE64_STANDARD.encode(&told).as_bytes()));
    assert!(
        exchange.check_success().is_err(),
        "before the server has proved itself"
    );
    if taken.is_err() {
        let asks_too_much = server.iterations > 4;
        assert!(
            asks_too_much || told != server_first.as_bytes(),
            "refuses an honest server"
        );
        return;
    }
    assert!(server.iterations <= 4 || told != server_first.as_bytes());
    let client_final = text(exchange);
    let Some(server_final) = server.last(&client_first, &server_first, &client_final, binding)
    else {
        assert_ne!(told, server_first.as_bytes(), "an honest server refuses");
        return;
    };
    let told = altered(&server_final, input);
    let taken = exchange.take_challenge(Challenge::new(BASE64_STANDARD.encode(&told).as_bytes()));
    let honest = told == server_final.as_bytes();
    if honest {
        assert_eq!(taken, Ok(()));
        assert!(response(exchange).is_empty());
    }
    // Extensions behind the signature are ignored.
    let extended = told.starts_with(format!("{server_final},").as_bytes());
    assert_eq!(exchange.check_success().is_ok(), taken.is_ok());
    assert!(
        taken.is_err() || honest || extended,
        "{}",
        told.escape_ascii()
    );
}

/// The message with an octet changed, put in or taken out, or as it is.
fn altered(message: &str, input: &mut Input<'_>) -> Vec<u8> {
    let mut octets = message.as_bytes().to_vec();
    let (what, at, octet) = (input.octet() % 4, usize::from(input.octet()), input.octet());
    let at = at % octets.len();
    match what {
        1 => octets[at] = octet,
        2 => octets.insert(at, octet),
        3 => drop(octets.remove(at)),
        _ => {}
    }
    octets
}
