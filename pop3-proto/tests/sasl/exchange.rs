//! Any mechanism by its kind, and what it takes from the parameters. Whatever features are on.

use pop3_proto::Text;
use pop3_proto::sasl::{
    Binding, ChannelBinding, ChannelBindingKind, Exchange, MAX_ITERATIONS, MIN_ITERATIONS,
    Mechanism, MechanismError, MechanismKind, Nonce, Parameters,
};

use crate::support::{response, take};

const BOUND: Binding<'_> = Binding::Bound(ChannelBinding {
    kind: ChannelBindingKind::TlsServerEndPoint,
    data: b"hash",
});

const ALL: Parameters<'_> =
    Parameters::new(b"tim", pop3_proto::Secret::new(b"tanstaaf")).binding(BOUND);

fn nonce() -> Nonce {
    Nonce::new([0; Nonce::OCTETS])
}

fn new(kind: MechanismKind, parameters: &Parameters<'_>) -> Result<String, MechanismError> {
    let exchange = Exchange::new(kind, parameters)?;
    assert_eq!(exchange.name(), kind.name());
    exchange.check()?;
    Ok(String::from_utf8(response(&exchange)).unwrap())
}

fn is_scram(kind: MechanismKind) -> bool {
    kind.name().starts_with("SCRAM")
}

#[test]
fn each_kind_is_what_its_name_says_or_is_not_there() {
    for &kind in MechanismKind::ALL {
        let made = new(kind, &ALL.nonce(nonce()));
        if !kind.is_available() {
            assert_eq!(made, Err(MechanismError::NotAvailable));
            continue;
        }
        let first = match kind {
            MechanismKind::Plain => "\0tim\0tanstaaf",
            MechanismKind::Login | MechanismKind::CramMd5 | MechanismKind::External => "",
            MechanismKind::Anonymous => "tim",
            MechanismKind::Xoauth2 => "user=tim\x01auth=Bearer tanstaaf\x01\x01",
            MechanismKind::Oauthbearer => "n,a=tim,\x01auth=Bearer tanstaaf\x01\x01",
            _ if kind.binds_channel() => "p=tls-server-end-point,,n=tim,r=AAAAAAAAAAAAAAAAAAAAAAAA",
            // What was to be bound says nothing of what the server announced.
            _ => "n,,n=tim,r=AAAAAAAAAAAAAAAAAAAAAAAA",
        };
        assert_eq!(made.as_deref(), Ok(first), "{kind}");
    }
}

#[test]
fn scram_needs_a_nonce_and_plus_a_binding() {
    let unbound = ALL.nonce(nonce());
    for &kind in MechanismKind::ALL {
        if !is_scram(kind) || !kind.is_available() {
            continue;
        }
        assert_eq!(new(kind, &ALL), Err(MechanismError::Missing));
        for (binding, flag) in [(Binding::Unsupported, "n,,"), (Binding::NotOffered, "y,,")] {
            let made = new(kind, &unbound.binding(binding));
            if kind.binds_channel() {
                assert_eq!(made, Err(MechanismError::Missing));
            } else {
                assert!(made.unwrap().starts_with(flag));
            }
        }
        let empty = Binding::Bound(ChannelBinding {
            kind: ChannelBindingKind::TlsExporter,
            data: b"",
        });
        let made = new(kind, &unbound.binding(empty));
        if kind.binds_channel() {
            assert_eq!(made, Err(MechanismError::Missing));
        } else {
            assert!(made.is_ok());
        }
    }
}

