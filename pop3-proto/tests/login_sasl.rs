//! Log-ins by SASL, against servers of every mood: what was sent, in order, and what came of it.

#![cfg(all(feature = "cram-md5", feature = "scram-sha-256"))]

use pop3_proto::login::{
    Authentication, Credentials, InitialResponse, Login, LoginFailure, LoginMethod, LoginPolicy,
    LoginReport, Next,
};
use pop3_proto::sasl::{
    Challenge, ChannelBinding, ChannelBindingKind, Mechanism, MechanismError, MechanismKind, Nonce,
    ResponseWriter,
};
use pop3_proto::{Client, CommandKind, Event, State, Text};

type Outcome = Result<LoginReport, LoginFailure>;

/// Logs in against these replies, one a line that the client sends: what was sent, what came of it, and where the session is.
fn play(mut login: Login<'_>, replies: &[&str]) -> (Vec<String>, Outcome, State) {
    let mut client: Client<1, 512> = Client::new();
    let greeted = client.receive(&mut &b"+OK\r\n"[..]);
    assert!(matches!(greeted, Ok(Some(Event::Greeting { .. }))));
    let mut replies = replies.iter();
    let mut sent = Vec::new();
    let mut cancelled = None;
    let result = loop {
        match login.next_step() {
            Next::Send(command) => {
                let mut out = [0; 1024];
                let octets = client.send(&command, &mut out).expect("allowed").octets;
                let line = String::from_utf8(out[..octets].to_vec()).unwrap();
                sent.push(line.strip_suffix("\r\n").expect("a line").to_owned());
                login.sent();
                // If the connection ended now, that is what the log-in would have failed for.
                cancelled = login.cancelled();
                assert_eq!(
                    cancelled.is_some(),
                    sent.last().is_some_and(|line| line == "*")
                );
            }
            Next::Receive => {
                let reply = format!("{}\r\n", replies.next().expect("a reply is there"));
                let mut input = reply.as_bytes();
                while let Some(event) = client.receive(&mut input).expect("a fine reply") {
                    login.observe(&event);
                }
            }
            Next::Finished(result) => break result,
            other => panic!("{other:?} in a log-in"),
        }
    };
    assert_eq!(replies.next(), None, "every reply was waited for");
    assert!(cancelled.is_none() || cancelled == result.err());
    assert_eq!(login.cancelled(), None, "it is over");
    (sent, result, client.state())
}

fn inside_tls(authentication: Authentication) -> LoginPolicy<'static> {
    LoginPolicy::new(authentication)
        .ask_capabilities(false)
        .tls(true)
}

fn by(kind: MechanismKind) -> LoginPolicy<'static> {
    inside_tls(Authentication::Mechanism(kind))
}

fn tim() -> Credentials<'static> {
    Credentials::new(b"tim", "tanstaaftanstaaf".into())
}

const PLAIN: &str = "AHRpbQB0YW5zdGFhZnRhbnN0YWFm";

#[test]
fn the_list_of_capabilities_decides_and_is_asked_for_again() {
    let policy = inside_tls(Authentication::Auto).ask_capabilities(true);
    let capabilities = "+OK\r\nSASL LOGIN plain X-ODD\r\nUSER\r\n.";
    let replies = [capabilities, "+OK", "+OK\r\nTOP\r\n."];
    let (sent, result, state) = play(Login::new(policy, tim()), &replies);
    assert_eq!(sent, ["CAPA", &format!("AUTH PLAIN {PLAIN}"), "CAPA"]);
    let report = result.unwrap();
    assert_eq!(report.used, LoginMethod::Sasl(MechanismKind::Plain));
    assert!(report.tls);
    assert_eq!(report.to_string(), "PLAIN");
    let offered = report.offered.expect("it was asked");
    assert_eq!(offered.mechanisms.to_string(), "PLAIN LOGIN");
    assert_eq!(state, State::Transaction);

    // What is known is not asked for again before the log-in.
    let policy = policy.offered(Some(offered));
    let (sent, ..) = play(Login::new(policy, tim()), &["+OK", "-ERR"]);
    assert_eq!(sent, [&format!("AUTH PLAIN {PLAIN}"), "CAPA"]);
}

