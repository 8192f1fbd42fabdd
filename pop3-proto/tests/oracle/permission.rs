//! What a client may send when: RFC 1939 sections 4 to 7, RFC 2449 sections 5 and 6.6, RFC 2595 section 4, RFC 5034 section 4,
//! RFC 6856 sections 2 and 3.

use super::model::Outcome;
use pop3_proto::{CapabilityKind, CommandKind, Config, Pipelining, SendError, State};

use CommandKind::*;

/// All that stands against sending the command now; nothing does, if there is nothing.
pub fn objections(
    kind: CommandKind,
    outcome: &Outcome<'_>,
    config: &Config,
    depth: usize,
    tls: bool,
) -> Vec<SendError> {
    let state = outcome.state;
    if let Some(error) = outcome.failure {
        return vec![SendError::Failed(error)];
    }
    let mut objections = Vec::new();
    let allowed: &[CommandKind] = match state {
        State::Authorization => &[
            User, Pass, Apop, Auth, Response, Cancel, Capa, Stls, Quit, Utf8, Languages, Lang,
        ],
        State::Transaction => &[
            Stat, List, ListOne, Uidl, UidlOne, Retr, Top, Dele, Noop, Rset, Capa, Quit, Utf8,
            Languages, Lang,
        ],
        _ => &[],
    };
    if !allowed.contains(&kind) {
        objections.push(SendError::WrongState {
            command: kind,
            state,
        });
    }
    if matches!(kind, Response | Cancel) {
        if !outcome.challenged {
            objections.push(SendError::NoChallenge);
        }
        // They go with the command that was challenged, and stand in no queue.
        return objections;
    }
    if kind == Pass && !outcome.user_accepted {
        objections.push(SendError::UserFirst);
    }
    if kind == Stls && tls {
        objections.push(SendError::AlreadyTls);
    }
    if kind == Stls && outcome.utf8 {
        objections.push(SendError::StlsAfterUtf8);
    }
    if kind == Apop && !outcome.timestamp {
        objections.push(SendError::NoTimestamp);
    }
    // What changes the state, or begins another, stands alone; QUIT may stand behind others.
    let alone = |kind| matches!(kind, User | Pass | Apop | Auth | Stls | Utf8);
    let announced = outcome
        .capabilities
        .as_ref()
        .is_some_and(|announced| announced.contains(&CapabilityKind::Pipelining));
    let pipelining = match config.pipelining {
        Pipelining::Always => true,
        Pipelining::IfAnnounced => announced,
        _ => false,
    };
    let barrier = outcome
        .in_flight
        .iter()
        .any(|r| alone(r.kind) || r.kind == Quit);
    if !pipelining || barrier || alone(kind) {
        let waits_for = outcome.in_flight.iter().map(|&r| SendError::Awaiting(r));
        objections.extend(waits_for);
    }
    if outcome.in_flight.len() >= depth {
        objections.push(SendError::PipelineFull);
    }
    objections
}
