//! The way in by itself: it knows of the connection what the connection has shown, and not what the policy says of it.
#![cfg(feature = "all-commands")]

use pop3_smoltcp::pop3_proto::login::{
    Authentication, Credentials, LoginFailure, LoginMethod, LoginPolicy, LoginReport, Security,
};
use pop3_smoltcp::pop3_proto::sasl::{ChannelBinding, ChannelBindingKind, Nonce};
use pop3_smoltcp::pop3_proto::{Config, MAX_COMMAND, Secret};
use pop3_smoltcp::{Error, Session, Step, Timeouts, WayIn};

#[cfg(feature = "scram-sha-256")]
const BINDING: ChannelBinding<'static> = ChannelBinding {
    kind: ChannelBindingKind::TlsExporter,
    data: &[7; 32],
};

/// One that the connection does not have.
const OTHER: ChannelBinding<'static> = ChannelBinding {
    kind: ChannelBindingKind::TlsServerEndPoint,
    data: &[8; 32],
};

const CREDENTIALS: Credentials<'static> = Credentials::new(b"user", Secret::new(b"pencil"));

/// Goes the way in with a server that announces this, over TLS with this channel binding: what was sent, `TLS` where it began, and
/// what came of it.
fn go(
    mut way_in: WayIn<'static>,
    capabilities: &str,
    binding: Option<ChannelBinding<'static>>,
) -> (Vec<String>, Result<LoginReport, Error>) {
    let mut session = Session::<1, 256>::new(Config::new(), Timeouts::new());
    session.start(0);
    session.connected(0);
    let mut out = [0; MAX_COMMAND];
    let mut sent = Vec::new();
    let mut reply = "+OK ready\r\n".to_owned();
    let result = loop {
        match session.log_in(&mut way_in, 0, &mut out) {
            Ok(Step::Write(command)) => {
                let line = str::from_utf8(&out[..command.octets]).expect("ASCII");
                sent.push(line.trim_end().to_owned());
                reply = match line.get(..4) {
                    Some("CAPA") => format!("+OK\r\n{capabilities}.\r\n"),
                    Some("AUTH") => "-ERR [AUTH] no\r\n".to_owned(),
                    _ => "+OK\r\n".to_owned(),
                };
            }
            Ok(Step::Receive) => {
                let mut input = reply.as_bytes();
                while let Some(()) = session
                    .receive(&mut input, 0, |event| way_in.observe(&event))
                    .unwrap()
                {}
            }
            Ok(Step::StartTls) => {
                session.tls_established(&mut way_in, binding, 0).unwrap();
                sent.push("TLS".to_owned());
            }
            Ok(Step::LoggedIn(report)) => break Ok(report),
            Err(error) => break Err(error),
        }
    };
    (sent, result)
}

/// A policy that says of the connection what is not so.
fn mistaken(authentication: Authentication) -> LoginPolicy<'static> {
    LoginPolicy::new(authentication)
        .tls(true)
        .clear_text(true)
        .apop_offered(true)
        .channel_binding(Some(OTHER))
        .nonce(Nonce::new([7; Nonce::OCTETS]))
}

#[test]
fn a_policy_that_claims_tls_sends_no_password_in_clear() {
    let policy = mistaken(Authentication::Auto);
    let way_in = WayIn::new(Security::StartTlsIfAvailable, policy, CREDENTIALS);
    let (sent, result) = go(way_in, "USER\r\nSASL PLAIN\r\n", None);
    assert_eq!(sent, ["CAPA", "CAPA"]);
    assert_eq!(result, Err(Error::LogIn(LoginFailure::Unprotected)));
    // Clear text that is named is clear text.
    let way_in = WayIn::new(Security::ClearText, policy, CREDENTIALS);
    let (sent, result) = go(way_in, "USER\r\n", None);
    assert_eq!(sent, ["CAPA", "USER user", "PASS pencil", "CAPA"]);
    let report = result.unwrap();
    assert_eq!((report.used, report.tls), (LoginMethod::UserPass, false));
}

#[test]
fn tls_counts_that_has_begun() {
    for (security, begins) in [
        (Security::ImplicitTls, &["TLS"][..]),
        (Security::StartTls, &["STLS", "TLS"]),
        (Security::StartTlsIfAvailable, &["CAPA", "STLS", "TLS"]),
    ] {
        let policy = LoginPolicy::new(Authentication::Auto);
        let way_in = WayIn::new(security, policy, CREDENTIALS);
        let (sent, result) = go(way_in, "STLS\r\nUSER\r\n", None);
        let log_in = ["CAPA", "USER user", "PASS pencil", "CAPA"];
        assert_eq!(sent, [begins, &log_in].concat(), "{security}");
        assert!(result.unwrap().tls);
    }
}

/// What the mechanism says of channel binding stands at the beginning of what the client says first.
#[cfg(feature = "scram-sha-256")]
#[test]
fn scram_is_bound_to_the_tls_that_there_is() {
    use pop3_smoltcp::pop3_proto::sasl::MechanismKind;

    let plus = MechanismKind::ScramSha256Plus;
    let plain = MechanismKind::ScramSha256;
    for security in [
        Security::ImplicitTls,
        Security::StartTls,
        Security::StartTlsIfAvailable,
    ] {
        // `p=tls-exporter,,n=user,r`, `n,,n=user,r=`, `y,,n=user,r=`.
        for (kind, binding, announced, said) in [
            (
                plus,
                Some(BINDING),
                "SCRAM-SHA-256-PLUS",
                "cD10bHMtZXhwb3J0ZXIsLG49dXNlcixy",
            ),
            (plain, None, "SCRAM-SHA-256", "biwsbj11c2VyLHI9"),
            (plain, Some(BINDING), "SCRAM-SHA-256", "eSwsbj11c2VyLHI9"),
        ] {
            let policy = mistaken(Authentication::Mechanism(kind));
            let way_in = WayIn::new(security, policy, CREDENTIALS);
            let capabilities = format!("STLS\r\nSASL {announced}\r\n");
            let (sent, result) = go(way_in, &capabilities, binding);
            let last = sent.last().expect("something was sent");
            let said = format!("AUTH {kind} {said}");
            assert!(last.starts_with(&said), "{security}: {last} is not {said}");
            assert!(matches!(
                result,
                Err(Error::LogIn(LoginFailure::Refused(_)))
            ));
        }
    }
}

#[cfg(feature = "scram-sha-256")]
#[test]
fn a_channel_binding_that_only_the_policy_has_is_none() {
    use pop3_smoltcp::pop3_proto::sasl::{MechanismError, MechanismKind};

    for security in [
        Security::ImplicitTls,
        Security::StartTls,
        Security::StartTlsIfAvailable,
        Security::ClearText,
    ] {
        let policy = mistaken(Authentication::Mechanism(MechanismKind::ScramSha256Plus));
        let way_in = WayIn::new(security, policy, CREDENTIALS);
        let (sent, result) = go(way_in, "STLS\r\nSASL SCRAM-SHA-256-PLUS\r\n", None);
        assert_eq!(sent.last().map(String::as_str), Some("CAPA"), "{security}");
        let missing = LoginFailure::Cancelled(MechanismError::Missing);
        assert_eq!(result, Err(Error::LogIn(missing)));
    }
}