#[test]
fn in_one_line_only_if_that_is_allowed() {
    let announced = "+OK\r\nSASL PLAIN XOAUTH2\r\n.";
    let auto = inside_tls(Authentication::Auto).ask_capabilities(true);
    // 255 octets with the line end, and four more: "AUTH PLAIN " and the rest in groups of four.
    for (length, one_line) in [(174, true), (175, true), (176, false), (178, false)] {
        let password = "p".repeat(length);
        let credentials = Credentials::new(b"tim", password.as_str().into());
        let mut replies = vec![announced, "+OK", "-ERR"];
        if !one_line {
            replies.insert(1, "+");
        }
        let (sent, result, _) = play(Login::new(auto, credentials), &replies);
        assert!(result.is_ok());
        assert_eq!(sent[1].len() > 10, one_line, "{length}");
        assert!(sent[1].len() + 2 <= 255, "{length}");
    }
    // The server says nothing of PLAIN.
    let (sent, ..) = play(
        Login::new(by(MechanismKind::Plain), tim()),
        &["+ go ahead", "+OK"],
    );
    assert_eq!(sent, ["AUTH PLAIN", PLAIN]);
    // By name.
    let policy = by(MechanismKind::Plain).initial_response(InitialResponse::Always);
    let (sent, ..) = play(Login::new(policy, tim()), &["+OK"]);
    assert_eq!(sent, [format!("AUTH PLAIN {PLAIN}")]);
    let policy = auto.initial_response(InitialResponse::Never);
    let (sent, ..) = play(Login::new(policy, tim()), &[announced, "+", "+OK", "-ERR"]);
    assert_eq!(sent[1..3], ["AUTH PLAIN", PLAIN]);
    // A token never.
    let token = Credentials::token(b"tim", "abc".into());
    let (sent, ..) = play(Login::new(auto, token), &[announced, "+", "+OK", "-ERR"]);
    assert_eq!(sent[1], "AUTH XOAUTH2");
}

#[test]
fn an_empty_initial_response() {
    let policy = inside_tls(Authentication::Auto).ask_capabilities(true);
    let replies = ["+OK\r\nSASL EXTERNAL\r\n.", "+OK", "-ERR"];
    let (sent, result, _) = play(Login::new(policy, Credentials::external()), &replies);
    assert_eq!(sent[1], "AUTH EXTERNAL =");
    assert!(result.is_ok());
    let policy = by(MechanismKind::External);
    let (sent, ..) = play(Login::new(policy, Credentials::external()), &["+", "+OK"]);
    assert_eq!(sent, ["AUTH EXTERNAL", ""]);
}

#[test]
fn a_refusal_of_the_one_line_form_and_a_refusal_of_the_password() {
    let policy = inside_tls(Authentication::Auto).ask_capabilities(true);
    let announced = "+OK\r\nSASL PLAIN LOGIN\r\n.";
    let one_line = format!("AUTH PLAIN {PLAIN}");
    let refused = Err(LoginFailure::Refused(CommandKind::Auth));
    // The form: once more in two steps.
    let replies = [announced, "-ERR syntax", "+", "+OK", "-ERR"];
    let (sent, result, _) = play(Login::new(policy, tim()), &replies);
    assert_eq!(sent[1..4], [one_line.as_str(), "AUTH PLAIN", PLAIN]);
    assert!(result.is_ok());
    // The password: it is not tried a third time.
    let replies = [announced, "-ERR", "+", "-ERR"];
    let (sent, result, state) = play(Login::new(policy, tim()), &replies);
    assert_eq!((sent.len(), result), (4, refused));
    assert_eq!(state, State::Authorization);
    // With a code, not even a second time.
    for code in [
        "[AUTH] no",
        "[IN-USE] no",
        "[LOGIN-DELAY] no",
        "[SYS/TEMP] no",
        "[X] no",
    ] {
        let reply = format!("-ERR {code}");
        let (sent, result, _) = play(Login::new(policy, tim()), &[announced, &reply]);
        assert_eq!((sent.len(), result), (2, refused), "{code}");
    }
    // Nor when the caller has named the form.
    let always = policy.initial_response(InitialResponse::Always);
    let (sent, result, _) = play(Login::new(always, tim()), &[announced, "-ERR"]);
    assert_eq!((sent.len(), result), (2, refused));
}

