//! Any mechanism of this crate, chosen while the program runs.

use core::fmt;

use super::{
    Anonymous, Binding, Challenge, External, Login, MAX_ITERATIONS, MIN_ITERATIONS, Mechanism,
    MechanismError, MechanismKind, Nonce, Oauthbearer, Plain, ResponseWriter, Xoauth2,
};
use crate::features::SASL;
use crate::secret::Secret;
use crate::text::Text;

/// What a log-in knows. Each mechanism takes from it what it needs.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Parameters<'c> {
    /// Who logs in. ANONYMOUS leaves it as its trace; EXTERNAL does not look at it.
    pub user: &'c [u8],
    /// The password; for XOAUTH2 and OAUTHBEARER the access token.
    pub secret: Secret<'c>,
    /// As whom to act, if not as the user. PLAIN, EXTERNAL, SCRAM and OAUTHBEARER can say it; the others refuse it. Empty: as the
    /// user.
    pub authorization_id: &'c [u8],
    /// For SCRAM, a new one for each exchange.
    pub nonce: Option<Nonce>,
    /// For SCRAM, what there is of channel binding. The kinds that end in `-PLUS` need [`Binding::Bound`]; for the others that
    /// is [`Binding::Unsupported`], since it does not say what the server announced.
    pub binding: Binding<'c>,
    /// For SCRAM, the fewest rounds of hashing.
    pub min_iterations: u32,
    /// For SCRAM, the most rounds of hashing.
    pub max_iterations: u32,
    /// For SCRAM: user, secret and authorization identity have been prepared with SASLprep (RFC 4013).
    pub prepared: bool,
    /// For OAUTHBEARER: the host that the client meant to reach, if the server is to know.
    pub host: Option<&'c [u8]>,
    /// For OAUTHBEARER: the port that the client meant to reach, if the server is to know.
    pub port: Option<u16>,
}

impl<'c> Parameters<'c> {
    /// A user and a secret, and nothing else.
    pub const fn new(user: &'c [u8], secret: Secret<'c>) -> Self {
        Self {
            user,
            secret,
            authorization_id: b"",
            nonce: None,
            binding: Binding::Unsupported,
            min_iterations: MIN_ITERATIONS,
            max_iterations: MAX_ITERATIONS,
            prepared: false,
            host: None,
            port: None,
        }
    }

    /// Sets [`authorization_id`](Self::authorization_id).
    #[must_use]
    pub const fn authorization_id(mut self, id: &'c [u8]) -> Self {
        self.authorization_id = id;
        self
    }

    /// Sets [`nonce`](Self::nonce).
    #[must_use]
    pub const fn nonce(mut self, nonce: Nonce) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// Sets [`binding`](Self::binding).
    #[must_use]
    pub const fn binding(mut self, binding: Binding<'c>) -> Self {
        self.binding = binding;
        self
    }

    /// Sets [`min_iterations`](Self::min_iterations) and [`max_iterations`](Self::max_iterations).
    #[must_use]
    pub const fn iterations(mut self, least: u32, most: u32) -> Self {
        self.min_iterations = least;
        self.max_iterations = most;
        self
    }

    /// Sets [`prepared`](Self::prepared).
    #[must_use]
    pub const fn prepared(mut self) -> Self {
        self.prepared = true;
        self
    }

    /// Sets [`host`](Self::host) and [`port`](Self::port).
    #[must_use]
    pub const fn server(mut self, host: &'c [u8], port: u16) -> Self {
        self.host = Some(host);
        self.port = Some(port);
        self
    }

    /// For mechanisms that cannot say as whom to act: to act as another than was asked for would be wrong.
    fn as_the_user<T>(&self, mechanism: T) -> Result<T, MechanismError> {
        if self.authorization_id.is_empty() {
            Ok(mechanism)
        } else {
            Err(MechanismError::InvalidArgument)
        }
    }

    fn oauthbearer(&self) -> Oauthbearer<'c> {
        let name = match self.authorization_id {
            b"" => self.user,
            id => id,
        };
        let mut mechanism = Oauthbearer::new(name, self.secret);
        if let Some(host) = self.host {
            mechanism = mechanism.host(host);
        }
        if let Some(port) = self.port {
            mechanism = mechanism.port(port);
        }
        mechanism
    }
}

/// By hand: what `derive` makes of so many fields counts them while it runs, and panics if it is wrong.
impl fmt::Debug for Parameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameters")
            .field("user", &Text::new(self.user))
            .field("secret", &self.secret)
            .field("authorization_id", &Text::new(self.authorization_id))
            .field("nonce", &self.nonce)
            .field("binding", &self.binding)
            .field("min_iterations", &self.min_iterations)
            .field("max_iterations", &self.max_iterations)
            .field("prepared", &self.prepared)
            .field("host", &self.host.map(Text::new))
            .field("port", &self.port)
            .finish()
    }
}

