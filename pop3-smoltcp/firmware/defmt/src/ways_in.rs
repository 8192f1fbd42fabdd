//! Every way in, with a server that may challenge more often than it should, and repeats the secret.

use pop3_smoltcp::pop3_proto::login::{
    Authentication, Credentials, InitialResponse, LoginPolicy, Security,
};
use pop3_smoltcp::pop3_proto::sasl::{
    Anonymous, Binding, Challenge, Exchange, Mechanism as _, MechanismKind, Parameters,
    ResponseWriter,
};
use pop3_smoltcp::pop3_proto::{Config, Event, SendError};
use pop3_smoltcp::{Error, Session, Step, Timeouts, WayIn};

use crate::{Secrets, Sent};

pub(crate) fn log(secrets: &Secrets<'_>, sent: &mut Sent) {
    let mut base64 = [[0; 128]; 2];
    let challenges = challenges(secrets, &mut base64);
    for security in [
        Security::ClearText,
        Security::StartTls,
        Security::ImplicitTls,
    ] {
        for authentication in [
            Authentication::UserPass,
            Authentication::ApopOnly,
            Authentication::ApopThenUserPass,
        ] {
            let policy = LoginPolicy::new(authentication);
            for verdict in ["+OK\r\n", "-ERR [AUTH] no\r\n"] {
                let server = Server::new(&[], verdict);
                go_in(security, policy, password(secrets), server, secrets, sent);
            }
        }
    }
    for &kind in MechanismKind::ALL {
        exchange(kind, secrets, challenges);
        for initial_response in [InitialResponse::Always, InitialResponse::Never] {
            let policy = LoginPolicy::new(Authentication::Mechanism(kind))
                .initial_response(initial_response)
                .iterations(1, 10)
                .nonce(secrets.nonce());
            let credentials = match kind {
                MechanismKind::Xoauth2 | MechanismKind::Oauthbearer => {
                    Credentials::token(b"mrose", secrets.token.into())
                }
                MechanismKind::External => Credentials::external(),
                MechanismKind::Anonymous => Credentials::anonymous(b"trace"),
                _ => password(secrets),
            };
            for so_many in 0..=challenges.len() {
                let server = Server::new(&challenges[..so_many], "+OK\r\n");
                go_in(
                    Security::ImplicitTls,
                    policy,
                    credentials,
                    server,
                    secrets,
                    sent,
                );
            }
        }
    }
}

fn password<'a>(secrets: &Secrets<'a>) -> Credentials<'a> {
    let password = secrets.password.into();
    Credentials::new(b"mrose", password).prepared(b"mrose", password)
}

/// An exchange by itself, with all that there can be of it.
fn exchange(kind: MechanismKind, secrets: &Secrets<'_>, challenges: [&[u8]; 2]) {
    let secret = match kind {
        MechanismKind::Xoauth2 | MechanismKind::Oauthbearer => secrets.token.into(),
        _ => secrets.password.into(),
    };
    let parameters = Parameters::new(b"mrose", secret)
        .nonce(secrets.nonce())
        .binding(Binding::Bound(secrets.binding()))
        .iterations(1, 10);
    let mut exchange = Exchange::new(kind, &parameters).expect("nothing is missing");
    defmt::println!("{} {}", parameters, exchange);
    for challenge in challenges.map(Challenge::new) {
        let taken = exchange.take_challenge(challenge);
        defmt::println!("{} {} {}", challenge, taken, exchange);
    }
}