#[test]
fn a_mechanism_that_is_refused_by_itself_gives_way_to_one_that_is_as_strong() {
    let policy = inside_tls(Authentication::Auto)
        .ask_capabilities(true)
        .initial_response(InitialResponse::Never);
    let announced = "+OK\r\nSASL PLAIN LOGIN\r\n.";
    let replies = [announced, "-ERR", "-ERR", "+OK", "+OK", "-ERR"];
    let (sent, result, _) = play(Login::new(policy, tim()), &replies);
    assert_eq!(
        sent[1..5],
        [
            "AUTH PLAIN",
            "AUTH LOGIN",
            "USER tim",
            "PASS tanstaaftanstaaf"
        ]
    );
    assert_eq!(result.unwrap().used, LoginMethod::UserPass);
    // A password is not sent where CRAM-MD5 was refused.
    let replies = ["+OK\r\nSASL CRAM-MD5 PLAIN LOGIN\r\n.", "-ERR"];
    let (sent, result, _) = play(Login::new(policy, tim()), &replies);
    assert_eq!(sent, ["CAPA", "AUTH CRAM-MD5"]);
    assert_eq!(result, Err(LoginFailure::Refused(CommandKind::Auth)));
    // Nor where SCRAM was, or SCRAM bound to TLS.
    let policy = policy.nonce(Nonce::new([0; Nonce::OCTETS]));
    let replies = ["+OK\r\nSASL SCRAM-SHA-256 PLAIN LOGIN\r\n.", "-ERR"];
    let (sent, ..) = play(Login::new(policy, tim()), &replies);
    assert_eq!(sent, ["CAPA", "AUTH SCRAM-SHA-256"]);
    let bound = policy.channel_binding(Some(BINDING));
    let replies = [
        "+OK\r\nSASL SCRAM-SHA-256 SCRAM-SHA-256-PLUS PLAIN\r\n.",
        "-ERR",
    ];
    let (sent, ..) = play(Login::new(bound, tim()), &replies);
    assert_eq!(sent, ["CAPA", "AUTH SCRAM-SHA-256-PLUS"]);
    // A token may take the other way.
    let token = Credentials::token(b"tim", "abc".into());
    let replies = [
        "+OK\r\nSASL OAUTHBEARER XOAUTH2\r\n.",
        "-ERR",
        "+",
        "+OK",
        "-ERR",
    ];
    let (sent, result, _) = play(Login::new(policy, token), &replies);
    assert_eq!(sent[1..3], ["AUTH OAUTHBEARER", "AUTH XOAUTH2"]);
    assert!(result.is_ok());
}

#[test]
fn success_before_anything_was_said_is_none() {
    for kind in [
        MechanismKind::Plain,
        MechanismKind::Login,
        MechanismKind::CramMd5,
    ] {
        let (sent, result, _) = play(Login::new(by(kind), tim()), &["+OK"]);
        assert_eq!(sent, [format!("AUTH {kind}")]);
        assert_eq!(
            result,
            Err(LoginFailure::NotProved(MechanismError::NotProved))
        );
    }
    // LOGIN after the name alone.
    let login = Login::new(by(MechanismKind::Login), tim());
    let (sent, result, _) = play(login, &["+ VXNlcm5hbWU6", "+OK"]);
    assert_eq!(sent, ["AUTH LOGIN", "dGlt"]);
    assert_eq!(
        result,
        Err(LoginFailure::NotProved(MechanismError::NotProved))
    );
}