#[test]
fn nobody_acts_as_another_than_was_asked_for() {
    let parameters = ALL.authorization_id(b"ad,min").nonce(nonce());
    for &kind in MechanismKind::ALL {
        if !kind.is_available() {
            continue;
        }
        let made = new(kind, &parameters);
        let first = match kind {
            MechanismKind::Plain => "ad,min\0tim\0tanstaaf",
            MechanismKind::External => "ad,min",
            MechanismKind::Oauthbearer => "n,a=ad=2Cmin,\x01auth=Bearer tanstaaf\x01\x01",
            _ if kind.binds_channel() => {
                "p=tls-server-end-point,a=ad=2Cmin,n=tim,r=AAAAAAAAAAAAAAAAAAAAAAAA"
            }
            _ if is_scram(kind) => "n,a=ad=2Cmin,n=tim,r=AAAAAAAAAAAAAAAAAAAAAAAA",
            _ => {
                assert_eq!(made, Err(MechanismError::InvalidArgument), "{kind}");
                continue;
            }
        };
        assert_eq!(made.as_deref(), Ok(first), "{kind}");
    }
}

#[test]
fn what_the_parameters_say_arrives() {
    let parameters = ALL.server(b"pop.example.com", 995);
    assert_eq!(
        new(MechanismKind::Oauthbearer, &parameters).unwrap(),
        "n,a=tim,\x01host=pop.example.com\x01port=995\x01auth=Bearer tanstaaf\x01\x01"
    );
    assert_eq!(
        (ALL.min_iterations, ALL.max_iterations),
        (MIN_ITERATIONS, MAX_ITERATIONS)
    );
    for &kind in MechanismKind::ALL {
        if !is_scram(kind) || !kind.is_available() {
            continue;
        }
        let mut foreign = ALL.nonce(nonce());
        foreign.user = "J\u{fc}rgen".as_bytes();
        assert_eq!(new(kind, &foreign), Err(MechanismError::NotPrepared));
        assert!(
            new(kind, &foreign.prepared())
                .unwrap()
                .contains("n=J\u{fc}rgen,")
        );

        for (wanted, bound) in [(9, 10), (21, 20)] {
            let mut exchange = Exchange::new(kind, &ALL.nonce(nonce()).iterations(10, 20)).unwrap();
            let challenge = format!("r=AAAAAAAAAAAAAAAAAAAAAAAAx,s=AAAA,i={wanted}");
            let error = MechanismError::Iterations { wanted, bound };
            assert_eq!(take(&mut exchange, challenge.as_bytes()), Err(error));
        }
    }
}

#[test]
fn an_exchange_is_its_mechanism() {
    let mut login = Exchange::new(MechanismKind::Login, &ALL).unwrap();
    assert!(!login.speaks_first());
    assert_eq!(login.check_success(), Err(MechanismError::NotProved));
    take(&mut login, b"Username:").unwrap();
    assert_eq!(response(&login), b"tim");
    take(&mut login, b"Password:").unwrap();
    assert_eq!(response(&login), b"tanstaaf");
    assert_eq!(login.check_success(), Ok(()));
    assert_eq!(take(&mut login, b""), Err(MechanismError::Malformed));
    assert!(
        Exchange::new(MechanismKind::Plain, &ALL)
            .unwrap()
            .speaks_first()
    );
}

#[test]
fn errors_say_what_went_wrong() {
    for (error, words) in [
        (MechanismError::NotBase64, "not base64"),
        (MechanismError::TooLong, "too long"),
        (MechanismError::Malformed, "does not go with the mechanism"),
        (MechanismError::WrongNonce, "nonce"),
        (
            MechanismError::Iterations {
                wanted: 1,
                bound: 2,
            },
            "wants 1 rounds of hashing, and fewer than 2 are not safe",
        ),
        (
            MechanismError::Iterations {
                wanted: 3,
                bound: 2,
            },
            "wants 3 rounds of hashing, and more than 2 are not allowed",
        ),
        (MechanismError::WrongServerSignature, "could not prove"),
        (MechanismError::NotProved, "before it has proved"),
        (MechanismError::ServerError, "ended the exchange"),
        (MechanismError::NotPrepared, "SASLprep"),
        (MechanismError::InvalidArgument, "cannot carry"),
        (MechanismError::Missing, "not given"),
        (MechanismError::NotAvailable, "not built in"),
        (
            MechanismError::Other(Text::new(b"because\x1b")),
            "because\\u{1b}",
        ),
    ] {
        assert!(error.to_string().contains(words), "{error}");
    }
}