/// In base64, one that SCRAM takes for an answer, and one that repeats the password.
fn challenges<'b>(secrets: &Secrets<'_>, base64: &'b mut [[u8; 128]; 2]) -> [&'b [u8]; 2] {
    let mut first = [0; 64];
    let mut length = 0;
    for part in [
        b"r=",
        secrets.nonce.as_bytes(),
        b"server,s=QSXCR+Q6sek8bf92,i=1",
    ] {
        first[length..length + part.len()].copy_from_slice(part);
        length += part.len();
    }
    let mut challenges = [&first[..length], secrets.password.as_bytes()].into_iter();
    base64.each_mut().map(|base64| {
        // It is its trace that ANONYMOUS sends.
        let text = Anonymous::new(challenges.next().expect("one for each"));
        let length = ResponseWriter::encode(&text, base64).expect("room for it");
        &base64[..length]
    })
}

/// A server that refuses CAPA.
struct Server<'s> {
    /// It says these, and then the verdict.
    challenges: &'s [&'s [u8]],
    verdict: &'static str,
    /// What it says next: the line in three parts.
    says: [&'s [u8]; 3],
}

impl<'s> Server<'s> {
    const fn new(challenges: &'s [&'s [u8]], verdict: &'static str) -> Self {
        Self {
            challenges,
            verdict,
            says: [b"+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n", b"", b""],
        }
    }

    fn hear(&mut self, line: &[u8]) {
        let keyword = line.split(|octet| b" \r".contains(octet)).next();
        self.says = match (keyword, self.challenges) {
            (Some(b"CAPA" | b"*"), _) => [b"-ERR\r\n", b"", b""],
            (Some(b"STLS" | b"USER"), _) => [b"+OK\r\n", b"", b""],
            (Some(b"PASS" | b"APOP"), _) | (_, []) => [self.verdict.as_bytes(), b"", b""],
            (_, [challenge, rest @ ..]) => {
                self.challenges = rest;
                [b"+ ", challenge, b"\r\n"]
            }
        };
    }
}

/// Goes in, and logs all that there is on the way.
fn go_in<'c>(
    security: Security,
    policy: LoginPolicy<'c>,
    credentials: Credentials<'c>,
    mut server: Server<'_>,
    secrets: &Secrets<'c>,
    sent: &mut Sent,
) {
    defmt::println!("{} {} {}", security, policy, credentials);
    let mut way_in = WayIn::new(security, policy, credentials);
    let mut session: Session<1, 128> = Session::new(Config::new(), Timeouts::new());
    session.start(0);
    session.connected(0);
    let ended = loop {
        defmt::println!("{} {}", session, way_in);
        let mut out = [0; 255];
        // Into too small a buffer first.
        let mut step = session.log_in(&mut way_in, 0, &mut [0; 2]);
        if let Err(Error::Send(SendError::BufferTooSmall { .. })) = step {
            defmt::println!("{}", step.map(drop));
            step = session.log_in(&mut way_in, 0, &mut out);
        }
        match step {
            Ok(Step::Write(written)) => {
                defmt::println!("{}", written);
                sent.write(&out[..written.octets]);
                server.hear(&out[..written.octets]);
            }
            Ok(Step::Receive) => {
                if let Err(error) = listen(&mut session, &mut way_in, &server) {
                    break Err(error);
                }
            }
            Ok(Step::StartTls) => {
                let begun = session.tls_established(&mut way_in, Some(secrets.binding()), 0);
                begun.expect("TLS was asked for");
            }
            Ok(Step::LoggedIn(report)) => break Ok(report),
            Err(error) => break Err(error),
        }
    };
    defmt::println!("{} {} {}", ended, session, way_in);
    session.abort();
    defmt::println!("{}", session.ended());
}

/// Receives what the server says, in pieces, and logs each event.
fn listen(
    session: &mut Session<1, 128>,
    way_in: &mut WayIn<'_>,
    server: &Server<'_>,
) -> Result<(), Error> {
    for piece in server.says.iter().flat_map(|part| part.chunks(5)) {
        let mut rest = piece;
        let see = |event: Event<'_>| {
            defmt::println!("{}", event);
            way_in.observe(&event);
        };
        session.receive(&mut rest, 0, see)?;
        defmt::println!("{} {}", session, way_in);
    }
    Ok(())
}