#[test]
fn a_challenge_that_makes_no_sense_is_answered_with_a_star_and_the_session_goes_on() {
    for (challenge, error) in [
        ("+ !", MechanismError::NotBase64),
        ("+ PDEuMkBhPg", MechanismError::NotBase64),
        ("+", MechanismError::Malformed),
    ] {
        let login = Login::new(by(MechanismKind::CramMd5), tim());
        let (sent, result, state) = play(login, &[challenge, "-ERR cancelled"]);
        assert_eq!(sent, ["AUTH CRAM-MD5", "*"]);
        assert_eq!(result, Err(LoginFailure::Cancelled(error)), "{challenge}");
        assert_eq!(state, State::Authorization);
    }
    let long = format!("+ {}", "A".repeat(600));
    let login = Login::new(by(MechanismKind::CramMd5), tim());
    let (_, result, _) = play(login, &[&long, "-ERR"]);
    assert_eq!(
        result,
        Err(LoginFailure::Cancelled(MechanismError::TooLong))
    );
    // One challenge too many.
    let login = Login::new(by(MechanismKind::Plain), tim());
    let (sent, result, _) = play(login, &["+", "+", "-ERR"]);
    assert_eq!(sent, ["AUTH PLAIN", PLAIN, "*"]);
    assert_eq!(
        result,
        Err(LoginFailure::Cancelled(MechanismError::Malformed))
    );
}

#[test]
fn what_a_mechanism_needs_is_found_out_before_it_begins() {
    let login = Login::new(by(MechanismKind::ScramSha256), tim());
    let (sent, result, _) = play(login, &[]);
    assert!(sent.is_empty());
    assert_eq!(
        result,
        Err(LoginFailure::Cancelled(MechanismError::Missing))
    );
    let nonce = Nonce::new([0; Nonce::OCTETS]);
    let login = Login::new(by(MechanismKind::ScramSha256Plus).nonce(nonce), tim());
    let (_, result, _) = play(login, &[]);
    assert_eq!(
        result,
        Err(LoginFailure::Cancelled(MechanismError::Missing))
    );
    let name = Credentials::new("\u{e9}".as_bytes(), "x".into());
    let login = Login::new(by(MechanismKind::ScramSha256).nonce(nonce), name);
    let (_, result, _) = play(login, &[]);
    assert_eq!(
        result,
        Err(LoginFailure::Cancelled(MechanismError::NotPrepared))
    );
    // Prepared, it can begin.
    let name = name.prepared("\u{e9}".as_bytes(), "x".into());
    let login = Login::new(by(MechanismKind::ScramSha256).nonce(nonce), name);
    assert!(matches!(login.next_step(), Next::Send(_)));
    let token = Credentials::token(b"tim", "a b".into());
    let login = Login::new(by(MechanismKind::Xoauth2), token);
    let (sent, result, _) = play(login, &[]);
    assert!(sent.is_empty());
    assert_eq!(
        result,
        Err(LoginFailure::Cancelled(MechanismError::InvalidArgument))
    );
}

const BINDING: ChannelBinding<'static> = ChannelBinding {
    kind: ChannelBindingKind::TlsExporter,
    data: &[7; 32],
};

fn base64(text: &str) -> String {
    struct Says<'a>(&'a str);
    impl Mechanism for Says<'_> {
        fn name(&self) -> &str {
            "SAYS"
        }
        fn speaks_first(&self) -> bool {
            true
        }
        fn take_challenge(&mut self, _: Challenge<'_>) -> Result<(), MechanismError> {
            Ok(())
        }
        fn write_response(&self, response: &mut ResponseWriter<'_>) {
            response.put(self.0.as_bytes());
        }
        fn check_success(&self) -> Result<(), MechanismError> {
            Ok(())
        }
    }
    let mut out = [0; 512];
    let length = ResponseWriter::encode(&Says(text), &mut out).unwrap();
    String::from_utf8(out[..length].to_vec()).unwrap()
}