/// An exchange by one of the mechanisms of this crate.
///
/// ```
/// use pop3_proto::sasl::{Exchange, Mechanism, MechanismError, MechanismKind, Parameters};
///
/// let parameters = Parameters::new(b"tim", "tanstaaftanstaaf".into());
/// let exchange = Exchange::new(MechanismKind::Plain, &parameters)?;
/// assert_eq!(exchange.name(), "PLAIN");
///
/// // SCRAM needs a nonce. Without its feature there is no SCRAM.
/// let error = Exchange::new(MechanismKind::ScramSha256, &parameters).unwrap_err();
/// assert!(matches!(error, MechanismError::Missing | MechanismError::NotAvailable));
/// # Ok::<(), MechanismError>(())
/// ```
#[derive(Debug)]
pub struct Exchange<'c>(Inner<'c>);

/// The mechanisms, with what they have in common.
macro_rules! inner {
    ($($(#[$feature:meta])? $variant:ident($mechanism:ty),)*) => {
        #[derive(Debug)]
        #[allow(clippy::large_enum_variant, reason = "there is no heap to put the large ones into")]
        enum Inner<'c> {
            $($(#[$feature])? $variant($mechanism),)*
        }

        impl<'c> Exchange<'c> {
            fn mechanism(&self) -> &(dyn Mechanism + 'c) {
                match &self.0 {
                    $($(#[$feature])? Inner::$variant(mechanism) => mechanism,)*
                }
            }

            fn mechanism_mut(&mut self) -> &mut (dyn Mechanism + 'c) {
                match &mut self.0 {
                    $($(#[$feature])? Inner::$variant(mechanism) => mechanism,)*
                }
            }
        }
    };
}

inner! {
    Plain(Plain<'c>),
    Login(Login<'c>),
    External(External<'c>),
    Anonymous(Anonymous<'c>),
    Xoauth2(Xoauth2<'c>),
    Oauthbearer(Oauthbearer<'c>),
    #[cfg(feature = "cram-md5")]
    CramMd5(super::CramMd5<'c>),
    #[cfg(feature = "scram-sha-1")]
    ScramSha1(super::ScramSha1<'c>),
    #[cfg(feature = "scram-sha-256")]
    ScramSha256(super::ScramSha256<'c>),
    #[cfg(feature = "scram-sha-512")]
    ScramSha512(super::ScramSha512<'c>),
}

impl<'c> Exchange<'c> {
    /// An exchange by this mechanism.
    ///
    /// # Errors
    ///
    /// [`MechanismError::NotAvailable`]: see [`MechanismKind::is_available`]. [`MechanismError::Missing`]: a nonce or a channel
    /// binding. [`MechanismError::InvalidArgument`]: an authorization identity that the mechanism cannot carry. What else may
    /// be wrong with the parameters, [`check`](Mechanism::check) says.
    pub fn new(kind: MechanismKind, parameters: &Parameters<'c>) -> Result<Self, MechanismError> {
        if !SASL {
            return Err(MechanismError::NotAvailable);
        }
        let &Parameters {
            user,
            secret,
            authorization_id: id,
            ..
        } = parameters;
        Ok(Self(match kind {
            MechanismKind::Plain => Inner::Plain(Plain::new(user, secret).authorization_id(id)),
            MechanismKind::Login => Inner::Login(parameters.as_the_user(Login::new(user, secret))?),
            MechanismKind::External => Inner::External(External::new().authorization_id(id)),
            MechanismKind::Anonymous => {
                Inner::Anonymous(parameters.as_the_user(Anonymous::new(user))?)
            }
            MechanismKind::Xoauth2 => {
                Inner::Xoauth2(parameters.as_the_user(Xoauth2::new(user, secret))?)
            }
            MechanismKind::Oauthbearer => Inner::Oauthbearer(parameters.oauthbearer()),
            #[cfg(feature = "cram-md5")]
            MechanismKind::CramMd5 => {
                Inner::CramMd5(parameters.as_the_user(super::CramMd5::new(user, secret))?)
            }
            #[cfg(feature = "scram-sha-1")]
            MechanismKind::ScramSha1 | MechanismKind::ScramSha1Plus => {
                Inner::ScramSha1(super::ScramSha1::of(kind, parameters)?)
            }
            #[cfg(feature = "scram-sha-256")]
            MechanismKind::ScramSha256 | MechanismKind::ScramSha256Plus => {
                Inner::ScramSha256(super::ScramSha256::of(kind, parameters)?)
            }
            #[cfg(feature = "scram-sha-512")]
            MechanismKind::ScramSha512 | MechanismKind::ScramSha512Plus => {
                Inner::ScramSha512(super::ScramSha512::of(kind, parameters)?)
            }
            #[cfg(not(all(
                feature = "cram-md5",
                feature = "scram-sha-1",
                feature = "scram-sha-256",
                feature = "scram-sha-512"
            )))]
            _ => return Err(MechanismError::NotAvailable),
        }))
    }
}

impl Mechanism for Exchange<'_> {
    fn name(&self) -> &str {
        self.mechanism().name()
    }

    fn speaks_first(&self) -> bool {
        self.mechanism().speaks_first()
    }

    fn check(&self) -> Result<(), MechanismError> {
        self.mechanism().check()
    }

    fn take_challenge(&mut self, challenge: Challenge<'_>) -> Result<(), MechanismError> {
        self.mechanism_mut().take_challenge(challenge)
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        self.mechanism().write_response(response);
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        self.mechanism().check_success()
    }
}
