//! From the first octet to the log-in, as one machine.

use pop3_proto::Event;
use pop3_proto::login::{
    Credentials, Login, LoginPolicy, LoginReport, Next, Opening, OpeningFailure, Security,
};
use pop3_proto::sasl::{ChannelBinding, Mechanism, Nonce};

use crate::Error;

/// The way in: greeting, TLS, and log-in. It is driven by [`Driver::log_in`](crate::Driver::log_in) or
/// [`Session::log_in`](crate::Session::log_in), and no longer needed after that.
///
/// It borrows the credentials, and keeps nothing secret but what SCRAM computes, which it wipes. It is by far the largest of
/// this crate's types when SCRAM is built in: keep it only as long as it is needed.
#[derive(Debug)]
pub struct WayIn<'c> {
    policy: LoginPolicy<'c>,
    pub(crate) stage: Stage<'c>,
}

#[allow(
    clippy::large_enum_variant,
    reason = "there is no heap to put the large one into"
)]
pub(crate) enum Stage<'c> {
    Opening(Opening, Start<'c>),
    LogIn(Login<'c>),
}

/// What to log in with.
pub(crate) enum Start<'c> {
    Credentials(Credentials<'c>),
    Mechanism(&'c mut dyn Mechanism),
}

impl core::fmt::Debug for Stage<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Opening(opening, _) => opening.fmt(f),
            Self::LogIn(login) => login.fmt(f),
        }
    }
}

impl<'c> WayIn<'c> {
    /// The way in over a connection that is to be protected like this.
    ///
    /// Of the policy, what the connection decides ([`tls`](LoginPolicy::tls), [`clear_text`](LoginPolicy::clear_text) and
    /// [`apop_offered`](LoginPolicy::apop_offered)) is filled in: naming [`Security::ClearText`] is naming
    /// clear text, and [`Security::StartTlsIfAvailable`] is not.
    #[must_use]
    pub fn new(security: Security, policy: LoginPolicy<'c>, credentials: Credentials<'c>) -> Self {
        Self::begin(security, policy, Start::Credentials(credentials))
    }

    /// The same with a mechanism of one's own, at its beginning.
    #[must_use]
    pub fn with_mechanism(
        security: Security,
        policy: LoginPolicy<'c>,
        mechanism: &'c mut dyn Mechanism,
    ) -> Self {
        Self::begin(security, policy, Start::Mechanism(mechanism))
    }

    fn begin(security: Security, policy: LoginPolicy<'c>, start: Start<'c>) -> Self {
        let clear_text = matches!(security, Security::ClearText);
        Self {
            policy: policy.tls(false).clear_text(clear_text),
            stage: Stage::Opening(Opening::new(security), start),
        }
    }

    /// Another log-in on the same connection, after the server has refused one. The server is not asked again what it can do.
    ///
    /// SCRAM needs a new nonce for it.
    pub fn again(&mut self, credentials: Credentials<'c>, nonce: Option<Nonce>) {
        self.policy.nonce = nonce;
        match &mut self.stage {
            Stage::Opening(_, start) => *start = Start::Credentials(credentials),
            Stage::LogIn(login) => {
                let policy = self.policy.offered(login.offered());
                *login = Login::new(policy, credentials);
            }
        }
    }

    /// The TLS handshake is done. The channel binding is for SCRAM, where TLS has one to offer.
    pub(crate) fn tls_established(&mut self, binding: Option<ChannelBinding<'c>>) {
        if let Stage::Opening(opening, _) = &mut self.stage {
            opening.tls_established();
            self.policy.tls = true;
            self.policy.channel_binding = binding;
        }
    }

    /// What comes next.
    pub(crate) fn next_step(&mut self) -> Next<'_, Result<LoginReport, Error>> {
        if let Stage::Opening(opening, start) = &mut self.stage
            && let Next::Finished(Ok(())) = opening.next_step()
        {
            let policy = self.policy.apop_offered(opening.offers_apop());
            let start = core::mem::replace(start, Start::Credentials(Credentials::external()));
            self.stage = Stage::LogIn(match start {
                Start::Credentials(credentials) => Login::new(policy, credentials),
                Start::Mechanism(mechanism) => Login::with_mechanism(policy, mechanism),
            });
            self.policy = policy;
        }
        match &self.stage {
            Stage::Opening(opening, _) => match opening.next_step() {
                Next::Send(command) => Next::Send(command),
                Next::Receive => Next::Receive,
                Next::StartTls => Next::StartTls,
                Next::Finished(opened) => {
                    // `Ok` has become a log-in above.
                    let failure = opened.err().unwrap_or(OpeningFailure::Dismissed);
                    Next::Finished(Err(Error::Opening(failure)))
                }
            },
            Stage::LogIn(login) => match login.next_step() {
                Next::Send(command) => Next::Send(command),
                Next::Receive => Next::Receive,
                Next::StartTls => Next::StartTls,
                Next::Finished(result) => Next::Finished(result.map_err(Error::LogIn)),
            },
        }
    }

    /// The command that was asked for is sent.
    pub(crate) const fn sent(&mut self) {
        match &mut self.stage {
            Stage::Opening(opening, _) => opening.sent(),
            Stage::LogIn(login) => login.sent(),
        }
    }

    /// Takes note of an event: show every event to it, as long as the way in lasts.
    pub fn observe(&mut self, event: &Event<'_>) {
        match &mut self.stage {
            Stage::Opening(opening, _) => opening.observe(event),
            Stage::LogIn(login) => login.observe(event),
        }
    }
}
