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
    pub(crate) opening: Opening,
    /// The connection is open, and the log-in has begun.
    pub(crate) open: bool,
    /// Made before the connection, because it is large, and then in its place already.
    pub(crate) login: Login<'c>,
}

impl<'c> WayIn<'c> {
    /// The way in over a connection that is to be protected like this.
    ///
    /// Of the policy, what the connection decides ([`tls`](LoginPolicy::tls), [`clear_text`](LoginPolicy::clear_text),
    /// [`channel_binding`](LoginPolicy::channel_binding) and [`apop_offered`](LoginPolicy::apop_offered)) is filled in: naming
    /// [`Security::ClearText`] is naming clear text, and [`Security::StartTlsIfAvailable`] is not.
    #[must_use]
    pub fn new(security: Security, policy: LoginPolicy<'c>, credentials: Credentials<'c>) -> Self {
        Self::begin(security, Login::new(on(security, policy), credentials))
    }

    /// The same with a mechanism of one's own, at its beginning.
    #[must_use]
    pub fn with_mechanism(
        security: Security,
        policy: LoginPolicy<'c>,
        mechanism: &'c mut dyn Mechanism,
    ) -> Self {
        Self::begin(
            security,
            Login::with_mechanism(on(security, policy), mechanism),
        )
    }

    const fn begin(security: Security, login: Login<'c>) -> Self {
        Self {
            opening: Opening::new(security),
            open: false,
            login,
        }
    }

    /// Another log-in on the same connection, after the server has refused one. The server is not asked again what it can do.
    ///
    /// SCRAM needs a new nonce for it.
    pub fn again(&mut self, credentials: Credentials<'c>, nonce: Option<Nonce>) {
        let mut policy = self.login.policy().offered(self.login.offered());
        policy.nonce = nonce;
        self.login = Login::new(policy, credentials);
    }

    /// The TLS handshake is done. The channel binding is for SCRAM, where TLS has one to offer.
    pub(crate) fn tls_established(&mut self, binding: Option<ChannelBinding<'c>>) {
        self.login.connected(false, true, binding);
        self.opening.tls_established();
        self.go_on();
    }

    /// Begins the log-in, if the connection is open.
    fn go_on(&mut self) {
        if let Next::Finished(Ok(())) = self.opening.next_step() {
            self.open = true;
            let (tls, binding) = (self.login.policy().tls, self.login.policy().channel_binding);
            self.login
                .connected(self.opening.offers_apop(), tls, binding);
        }
    }

    /// What comes next.
    pub(crate) fn next_step(&self) -> Next<'_, Result<LoginReport, Error>> {
        if self.open {
            return match self.login.next_step() {
                Next::Send(command) => Next::Send(command),
                Next::Receive => Next::Receive,
                Next::StartTls => Next::StartTls,
                Next::Finished(result) => Next::Finished(result.map_err(Error::LogIn)),
            };
        }
        match self.opening.next_step() {
            Next::Send(command) => Next::Send(command),
            Next::Receive => Next::Receive,
            Next::StartTls => Next::StartTls,
            Next::Finished(opened) => {
                // After `Ok` it is open.
                let failure = opened.err().unwrap_or(OpeningFailure::Dismissed);
                Next::Finished(Err(Error::Opening(failure)))
            }
        }
    }

    /// The command that was asked for is sent.
    pub(crate) const fn sent(&mut self) {
        if self.open {
            self.login.sent();
        } else {
            self.opening.sent();
        }
    }

    /// Takes note of an event: show every event to it, as long as the way in lasts, the greeting first. (The driver does it itself.)
    pub fn observe(&mut self, event: &Event<'_>) {
        if self.open {
            self.login.observe(event);
        } else {
            self.opening.observe(event);
            self.go_on();
        }
    }
}

/// The policy over a connection that is not open yet.
fn on(security: Security, policy: LoginPolicy<'_>) -> LoginPolicy<'_> {
    policy
        .tls(false)
        .channel_binding(None)
        .clear_text(matches!(security, Security::ClearText))
}