// The example of RFC 7677 section 3.
const FIRST: &str = "n=user,r=rOprNGfwEbeRWgbNEkqO";
const SERVER_FIRST: &str =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
    p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const SERVER_FINAL: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

fn scram() -> Login<'static> {
    let nonce = Nonce::from_text(b"rOprNGfwEbeRWgbNEkqO").unwrap();
    let credentials = Credentials::new(b"user", "pencil".into());
    Login::new(by(MechanismKind::ScramSha256).nonce(nonce), credentials)
}

#[test]
fn scram_as_in_its_rfc() {
    let first = format!("+ {}", base64(SERVER_FIRST));
    let last = format!("+ {}", base64(SERVER_FINAL));
    let (sent, result, state) = play(scram(), &["+", &first, &last, "+OK"]);
    let gs2 = base64(&format!("n,,{FIRST}"));
    let last = base64(FINAL);
    assert_eq!(
        sent,
        ["AUTH SCRAM-SHA-256", gs2.as_str(), last.as_str(), ""]
    );
    assert_eq!(result.unwrap().to_string(), "SCRAM-SHA-256");
    assert_eq!(state, State::Transaction);
}

/// The messages are those of `sasl/scram_vectors.rs`.
#[test]
fn scram_bound_to_tls_says_so_in_its_report() {
    let binding = ChannelBinding {
        kind: ChannelBindingKind::TlsExporter,
        data: &core::array::from_fn::<u8, 32, _>(|nth| nth as u8),
    };
    let policy = by(MechanismKind::ScramSha256Plus)
        .nonce(Nonce::new(core::array::from_fn(|nth| nth as u8)))
        .channel_binding(Some(binding));
    let credentials = Credentials::new(b"user", "pencil".into());
    let first = "r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,s=ZGVmZ2hpamtsbW5vcHFycw==,i=4096";
    let first = format!("+ {}", base64(first));
    let last = base64("v=59da3qNKLc89G50lFZzNsxCekLg8i5UEQ0/F1MPiHGw=");
    let last = format!("+ {last}");
    // The channel binding is there when TLS is, which a log-in may be made before.
    let mut told = Login::new(policy.tls(false).channel_binding(None), credentials);
    told.connected(false, true, Some(binding));
    // Without one there is none any more: what was said last counts.
    let mut without = Login::new(policy, credentials);
    without.connected(false, true, None);
    let (sent, result, _) = play(without, &[]);
    assert!(sent.is_empty());
    let missing = LoginFailure::Cancelled(MechanismError::Missing);
    assert_eq!(result, Err(missing));
    for login in [Login::new(policy, credentials), told] {
        let (_, result, _) = play(login, &["+", &first, &last, "+OK"]);
        let report = result.unwrap();
        assert!(report.tls);
        assert_eq!(
            report.channel_binding,
            Some(ChannelBindingKind::TlsExporter)
        );
        assert_eq!(report.to_string(), "SCRAM-SHA-256-PLUS with tls-exporter");
    }
}

#[test]
fn scram_with_a_server_that_cannot_prove_itself() {
    let first = format!("+ {}", base64(SERVER_FIRST));
    // It says +OK, and leaves its signature out.
    let (_, result, _) = play(scram(), &["+", &first, "+OK"]);
    assert_eq!(
        result,
        Err(LoginFailure::NotProved(MechanismError::NotProved))
    );
    // Also if it puts it where it does not belong.
    let ok = format!("+OK {}", base64(SERVER_FINAL));
    let (_, result, _) = play(scram(), &["+", &first, &ok]);
    assert_eq!(
        result,
        Err(LoginFailure::NotProved(MechanismError::NotProved))
    );
    // Its signature is another's.
    let wrong = format!("+ {}", base64(&SERVER_FINAL.replace("6rri", "6rrj")));
    let (sent, result, state) = play(scram(), &["+", &first, &wrong, "-ERR"]);
    assert_eq!(sent.last().unwrap(), "*");
    let error = MechanismError::WrongServerSignature;
    assert_eq!(result, Err(LoginFailure::NotProved(error)));
    assert_eq!(state, State::Authorization);
}

