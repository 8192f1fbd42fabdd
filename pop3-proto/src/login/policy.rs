//! What a log-in may do.

use core::fmt;

use super::report::Offer;
use crate::sasl::{ChannelBinding, MAX_ITERATIONS, MIN_ITERATIONS, MechanismKind, Nonce};

/// How to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Authentication {
    /// The strongest way that the credentials, the connection and the server allow: SCRAM bound to TLS, SCRAM, CRAM-MD5, and
    /// last the password as it is (PLAIN, LOGIN, USER and PASS); for a token OAUTHBEARER, then XOAUTH2. Never APOP.
    ///
    /// Outside TLS nothing is sent unless the caller has [named clear text](LoginPolicy::clear_text), and a token not even
    /// then. After a refusal the next way is tried only if it is no weaker than the one that was refused, and if the server
    /// had not seen the secret yet.
    Auto,
    /// This mechanism, whether or not it is announced and whatever protects the connection.
    Mechanism(MechanismKind),
    /// USER and PASS: the password goes to the server as it is, so the connection should be protected.
    UserPass,
    /// APOP or nothing: the password is never sent. MD5 is weak: whoever overhears it can try passwords at leisure.
    ApopOnly,
    /// APOP, and if it is refused or not offered, USER and PASS. Whoever is on the way can make it fall back, and the
    /// password is then sent as it is: never what a client does by itself. Without the feature `apop` neither the name nor the password is
    /// sent: that is no server's lack.
    ApopThenUserPass,
}

impl fmt::Display for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Auto => "the strongest way",
            Self::Mechanism(kind) => kind.name(),
            Self::UserPass => "USER/PASS",
            Self::ApopOnly => "APOP",
            Self::ApopThenUserPass => "APOP, else USER/PASS",
        })
    }
}

/// Whether a mechanism's first response goes along with AUTH (RFC 5034 section 4), which saves a round trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InitialResponse {
    /// If the server announces the mechanism, the command is no longer than [`MAX_COMMAND`](crate::MAX_COMMAND) octets, and it
    /// is no token (there are servers that end the session over a token in the command). If the server refuses, without a
    /// response code that says why, the mechanism is tried once more in two steps.
    Auto,
    /// Never.
    Never,
    /// Whenever the mechanism speaks first.
    Always,
}

/// What the log-in machine is to do.
#[derive(Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct LoginPolicy<'c> {
    /// How to log in.
    pub authentication: Authentication,
    /// Ask for the capabilities before and after: they may differ. A refusal is no failure. There are servers that
    /// close the connection when they are asked.
    pub ask_capabilities: bool,
    /// What the server has announced in this session since TLS began, if it has been asked already: then it is not asked
    /// again before the log-in.
    pub offered: Option<Offer>,
    /// [`Opening::offers_apop`](super::Opening::offers_apop).
    pub apop_offered: bool,
    /// The connection is inside TLS: see [`Client::is_tls`](crate::Client::is_tls).
    pub tls: bool,
    /// The caller has named clear text: [`Authentication::Auto`] may send a password over a connection without TLS.
    pub clear_text: bool,
    /// When a first response goes along with AUTH.
    pub initial_response: InitialResponse,
    /// Random octets, new for each log-in: SCRAM needs them.
    pub nonce: Option<Nonce>,
    /// What binds a log-in to the TLS connection: the `-PLUS` mechanisms need it.
    pub channel_binding: Option<ChannelBinding<'c>>,
    /// The fewest rounds of hashing that SCRAM accepts.
    pub min_iterations: u32,
    /// The most rounds of hashing that a server can make SCRAM do.
    pub max_iterations: u32,
}

impl<'c> LoginPolicy<'c> {
    /// A log-in like this, with the capabilities asked for, over a connection of which nothing is known.
    #[must_use]
    pub const fn new(authentication: Authentication) -> Self {
        Self {
            authentication,
            ask_capabilities: true,
            offered: None,
            apop_offered: false,
            tls: false,
            clear_text: false,
            initial_response: InitialResponse::Auto,
            nonce: None,
            channel_binding: None,
            min_iterations: MIN_ITERATIONS,
            max_iterations: MAX_ITERATIONS,
        }
    }

    /// Sets [`ask_capabilities`](Self::ask_capabilities).
    #[must_use]
    pub const fn ask_capabilities(mut self, ask: bool) -> Self {
        self.ask_capabilities = ask;
        self
    }

    /// Sets [`offered`](Self::offered).
    #[must_use]
    pub const fn offered(mut self, offered: Option<Offer>) -> Self {
        self.offered = offered;
        self
    }

    /// Sets [`apop_offered`](Self::apop_offered).
    #[must_use]
    pub const fn apop_offered(mut self, offered: bool) -> Self {
        self.apop_offered = offered;
        self
    }

    /// Sets [`tls`](Self::tls).
    #[must_use]
    pub const fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Sets [`clear_text`](Self::clear_text).
    #[must_use]
    pub const fn clear_text(mut self, named: bool) -> Self {
        self.clear_text = named;
        self
    }

    /// Sets [`initial_response`](Self::initial_response).
    #[must_use]
    pub const fn initial_response(mut self, when: InitialResponse) -> Self {
        self.initial_response = when;
        self
    }

    /// Sets [`nonce`](Self::nonce).
    #[must_use]
    pub const fn nonce(mut self, nonce: Nonce) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// Sets [`channel_binding`](Self::channel_binding).
    #[must_use]
    pub const fn channel_binding(mut self, binding: Option<ChannelBinding<'c>>) -> Self {
        self.channel_binding = binding;
        self
    }

    /// Sets [`min_iterations`](Self::min_iterations) and [`max_iterations`](Self::max_iterations).
    #[must_use]
    pub const fn iterations(mut self, min: u32, max: u32) -> Self {
        self.min_iterations = min;
        self.max_iterations = max;
        self
    }
}

/// By hand: what `derive` makes of so many fields counts them while it runs, and panics if it is wrong.
impl fmt::Debug for LoginPolicy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginPolicy")
            .field("authentication", &self.authentication)
            .field("ask_capabilities", &self.ask_capabilities)
            .field("offered", &self.offered)
            .field("apop_offered", &self.apop_offered)
            .field("tls", &self.tls)
            .field("clear_text", &self.clear_text)
            .field("initial_response", &self.initial_response)
            .field("nonce", &self.nonce)
            .field("channel_binding", &self.channel_binding)
            .field("min_iterations", &self.min_iterations)
            .field("max_iterations", &self.max_iterations)
            .finish()
    }
}
