//! Where a log-in is.

use super::report::LoginFailure;
use crate::sasl::MechanismError;

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Send(Line),
    Sent(Line),
    Finished(Result<(), LoginFailure>),
}

/// What the client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Capa,
    Apop,
    User,
    Pass,
    Auth(Form),
    /// A response. The server has had one before: then a refusal is about what it said.
    Response,
    Cancel(MechanismError),
    /// CAPA after the log-in.
    LastCapa,
}

/// How an exchange begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The first response goes along.
    OneLine,
    /// The server is asked for its leave, or its challenge, first.
    TwoSteps,
    /// The same, after it has refused one line, and has seen the first response in it.
    Again,
}