#[test]
fn what_scram_says_of_channel_binding() {
    let plus = MechanismKind::ScramSha256Plus;
    let plain = MechanismKind::ScramSha256;
    let without = "+OK\r\nSASL SCRAM-SHA-256\r\n.";
    let with = "+OK\r\nSASL SCRAM-SHA-256 SCRAM-SHA-256-PLUS\r\n.";
    // The mechanism that is asked for, what CAPA says, what is known of TLS, and what the client says then.
    for (kind, capa, binding, header) in [
        (plain, Some(without), None, "n,,"),
        (plain, Some(without), Some(BINDING), "y,,"),
        (plain, Some(with), Some(BINDING), "n,,"),
        (plain, None, Some(BINDING), "n,,"),
        (plain, Some("-ERR"), Some(BINDING), "n,,"),
        (plus, Some(with), Some(BINDING), "p=tls-exporter,,"),
        (plus, Some(without), Some(BINDING), "p=tls-exporter,,"),
        (plus, None, Some(BINDING), "p=tls-exporter,,"),
    ] {
        let nonce = Nonce::from_text(b"rOprNGfwEbeRWgbNEkqO").unwrap();
        let policy = by(kind)
            .nonce(nonce)
            .ask_capabilities(capa.is_some())
            .initial_response(InitialResponse::Never)
            .channel_binding(binding);
        let credentials = Credentials::new(b"user", "pencil".into());
        let replies: Vec<&str> = capa.into_iter().chain(["+", "-ERR"]).collect();
        let (sent, ..) = play(Login::new(policy, credentials), &replies);
        let expected = base64(&format!("{header}{FIRST}"));
        assert_eq!(
            sent.last(),
            Some(&expected),
            "{kind}, {capa:?}, {binding:?}"
        );
    }
}

#[test]
fn credentials_of_another_kind_are_not_sent() {
    let token = Credentials::token(b"tim", "abc".into());
    let password = Credentials::new(b"tim", "abc".into());
    for (credentials, how) in [
        (token, Authentication::UserPass),
        (token, Authentication::ApopThenUserPass),
        (token, Authentication::Mechanism(MechanismKind::Plain)),
        (password, Authentication::Mechanism(MechanismKind::Xoauth2)),
        (password, Authentication::Mechanism(MechanismKind::External)),
        (Credentials::external(), Authentication::UserPass),
        (Credentials::anonymous(b"x"), Authentication::UserPass),
    ] {
        let policy = inside_tls(how).apop_offered(true);
        let (sent, result, _) = play(Login::new(policy, credentials), &[]);
        assert_eq!(
            (sent.len(), result),
            (0, Err(LoginFailure::WrongCredentials))
        );
        let text = LoginFailure::WrongCredentials.to_string();
        assert!(text.contains("not for the way to log in"), "{text}");
    }
}

#[test]
fn a_token_that_is_not_accepted() {
    let token = Credentials::token(b"someuser@example.com", "dGVzdA==".into());
    let failure = "+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=";
    for (kind, answer) in [
        (MechanismKind::Xoauth2, ""),
        (MechanismKind::Oauthbearer, "AQ=="),
    ] {
        let (sent, result, state) = play(Login::new(by(kind), token), &["+", failure, "-ERR"]);
        assert_eq!(sent.last().unwrap(), answer);
        assert_eq!(result, Err(LoginFailure::Refused(CommandKind::Auth)));
        assert_eq!(state, State::Authorization);
        // Success is not to be believed then.
        let (_, result, _) = play(Login::new(by(kind), token), &["+", failure, "+OK"]);
        assert_eq!(
            result,
            Err(LoginFailure::NotProved(MechanismError::ServerError))
        );
    }
}

/// Two rounds, in each of which it says what the server has said.
struct Echo {
    first: bool,
    rounds: u8,
    said: Vec<u8>,
    usable: bool,
}

impl Mechanism for Echo {
    fn name(&self) -> &str {
        "X-ECHO"
    }
    fn speaks_first(&self) -> bool {
        self.first
    }
    fn check(&self) -> Result<(), MechanismError> {
        match self.usable {
            true => Ok(()),
            false => Err(MechanismError::Other(Text::new(b"no ticket"))),
        }
    }
    fn take_challenge(&mut self, challenge: Challenge<'_>) -> Result<(), MechanismError> {
        let mut buffer = [0; 64];
        self.said = challenge.decode(&mut buffer)?.to_vec();
        self.rounds += 1;
        Ok(())
    }
    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        response.put(&self.said);
    }
    fn check_success(&self) -> Result<(), MechanismError> {
        match self.rounds {
            2 => Ok(()),
            _ => Err(MechanismError::Other(Text::new(b"too few rounds"))),
        }
    }
}

#[test]
fn a_mechanism_of_ones_own() {
    let echo = |usable| Echo {
        first: false,
        rounds: 0,
        said: Vec::new(),
        usable,
    };
    let policy = inside_tls(Authentication::Auto);
    let mut own = echo(true);
    let login = Login::with_mechanism(policy, &mut own);
    assert!(format!("{login:?}").contains("X-ECHO"));
    let (sent, result, _) = play(login, &["+ YWJj", "+ ZGVm", "+OK"]);
    assert_eq!(sent, ["AUTH X-ECHO", "YWJj", "ZGVm"]);
    let report = result.unwrap();
    assert_eq!(report.used, LoginMethod::Own);
    assert_eq!(report.to_string(), "a mechanism of its own");

    // In one line if that was asked for; and refused, it is not begun anew.
    let always = policy.initial_response(InitialResponse::Always);
    let mut own = echo(true);
    (own.first, own.said) = (true, b"abc".to_vec());
    let (sent, result, _) = play(Login::with_mechanism(always, &mut own), &["-ERR"]);
    assert_eq!(sent, ["AUTH X-ECHO YWJj"]);
    assert_eq!(result, Err(LoginFailure::Refused(CommandKind::Auth)));

    let (_, result, _) = play(
        Login::with_mechanism(policy, &mut echo(true)),
        &["+ YWJj", "+OK"],
    );
    let too_few = MechanismError::Other(Text::new(b"too few rounds"));
    assert_eq!(result, Err(LoginFailure::NotProved(too_few)));
    let (_, result, _) = play(Login::with_mechanism(policy, &mut echo(true)), &["-ERR"]);
    assert_eq!(result, Err(LoginFailure::Refused(CommandKind::Auth)));
    let (sent, result, _) = play(Login::with_mechanism(policy, &mut echo(false)), &[]);
    assert!(sent.is_empty());
    let error = MechanismError::Other(Text::new(b"no ticket"));
    assert_eq!(result, Err(LoginFailure::Cancelled(error)));
    assert_eq!(result.unwrap_err().to_string(), "no ticket");
}

#[test]
fn a_goodbye_within_an_exchange() {
    for kind in [MechanismKind::Login, MechanismKind::Plain] {
        let mut client: Client<1, 64> = Client::new();
        let _ = client.receive(&mut &b"+OK\r\n"[..]).unwrap();
        let mut login = Login::new(by(kind), tim());
        let Next::Send(command) = login.next_step() else {
            panic!("AUTH first");
        };
        let _ = client.send(&command, &mut [0; 64]).unwrap();
        login.sent();
        // The challenge, and before it is answered the end.
        let mut input = &b"+ \r\n-ERR too slow\r\n"[..];
        while let Some(event) = client.receive(&mut input).unwrap() {
            login.observe(&event);
        }
        let next = login.next_step();
        let dismissed = Next::Finished(Err::<LoginReport, _>(LoginFailure::Dismissed));
        assert_eq!(format!("{next:?}"), format!("{dismissed:?}"));
        assert_eq!(client.state(), State::Closed);
    }
}
